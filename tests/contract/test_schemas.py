"""test_schemas.py - what was released of the schemas still holds: fails when one changes so that a team that has an older
version would no longer understand, or be understood. schemas/README.md says how a schema is changed.

First the judges are judged, on changes of which we know what they do. The program itself is not asked anything.
"""

import copy
import json
import os
import re
import sys
from pathlib import Path

import fastavro

import compatibility
import samples

SOURCE = Path(os.environ.get("SLIPSTREAM_SOURCE") or Path(__file__).resolve().parents[2])
SCHEMAS = SOURCE / "schemas"
RELEASED = SCHEMAS / "released"
KEYS = ("aggregate_key",)
PRIVATE = ("dead_letter", "dead_letters_replayed", "signal_batch")
SEED = 20261126

failures = []


def check(what, problems):
    print(f"  {'FAILED' if problems else 'ok'}: {what}")
    for problem in problems:
        print(f"      {problem}")
    if problems:
        failures.append(what)


def load(path):
    return json.loads(path.read_text())


# ---- the rules ----

def canonical(schema):
    return fastavro.schema.to_parsing_canonical_form(samples.plain(schema))


def key_problems(new, old):
    """Compaction and partitions go by a key's bytes, which every difference changes."""
    return [] if canonical(new) == canonical(old) else ["a key may not change: its records would be others"]


def private_problems(new, old):
    """Their messages name no schema, only a format: what is stored under a format stays readable as it is."""
    if canonical(new) == canonical(old) or new["format"] > old["format"]:
        return []
    return [f"its messages are of format {old['format']} still: another layout is another format"]


def public_problems(new, old):
    problems = compatibility.may_follow(compatibility.Schema(new), compatibility.Schema(old))
    problems += [f"new readers, old data: {problem}" for problem in samples.fastavro_reads(new, old, SEED)]
    problems += [f"old readers, new data: {problem}" for problem in samples.fastavro_reads(old, new, SEED)]
    return problems


def problems_of(name, new, old):
    if name in KEYS:
        return key_problems(new, old)
    return private_problems(new, old) if name in PRIVATE else public_problems(new, old)


# ---- the judges judged ----

BASE = {"type": "record", "name": "base", "fields": [
    {"name": "id", "type": "string"},
    {"name": "count", "type": "int"},
    {"name": "note", "type": ["null", "string"], "default": None},
    {"name": "kind", "type": {"type": "enum", "name": "kind", "symbols": ["a", "b"]}},
    {"name": "parts", "type": {"type": "array", "items": {"type": "record", "name": "part", "fields": [
        {"name": "value", "type": "double"}]}}},
    {"name": "by_name", "type": {"type": "map", "values": "part"}},
    {"name": "hash", "type": {"type": "fixed", "name": "hash", "size": 8}}]}


def _field(schema, name):
    return next(field for field in schema["fields"] if field["name"] == name)


def _without(name):
    def change(schema):
        schema["fields"] = [field for field in schema["fields"] if field["name"] != name]
    return change


def _renamed(schema):
    _field(schema, "note").update(name="remark", aliases=["note"])


# Name; the change; by the specification, which of new and old reads the other's data; whether it may be released; and by
# fastavro, where the bytes say more than the rules.
CHANGES = [
    ("nothing", lambda schema: None, "both", True),
    ("documentation", lambda schema: _field(schema, "id").update(doc="Who it is."), "both", True),
    ("a new field with a default", lambda schema: schema["fields"].insert(
        1, {"name": "new", "type": ["null", "long"], "default": None}), "both", True),
    ("a new field without a default", lambda schema: schema["fields"].append({"name": "new", "type": "long"}),
     "old", False),
    ("fields in another order", lambda schema: schema["fields"].insert(0, schema["fields"].pop(2)), "both", True),
    ("an optional field removed", _without("note"), "both", False),
    ("a required field removed", _without("id"), "new", False),
    ("an optional field renamed, with an alias", _renamed, "both", False),
    ("a type widened", lambda schema: _field(schema, "count").update(type="long"), "new", False),
    ("a type narrowed", lambda schema: _field(schema, "parts")["type"]["items"]["fields"][0].update(type="float"),
     "old", False),
    ("another type", lambda schema: _field(schema, "id").update(type="int"), "neither", False),
    ("text made bytes, which need not be text", lambda schema: _field(schema, "id").update(type="bytes"),
     "both", False, "new"),
    ("an optional field made required", lambda schema: _field(schema, "note").update(type="string", default=""),
     "old", False),
    ("a required field made optional", lambda schema: _field(schema, "count").update(type=["null", "int"]),
     "new", False),
    ("a branch added to a union", lambda schema: _field(schema, "note").update(type=["null", "string", "long"]),
     "new", False),
    ("a symbol added", lambda schema: _field(schema, "kind")["type"]["symbols"].append("c"), "new", False),
    ("a symbol removed", lambda schema: _field(schema, "kind")["type"]["symbols"].pop(), "old", False),
    ("a symbol taken for another, by default", lambda schema: _field(schema, "kind")["type"].update(
        symbols=["a"], default="a"), "both", False, "old"),
    ("a field without default inside an array", lambda schema: _field(schema, "parts")["type"]["items"]["fields"].append(
        {"name": "unit", "type": "string"}), "old", False),
    ("another size of bytes", lambda schema: _field(schema, "hash")["type"].update(size=16), "neither", False),
]


