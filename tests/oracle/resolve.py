"""resolve.py - the decode plan judged on random pairs of schemas and values: fastavro resolves, and
Avro-C reads the same bytes.

    tests/e2e/venv tests/oracle/resolve.py --pairs 100000            a long run
    tests/e2e/venv tests/oracle/resolve.py --seed 7 --pairs 1        one pair, which a failure names

The schemas are in pairs.py. For every value the plan and fastavro must both refuse, or both read and agree on every field of
the interaction; what fastavro read is turned into fields here, from the documentation: units of times, seconds to
milliseconds, symbols to positions. A schema that the plan refuses when it is compiled must be one that fastavro refuses for
a value in which every list has items. Where they differ by intent, tests/README.md says so.
"""

import argparse
import io
import json
import math
import os
import pathlib
import random
import struct
import subprocess
import sys
import time

import fastavro
import fastavro.types

import pairs

VALUES = 3  # of each pair; the first is full
BATCH = 500
INT64 = 2**63
SOURCE = pathlib.Path(__file__).resolve().parents[2]


def part(data):
    return struct.pack("<I", len(data)) + data


# ---- fastavro's answer ----

def plain(schema):
    """Without logical types: what they mean is for us to say."""
    if isinstance(schema, list):
        return [plain(branch) for branch in schema]
    if isinstance(schema, dict):
        if "logicalType" in schema:
            return schema["type"]
        return {key: plain(value) if key in ("type", "items", "values", "fields") else value
                for key, value in schema.items()}
    return schema


def branches(schema):
    return schema if isinstance(schema, list) else [schema]


def field_named(record, name):
    return next((field for field in record["fields"] if field["name"] == name), None)


def writers_field(writer, field):
    """As the specification finds it: by name, else by the reader's aliases."""
    return field_named(writer, field["name"]) or next(
        filter(None, (field_named(writer, alias) for alias in field.get("aliases", ()))), None)


def unit_of(writer, field):
    """The writer's unit, else the reader's, else micros."""
    theirs = writers_field(writer, field)
    for schema in (theirs and theirs["type"], field["type"]):
        for branch in branches(schema or []):
            if isinstance(branch, dict) and "logicalType" in branch:
                return branch["logicalType"]
    return "timestamp-micros"


class Refused(Exception):
    pass


def whole(value):
    if not -INT64 < value < INT64:  # the least there is says "absent"
        raise Refused("it does not fit")
    return value


def milliseconds(value):
    if isinstance(value, int):
        return whole(value * 1000)
    exact = value * 1000.0
    if not abs(exact) < 9.2e18:
        raise Refused("it is not finite, or does not fit")
    return int(math.floor(abs(exact) + 0.5)) * (1 if exact >= 0 else -1)


def as_field(name, value, writer, field):
    """What the interaction holds for a value of Avro's."""
    if name in pairs.TEXTS:
        return value.decode() if isinstance(value, bytes) else value
    if name in pairs.FLAGS:
        return int(value)
    if name in pairs.SECONDS:
        return milliseconds(value)
    if name in pairs.TIMES:
        return whole(value * 1000 if "millis" in unit_of(writer, field) else value)
    if name in pairs.SYMBOLS:
        enum = next(branch for branch in branches(field["type"]) if pairs.kind_of(branch) == "enum")
        return enum["symbols"].index(value)
    return whole(value)


def fields_of(record, writer, reader):
    fields = {}
    for field in reader["fields"]:
        name, value = field["name"], record[field["name"]]
        if name == "survey" and value is not None:
            for rating, answer in value.items():
                if answer is not None:
                    fields[f"survey.{rating}"] = whole(answer)
        elif value is not None and not name.startswith("own"):
            fields[name] = as_field(name, value, writer, field)
    return fields


class Pair:
    def __init__(self, seed):
        seeded = random.Random(seed)
        maker = pairs.Maker(seeded)
        self.seed = seed
        self.reader = maker.reader()
        self.writer = maker.writer(self.reader)
        self.bodies = [pairs.encode(seeded, self.writer, i == 0) for i in range(VALUES)]

    def parts(self):
        return (part(json.dumps(self.writer).encode()) + part(json.dumps(self.reader).encode()) +
                part(bytes([VALUES])) + b"".join(map(part, self.bodies)))

    def parse(self):
        return (fastavro.parse_schema(plain(self.writer), named_schemas={}),
                fastavro.parse_schema(plain(self.reader), named_schemas={}))

    def judged(self, body, parsed):
        """What fastavro reads, as fields; or Refused."""
        stream = io.BytesIO(body)
        try:
            record = fastavro.schemaless_reader(stream, *parsed)
        except Exception as error:  # whatever it raises, it refuses
            raise Refused(f"{type(error).__name__}: {error}") from error
        if stream.read(1):
            raise Refused("trailing bytes")
        return fields_of(record, self.writer, self.reader)


def near(got, expected):
    """A long is exact here, and a double there."""
    return got == expected or (isinstance(got, int) and isinstance(expected, int) and
                               abs(got - expected) <= 1 + abs(expected) * 2.0**-50)


def agree(got, expected):
    return got.keys() == expected.keys() and all(
        near(got[name], expected[name]) if name in pairs.SECONDS else got[name] == expected[name] for name in got)


# ---- Avro-C's answer ----

def bare(value, schema):
    """Of Avro's JSON, what the name of a union's branch stands before; bytes as they are."""
    if isinstance(schema, list):
        if value is None:
            return None
        (name, inner), = value.items()
        return bare(inner, next(branch for branch in schema
                                if name in (pairs.kind_of(branch), isinstance(branch, dict) and branch.get("name"))))
    return value.encode("latin-1") if pairs.kind_of(schema) == "bytes" else value


