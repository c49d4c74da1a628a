"""samples.py - seeded records of a schema that take every branch and symbol in turn, and what fastavro makes of them
when another schema reads them."""

import io
import random

import fastavro

RECORDS = 40
DEPTH_MAX = 6  # of a schema that contains itself


class Sampler:
    """Random records, as fastavro takes them, of a schema as it stands in its file."""

    def __init__(self, schema, seed):
        self.random = random.Random(seed)
        self.schema = schema
        self.named = {}
        self.turns = {}
        self._collect(schema)

    def _collect(self, schema):
        """Named types, which may be referred to beside where they stand."""
        for part in schema if isinstance(schema, list) else schema.values() if isinstance(schema, dict) else ():
            self._collect(part)
        if isinstance(schema, dict) and schema.get("type") in ("record", "enum", "fixed"):
            self.named[schema["name"]] = schema

    def record(self):
        return self._value(self.schema, "", 0)

    def _turn(self, place, count):
        """Every choice in its turn, so that a few records show all of them."""
        turn = self.turns.get(place, 0)
        self.turns[place] = turn + 1
        return turn % count

    def _value(self, schema, path, depth):
        if isinstance(schema, list):
            branches = [branch for branch in schema if depth < DEPTH_MAX or branch == "null"] or schema
            return self._value(branches[self._turn(path, len(branches))], path, depth)
        kind = schema["type"] if isinstance(schema, dict) else schema
        if kind in self.named:
            schema = self.named[kind]
            kind = schema["type"]
        if isinstance(kind, (dict, list)):
            return self._value(kind, path, depth)
        return getattr(self, f"_{kind}")(schema, path, depth)

    def _record(self, schema, path, depth):
        return {field["name"]: self._value(field["type"], f"{path}.{field['name']}", depth + 1)
                for field in schema["fields"]}

    def _enum(self, schema, path, _depth):
        return schema["symbols"][self._turn(path, len(schema["symbols"]))]

    def _fixed(self, schema, _path, _depth):
        return self.random.randbytes(schema["size"])

    def _array(self, schema, path, depth):
        count = 0 if depth >= DEPTH_MAX else self._turn(f"{path}#", 3)
        return [self._value(schema["items"], f"{path}[]", depth + 1) for _ in range(count)]

    def _map(self, schema, path, depth):
        count = 0 if depth >= DEPTH_MAX else self._turn(f"{path}#", 3)
        return {f"key {i}": self._value(schema["values"], f"{path}[]", depth + 1) for i in range(count)}

    def _null(self, *_):
        return None

    def _boolean(self, _schema, path, _depth):
        return self._turn(path, 2) == 1

    def _int(self, *_):
        return self.random.choice((0, -1, 2**31 - 1, -2**31, self.random.randrange(2**31)))

    def _long(self, *_):
        return self.random.choice((0, -1, 2**63 - 1, -2**63, self.random.randrange(2**63)))

    def _float(self, *_):
        return float(self.random.randrange(-10**6, 10**6)) / 4  # exact in four bytes

    def _double(self, *_):
        return self.random.uniform(-1e9, 1e9)

    def _bytes(self, *_):
        return self.random.randbytes(self.random.randrange(20))

    def _string(self, *_):
        return "".join(self.random.choice("abcÄ語🙂") for _ in range(self.random.randrange(20)))


def plain(schema):
    """Without logical types, so that times stay numbers."""
    if isinstance(schema, list):
        return [plain(part) for part in schema]
    if isinstance(schema, dict):
        return {key: plain(value) for key, value in schema.items() if key != "logicalType"}
    return schema


def parse(schema):
    return fastavro.parse_schema(plain(schema), named_schemas={})


def agrees(got, sent):
    """Whether what both sides have a name for came through unchanged."""
    if isinstance(got, dict) and isinstance(sent, dict):
        return all(agrees(got[key], sent[key]) for key in got.keys() & sent.keys())
    if isinstance(got, list) and isinstance(sent, list):
        return len(got) == len(sent) and all(map(agrees, got, sent))
    if {type(got), type(sent)} == {bytes, str}:
        return agrees(*(one if isinstance(one, bytes) else one.encode() for one in (got, sent)))
    return got == sent or (isinstance(got, float) and got == float(sent))


def fastavro_reads(reader, writer, seed):
    """Why fastavro cannot read data of `writer` with `reader`; nothing when it can. Both as they stand in their files."""
    sampler = Sampler(plain(writer), seed)
    mine, theirs = parse(reader), parse(writer)
    for _ in range(RECORDS):
        sent = sampler.record()
        out = io.BytesIO()
        fastavro.schemaless_writer(out, theirs, sent)
        read = io.BytesIO(out.getvalue())
        try:
            got = fastavro.schemaless_reader(read, theirs, mine)
        except Exception as error:  # of many kinds, KeyError and TypeError among them
            return [f"fastavro: {type(error).__name__}: {error}"]
        if read.read(1):
            return ["fastavro: bytes are left over"]
        if not agrees(got, sent):
            return ["fastavro: reads something else than was written"]
    return []