def _who(new_reads, old_reads):
    return {(True, True): "both", (True, False): "new", (False, True): "old", (False, False): "neither"}[
        bool(new_reads), bool(old_reads)]


def judge_the_judges():
    """Our rules and fastavro must both say what is known of a change, in both directions."""
    for name, change, reads, allowed, *in_bytes in CHANGES:
        new = copy.deepcopy(BASE)
        change(new)
        mine, old = compatibility.Schema(new), compatibility.Schema(BASE)
        got = {"by the rules reads": _who(not compatibility.can_read(mine, old), not compatibility.can_read(old, mine)),
               "by fastavro reads": _who(not samples.fastavro_reads(new, BASE, SEED),
                                         not samples.fastavro_reads(BASE, new, SEED)),
               "may be released": not public_problems(new, BASE)}
        expected = dict(zip(got, (reads, in_bytes[0] if in_bytes else reads, allowed)))
        check(f"judges: {name}", [f"{what}: {got[what]}" for what in got if got[what] != expected[what]])
    key = {"type": "record", "name": "key", "fields": [{"name": "agency", "type": "string"}]}
    wider = copy.deepcopy(key)
    wider["fields"].append({"name": "region", "type": "string", "default": ""})
    check("judges: a key with one field more", [] if key_problems(wider, key) else ["lets it pass"])
    check("judges: a private layout without a format of its own",
          [] if private_problems(wider | {"format": 1}, key | {"format": 1}) else ["lets it pass"])
    check("judges: and with one", private_problems(wider | {"format": 2}, key | {"format": 1}))


# ---- the gate ----

def releases():
    """Oldest first."""
    folders = [folder for folder in RELEASED.iterdir() if folder.is_dir()]
    return sorted(folders, key=lambda folder: [int(part) for part in folder.name.split(".")])


def version():
    return re.search(r"project\(slipstream VERSION ([0-9.]+)", (SOURCE / "CMakeLists.txt").read_text())[1]


def gate():
    current = {path.stem: load(path) for path in sorted(SCHEMAS.glob("*.avsc"))}
    known = releases()
    check("there is a release to hold to", [] if known else [f"nothing is in {RELEASED}"])
    check("releases are of versions up to ours", [folder.name for folder in known if
          [int(part) for part in folder.name.split(".")] > [int(part) for part in version().split(".")]])
    for folder in known:
        for path in sorted(folder.glob("*.avsc")):
            name = path.stem
            what = f"{name} and that of {folder.name}"
            check(what, problems_of(name, current[name], load(path)) if name in current else
                  [f"schemas/{name}.avsc is gone, or has another name"])
    for name, schema in current.items():
        fields = compatibility.fields_of(compatibility.Schema(schema))
        check(f"{name}: every field says what it means", [path for path, field in fields.items() if not field.doc])
        check(f"{name}: its file has its name", [] if schema["name"] == name else [schema["name"]])
        if name in PRIVATE:
            check(f"{name}: states its format", [] if isinstance(schema.get("format"), int) else ["no \"format\""])


if __name__ == "__main__":
    judge_the_judges()
    gate()
    print(f"schemas: {f'{len(failures)} FAILED' if failures else 'passed'}")
    sys.exit(1 if failures else 0)