def fields_of_avro_c(value, writer, reader):
    """What it read of the writer's record, as the fields that are in it."""
    fields = {}
    for field in reader["fields"]:
        name, theirs = field["name"], writers_field(writer, field)
        found = theirs and bare(value[theirs["name"]], theirs["type"])
        if found is None or name.startswith("own"):
            continue
        if name == "survey":
            kind = {pairs.kind_of(branch): branch for branch in branches(theirs["type"])}["record"]
            ours = {pairs.kind_of(branch): branch for branch in branches(field["type"])}["record"]
            fields |= {f"survey.{rating}": answer
                       for rating, answer in fields_of_avro_c(found, kind, ours).items()}
        elif name in pairs.SYMBOLS:
            enum = next(branch for branch in branches(field["type"]) if pairs.kind_of(branch) == "enum")
            fields[name] = enum["symbols"].index(found if found in enum["symbols"] else enum["default"])
        else:
            fields[name] = as_field(name, found, writer, field)
    return fields


# ---- the comparison ----

def is_empty_list(got):
    """Refused when a branch came that holds a list whose items cannot be read; fastavro looks at items only."""
    return isinstance(got, list) and got[:2] == ["run", "incompatible_schema"] and (
        " a array in a union: " in got[2] or " a map in a union: " in got[2])


class Tally:
    def __init__(self):
        self.count = dict.fromkeys(("pairs", "values", "read alike", "refused alike", "refused when compiled", "refused for an empty list",
                                    "read by Avro-C too"), 0)
        self.failures = []

    def fail(self, pair, number, what, got, expected):
        self.failures.append(f"seed {pair.seed}, value {number}: {what}\n  the plan: {json.dumps(got)}\n"
                             f"  expected: {expected}\n  writer: {json.dumps(pair.writer)}\n"
                             f"  reader: {json.dumps(pair.reader)}\n  bytes: {pair.bodies[number].hex()}")

    def judge(self, pair, lines):
        parsed = pair.parse()
        self.count["pairs"] += 1
        for number, body in enumerate(pair.bodies):
            got, avro_c = (json.loads(side) for side in lines[number].split("\t"))
            compiled = isinstance(got, dict) or got[0] != "compile"
            if not compiled and number > 0:
                continue
            self.count["values"] += 1
            self.count["refused when compiled"] += not compiled
            try:
                expected = pair.judged(body, parsed)
            except Refused as why:
                self.count["refused alike"] += not isinstance(got, dict)
                if isinstance(got, dict):
                    self.fail(pair, number, "fastavro refuses", got, why)
                continue
            if number > 0 and is_empty_list(got):
                self.count["refused for an empty list"] += 1
                continue
            if not isinstance(got, dict) or not agree(got, expected):
                self.fail(pair, number, "they differ", got, expected)
                continue
            self.count["read alike"] += 1
            self.judge_avro_c(pair, number, got, avro_c)

    def judge_avro_c(self, pair, number, got, avro_c):
        if avro_c is None:
            return
        self.count["read by Avro-C too"] += 1
        expected = fields_of_avro_c(avro_c, pair.writer, pair.reader)
        if not agree({name: got.get(name) for name in expected}, expected):
            self.fail(pair, number, "Avro-C differs", got, expected)


def run_batch(options, seeds, tally):
    made = [Pair(seed) for seed in seeds]
    words = [options.filter] + (["--plan-alone"] if options.plan_alone else [])
    done = subprocess.run(words, input=b"".join(pair.parts() for pair in made), stdout=subprocess.PIPE, check=True)
    lines = done.stdout.decode().split("\n")
    for i, pair in enumerate(made):
        tally.judge(pair, lines[i * VALUES:(i + 1) * VALUES])


def main():
    default = os.environ.get("SLIPSTREAM_ORACLE", SOURCE / "build/release/tests/oracle_resolve")
    parser = argparse.ArgumentParser(description="compares the decode plan with fastavro and Avro-C on random pairs")
    parser.add_argument("--filter", default=str(default), help="the built filter (tests/oracle/resolve.c)")
    parser.add_argument("--pairs", type=int, default=6000, help="of schemas; each with three values")
    parser.add_argument("--seed", type=int, default=1, help="of the first pair; the next ones count on")
    parser.add_argument("--plan-alone", action="store_true", help="without Avro-C")
    options = parser.parse_args()
    tally = Tally()
    began = shown = time.monotonic()
    for first in range(0, options.pairs, BATCH):
        seeds = range(options.seed + first, options.seed + min(first + BATCH, options.pairs))
        run_batch(options, seeds, tally)
        if sys.stderr.isatty() and time.monotonic() - shown > 2:
            shown = time.monotonic()
            print(f"\r{tally.count['pairs']} of {options.pairs} pairs", end="", file=sys.stderr, flush=True)
        if len(tally.failures) > 20:
            break
    for failure in tally.failures[:10]:
        print(failure)
    print(", ".join(f"{count} {what}" for what, count in tally.count.items()) +
          f"; {len(tally.failures)} differ; {time.monotonic() - began:.1f} s")
    read = tally.count["read alike"]
    enough = options.pairs < 1000 or (read > options.pairs and tally.count["refused alike"] > options.pairs / 20 and
                                      tally.count["refused for an empty list"] <= options.pairs / 1000)
    if not enough:
        print("too few values were read, or refused, for this to show anything")
    return 0 if enough and not tally.failures else 1


if __name__ == "__main__":
    sys.exit(main())
