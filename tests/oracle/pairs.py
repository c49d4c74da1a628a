"""pairs.py - random writers' and readers' schemas, and values of them as bytes.

A reader has fields of the interaction, which the plan binds by their paths, and some that nothing wants. A writer is made
from it as producers change schemas: another order, fields left out, renamed, added, narrower and other types, unions around
or away, symbols changed, other namespaces. Values are encoded here, from the specification, so that no library's encoder
has a say: also arrays in several blocks and blocks with their size.
"""

import copy
import struct

TEXTS = ("event_id", "interaction_id", "agency", "service")
FLAGS = ("retracts", "reopened", "repeat_contact", "survey_offered", "questions_answered", "resolved", "agent_informed",
         "escalated")
SECONDS = ("resolution_seconds", "wait_seconds", "hold_seconds", "wrap_up_seconds")
TIMES = ("occurred_at", "started_at")
NUMBERS = ("transfers",)
RATINGS = ("quality", "trust", "advocacy", "satisfaction")
SYMBOLS = {"kind": ["interaction", "survey", "reopening"], "outcome": ["served", "abandoned"]}
UNITS = ("timestamp-millis", "timestamp-micros", "local-timestamp-millis", "local-timestamp-micros")
PROMOTES = {"long": ["int"], "float": ["int", "long"], "double": ["int", "long", "float"], "string": ["bytes"],
            "bytes": ["string"]}
DEFAULTS = {"null": None, "boolean": True, "int": -3, "long": 5000000000, "float": 0.5, "double": 2.25, "string": "dflt",
            "bytes": "b\u00ff"}
PRIMITIVES = tuple(DEFAULTS)
NAMED = ("record", "enum", "fixed")


def kind_of(schema):
    if isinstance(schema, list):
        return "union"
    return kind_of(schema["type"]) if isinstance(schema, dict) and schema["type"] not in CONTAINERS else (
        schema["type"] if isinstance(schema, dict) else schema)


CONTAINERS = ("record", "enum", "fixed", "array", "map")


def renamed(schema, old, new):
    """A type of another name, also where it refers to itself."""
    if isinstance(schema, list):
        return [renamed(branch, old, new) for branch in schema]
    if isinstance(schema, dict):
        return {key: renamed(value, old, new) for key, value in schema.items()}
    return new if schema == old else schema


