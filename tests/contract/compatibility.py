"""compatibility.py - whether two Avro schemas may follow one another: the rules of schema resolution, and ours on top.

Written from "Schema Resolution" and "Names" of the Avro 1.11 specification; fastavro, which does the same on bytes, is the
second judge (samples.py). A problem is a line that says where, and what is wrong there.
"""

from collections import namedtuple

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
PROMOTIONS = {"int": ("long", "float", "double"), "long": ("float", "double"), "float": ("double",),
              "string": ("bytes",), "bytes": ("string",)}

Field = namedtuple("Field", "name aliases type has_default doc")


class Schema:
    """A parsed schema: named types are told apart by their full names, and found by them."""

    def __init__(self, text):
        self.named = {}
        self.root = self._type(text, "")

    def _type(self, text, namespace):
        if isinstance(text, str):
            return text if text in PRIMITIVES else ("named", _full(text, namespace))
        if isinstance(text, list):
            return ("union", [self._type(branch, namespace) for branch in text])
        kind = text["type"]
        if kind in ("record", "enum", "fixed"):
            return self._named(text, kind, namespace)
        if kind == "array":
            return ("array", self._type(text["items"], namespace))
        if kind == "map":
            return ("map", self._type(text["values"], namespace))
        return self._type(kind, namespace)  # a logical type: read as what it is made of

    def _named(self, text, kind, namespace):
        name = _full(text["name"], text.get("namespace", namespace))
        if name in self.named:
            raise ValueError(f"{name} is defined twice")
        inside = name.rpartition(".")[0]
        self.named[name] = entry = {"kind": kind, "name": name,
                                    "aliases": [_full(alias, inside) for alias in text.get("aliases", ())]}
        if kind == "record":
            entry["fields"] = [Field(field["name"], field.get("aliases", []), self._type(field["type"], inside),
                                     "default" in field, field.get("doc", "")) for field in text["fields"]]
        elif kind == "enum":
            entry |= {"symbols": text["symbols"], "default": text.get("default")}
        else:
            entry["size"] = text["size"]
        return ("named", name)

    def kind(self, one):
        if isinstance(one, str):
            return one
        return self.named[one[1]]["kind"] if one[0] == "named" else one[0]


def _full(name, namespace):
    return name if "." in name or not namespace else f"{namespace}.{name}"


def can_read(reader, writer):
    """Why data of `writer` cannot all be read with `reader`; nothing when it can."""
    return list(_resolve(reader, reader.root, writer, writer.root, "", set()))


def _resolve(reader, mine, writer, theirs, path, seen):
    where = path or "the record itself"
    if writer.kind(theirs) == "union":
        for branch in theirs[1]:
            yield from _resolve(reader, mine, writer, branch, path, seen)
    elif reader.kind(mine) == "union":
        tries = [list(_resolve(reader, branch, writer, theirs, path, set(seen))) for branch in mine[1]]
        if not any(problems == [] for problems in tries):
            yield f"{where}: the reader's union has no branch for {_word(writer, theirs)}"
    elif reader.kind(mine) != writer.kind(theirs):
        if reader.kind(mine) not in PROMOTIONS.get(writer.kind(theirs), ()):
            yield f"{where}: {_word(writer, theirs)} cannot be read as {_word(reader, mine)}"
    elif reader.kind(mine) in ("array", "map"):
        yield from _resolve(reader, mine[1], writer, theirs[1], f"{path}[]", seen)
    elif mine[0] == "named" and (mine[1], theirs[1]) not in seen:
        seen.add((mine[1], theirs[1]))
        yield from _resolve_named(reader, reader.named[mine[1]], writer, writer.named[theirs[1]], path, seen)


def _resolve_named(reader, mine, writer, theirs, path, seen):
    where = path or "the record itself"
    if not {_last(mine["name"]), *map(_last, mine["aliases"])} & {_last(theirs["name"])}:
        yield f"{where}: it is named {theirs['name']}, not {mine['name']}"
    if mine["kind"] == "fixed" and mine["size"] != theirs["size"]:
        yield f"{where}: {theirs['size']} bytes, not {mine['size']}"
    if mine["kind"] == "enum" and mine["default"] is None:
        unknown = [symbol for symbol in theirs["symbols"] if symbol not in mine["symbols"]]
        if unknown:
            yield f"{where}: the reader's enum has no {', '.join(unknown)}, and no default"
    for field in mine.get("fields", ()):
        there = f"{path}.{field.name}".lstrip(".")
        found = [other for other in theirs["fields"] if other.name in (field.name, *field.aliases)]
        if found:
            yield from _resolve(reader, field.type, writer, found[0].type, there, seen)
        elif not field.has_default:
            yield f"{there}: the writer does not have it, and the reader has no default for it"


def _last(name):
    return name.rpartition(".")[2]


def _word(schema, one):
    return one[1] if one[0] == "named" else schema.kind(one)


def fields_of(schema):
    """Path → field, of every record that can be reached from the root."""
    found = {}
    _collect(schema, schema.root, "", found, ())
    return found


def _collect(schema, one, path, found, inside):
    kind = schema.kind(one)
    if kind == "union":
        for branch in one[1]:
            _collect(schema, branch, path, found, inside)
    elif kind in ("array", "map"):
        _collect(schema, one[1], f"{path}[]", found, inside)
    elif kind == "record" and one[1] not in inside:
        for field in schema.named[one[1]]["fields"]:
            there = f"{path}.{field.name}".lstrip(".")
            found[there] = field
            _collect(schema, field.type, there, found, (*inside, one[1]))


def may_follow(new, old):
    """Why `new` may not take the place of the released `old`, for a schema that other teams write or read: whoever has
    the old one reads new data, whoever has the new one old data, and what has a name keeps it."""
    problems = [f"new readers, old data: {problem}" for problem in can_read(new, old)]
    problems += [f"old readers, new data: {problem}" for problem in can_read(old, new)]
    kept = fields_of(new)
    problems += [f"{path}: was released, and is gone or has another name" for path in fields_of(old) if path not in kept]
    return problems