class Maker:
    """Random schemas; every name it gives is new."""

    def __init__(self, seeded):
        self.seeded = seeded
        self.names = 0
        self.writing = False  # a reader's records do not hold themselves: none of ours does

    def chance(self, share):
        return self.seeded.random() < share

    def name(self, begin):
        self.names += 1
        return f"{begin}{self.names}"

    # ---- any type ----

    def any_type(self, depth=0):
        pick = self.seeded.random()
        if depth > 3 or pick < 0.5:
            return self.seeded.choice(PRIMITIVES)
        if pick < 0.58:
            return {"type": "fixed", "name": self.name("f"), "size": self.seeded.randrange(0, 9)}
        if pick < 0.66:
            return {"type": "enum", "name": self.name("e"), "symbols": ["A", "B", "C"][:self.seeded.randrange(1, 4)]}
        if pick < 0.75:
            return {"type": "array", "items": self.any_type(depth + 1)}
        if pick < 0.82:
            return {"type": "map", "values": self.any_type(depth + 1)}
        if pick < 0.91:
            return self.any_union(depth)
        return self.any_record(depth)

    def any_union(self, depth):
        branches = []
        for _ in range(self.seeded.randrange(1, 4)):
            branch = self.any_type(depth + 1)
            if kind_of(branch) != "union" and (kind_of(branch) in NAMED or
                                               kind_of(branch) not in map(kind_of, branches)):
                branches.append(branch)
        return branches or ["null"]

    def any_record(self, depth):
        name = self.name("r")
        fields = [{"name": f"a{i}", "type": self.any_type(depth + 1)} for i in range(self.seeded.randrange(0, 4))]
        if self.writing and self.chance(0.3):
            fields.append({"name": "next", "type": ["null", name]})
        return {"type": "record", "name": name, "fields": fields}

    def default_of(self, schema):
        kind = kind_of(schema)
        if kind == "union":
            return self.default_of(schema[0])
        if kind == "enum":
            return schema["symbols"][0]
        if kind == "fixed":
            return "x" * schema["size"]
        if kind == "record":
            return {field["name"]: self.default_of(field["type"]) for field in schema["fields"]}
        return {"array": [], "map": {}}[kind] if kind in ("array", "map") else DEFAULTS[kind]

    # ---- a reader ----

    def field(self, name, schema, optional=0.5, default=0.5):
        """Nullable or not, with a default or not."""
        if self.chance(optional):
            schema = ["null", schema] if self.chance(0.7) else [schema, "null"]
        field = {"name": name, "type": schema}
        if self.chance(default):
            field["default"] = self.default_of(schema)
        if self.chance(0.2):
            field["aliases"] = [self.name("was")]
        return field

    def enum(self, name):
        enum = {"type": "enum", "name": self.name("e"), "symbols": self.seeded.sample(SYMBOLS[name], len(SYMBOLS[name]))}
        enum["symbols"] = SYMBOLS[name][:self.seeded.randrange(1, len(SYMBOLS[name]) + 1)]
        if self.chance(0.4):
            enum["default"] = self.seeded.choice(enum["symbols"])
        return enum

    def time(self):
        unit = self.seeded.choice(UNITS + (None,))
        return {"type": "long", "logicalType": unit} if unit else "long"

    def reader(self):
        some = lambda names: [name for name in names if self.chance(0.4)]
        fields = [self.field(name, "string") for name in some(TEXTS)]
        fields += [self.field(name, "boolean") for name in some(FLAGS)]
        fields += [self.field(name, self.seeded.choice(["double", "float", "long", "int"])) for name in some(SECONDS)]
        fields += [self.field(name, self.time()) for name in some(TIMES)]
        fields += [self.field(name, self.seeded.choice(["int", "long"])) for name in some(NUMBERS)]
        fields += [self.field(name, self.enum(name)) for name in some(SYMBOLS)]
        if self.chance(0.5):
            ratings = [self.field(name, "int", 0.7, 0.8) for name in some(RATINGS)]
            fields.append(self.field("survey", {"type": "record", "name": "answers", "fields": ratings}))
        fields += [self.field(self.name("own"), self.any_type(), 0) for _ in range(self.seeded.randrange(0, 3))]
        for field in fields:  # a union in a union is none
            if isinstance(field["type"], list) and any(isinstance(branch, list) for branch in field["type"]):
                field["type"] = next(branch for branch in field["type"] if isinstance(branch, list))
                field.pop("default", None)
        self.seeded.shuffle(fields)
        return {"type": "record", "name": "interaction", "namespace": "ours", "fields": fields}

    # ---- a writer ----

    def writer(self, reader):
        self.writing = True
        writer = copy.deepcopy(reader)
        writer["fields"] = self.changed_fields(writer["fields"])
        writer["namespace"] = self.seeded.choice(["ours", "com.example"])
        if self.chance(0.01):
            writer["name"] = self.name("other")
        return writer

    def changed_fields(self, fields):
        kept = []
        for field in fields:
            if self.chance(0.01 if "default" not in field else 0.25):
                continue
            aliases = field.pop("aliases", None)
            field.pop("default", None)
            if aliases and self.chance(0.6):
                field["name"] = self.seeded.choice(aliases)
            if field["name"] != "next":  # of a record that holds itself, which must have an end
                field["type"] = self.changed(field["type"])
            kept.append(field)
        for _ in range(self.seeded.randrange(0, 3)):
            kept.append({"name": self.name("new"), "type": self.any_type()})
        self.seeded.shuffle(kept)
        return kept

    def changed(self, schema):
        kind = kind_of(schema)
        if kind == "union":
            return self.changed_union(schema)
        if kind == "record":
            schema["fields"] = self.changed_fields(schema["fields"])
        elif kind == "enum":
            schema.pop("default", None)
            if self.chance(0.3):
                schema["symbols"] = self.seeded.sample(schema["symbols"] + ["other"], len(schema["symbols"]) + 1)
        elif kind == "array":
            schema["items"] = self.changed(schema["items"])
        elif kind == "map":
            schema["values"] = self.changed(schema["values"])
        elif kind == "long" and isinstance(schema, dict):
            return self.seeded.choice([schema, "long", "int", {"type": "long", "logicalType": self.seeded.choice(UNITS)}])
        elif kind in PROMOTES and self.chance(0.3):
            return self.seeded.choice(PROMOTES[kind])
        if kind in NAMED and self.chance(0.03):
            schema = renamed(schema, schema["name"], self.name("other"))
        if kind == "fixed" and self.chance(0.05):
            schema["size"] += 1
        if self.chance(0.01):
            return self.any_type()
        if self.chance(0.1):
            return self.wrapped(schema)
        return schema

    def changed_union(self, schema):
        branches = [branch for branch in map(self.changed, schema) if kind_of(branch) != "union"]
        if self.chance(0.2) and len(branches) > 1:
            return next((branch for branch in branches if kind_of(branch) != "null"), "null")
        self.seeded.shuffle(branches)
        return self.distinct(branches) or ["null"]

    def wrapped(self, schema):
        return self.distinct([schema] + [self.any_type(2) for _ in range(self.seeded.randrange(0, 3))])

    def distinct(self, branches):
        """As many of them as may stand in one union, in another order. Beside a long with a unit no int without: which of
        the two a value was could not be told from what a library reads."""
        if any(isinstance(branch, dict) and "logicalType" in branch for branch in branches):
            branches = [branch for branch in branches if branch != "int"]
        kept = []
        for branch in branches:
            kind = kind_of(branch)
            if kind != "union" and (kind in NAMED or kind not in map(kind_of, kept)):
                kept.append(branch)
        self.seeded.shuffle(kept)
        return kept


# ---- values ----

def varint(value):
    raw = (value << 1) ^ (value >> 63)
    out = bytearray()
    while raw > 0x7F:
        out.append(raw & 0x7F | 0x80)
        raw >>= 7
    out.append(raw)
    return bytes(out)


class Encoder:
    """Random values of a schema, as bytes. full: every array and map has items."""

    LETTERS = ("a", "7", "-", " ", "é", "東", "🌍")

    def __init__(self, seeded, full):
        self.seeded = seeded
        self.full = full
        self.named = {}

    def text(self):
        letters = self.LETTERS[:4] if self.seeded.random() < 0.6 else self.LETTERS
        return "".join(self.seeded.choice(letters) for _ in range(self.seeded.randrange(0, 40))).encode()

    def real(self):
        return self.seeded.choice([0.0, -0.25, 1.5, 41.0004999, 1e3, 2.0**40, 1e17, -1e18, float("nan"), float("inf")] +
                                  [self.seeded.uniform(-10, 1000) for _ in range(60)])

    def blocks(self, item, depth):
        left = self.seeded.randrange(1 if self.full else 0, 1 if depth > 6 and not self.full else 4)
        out = b""
        while left > 0:
            count = self.seeded.randrange(1, left + 1)
            left -= count
            items = b"".join(item() for _ in range(count))
            out += varint(-count) + varint(len(items)) + items if self.seeded.random() < 0.3 else varint(count) + items
        return out + b"\0"

    def primitive(self, kind):
        seeded = self.seeded
        if kind == "null":
            return b""
        if kind == "boolean":
            return bytes([seeded.randrange(2)])
        if kind in ("int", "long"):
            bits = 32 if kind == "int" else 64
            return varint(seeded.randrange(-2**(bits - 1), 2**(bits - 1)) >> seeded.randrange(bits))
        if kind == "float":
            return struct.pack("<f", min(max(self.real(), -3e38), 3e38))
        if kind == "double":
            return struct.pack("<d", self.real())
        text = self.text()
        if kind == "bytes" and seeded.random() < 0.1:
            text += b"\xff"
        return varint(len(text)) + text

    def value(self, schema, depth=0):
        if isinstance(schema, list):
            nulls = [i for i, branch in enumerate(schema) if branch == "null"]
            branch = nulls[0] if depth > 6 and nulls else self.seeded.randrange(len(schema))
            return varint(branch) + self.value(schema[branch], depth + 1)
        if isinstance(schema, str):
            return self.value(self.named[schema], depth) if schema in self.named else self.primitive(schema)
        kind = schema["type"]
        if kind in NAMED:
            self.named[schema["name"]] = schema
        if kind == "record":
            return b"".join(self.value(field["type"], depth + 1) for field in schema["fields"])
        if kind == "enum":
            return varint(self.seeded.randrange(len(schema["symbols"])))
        if kind == "fixed":
            return self.seeded.randbytes(schema["size"])
        if kind == "array":
            return self.blocks(lambda: self.value(schema["items"], depth + 1), depth)
        if kind == "map":
            return self.blocks(lambda: varint(2) + b"k" + bytes([self.seeded.randrange(97, 123)]) +
                               self.value(schema["values"], depth + 1), depth)
        return self.value(kind, depth)


def encode(seeded, schema, full):
    return Encoder(seeded, full).value(schema)
