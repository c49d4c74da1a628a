"""evolved.py - what producers make of the interaction schemas over time, each a version with its events' facts unchanged.

A version is made from the file in schemas/, as a producer's team would edit its copy; `spell` gives an event, which has the
names of schemas/, those of the version. What a version cannot say is not in its events: `keep` says what is left.
"""

import copy
import json

COUNTS = ("transfers",)  # and every answer of the survey


class Version:
    """One version of a channel's schema."""

    def __init__(self, name, schema):
        self.name = name
        self.schema = copy.deepcopy(schema)
        self.renamed = {}
        self.dropped = []
        self.added = {}

    def text(self):
        return json.dumps(self.schema)

    def field(self, name):
        return next((field for field in self.schema["fields"] if field["name"] == name), None)

    def rename(self, old, new):
        field = self.field(old)
        if field:
            field.update(name=new, aliases=[old])
            self.renamed[old] = new

    def add(self, name, kind, default, value):
        """In front, so that everything behind it moves; its events say `value`."""
        self.schema["fields"].insert(0, {"name": name, "type": kind, "default": default})
        self.added[name] = value

    def drop(self, name):
        field = self.field(name)
        if field:
            self.schema["fields"].remove(field)
            self.dropped.append(name)

    def counts_as(self, kind):
        """Every count of the contact and of its survey."""
        numbers = [self.field(name) for name in COUNTS] + self.field("survey")["type"][1]["fields"]
        for field in filter(None, numbers):
            field["type"] = ["null", kind]

    def keep(self, event):
        return {name: value for name, value in event.items() if name not in self.dropped}

    def spell(self, event):
        event = {self.renamed.get(name, name): value for name, value in self.keep(event).items()}
        return event | self.added


def first(schema):
    """The one a producer began with: counts are ints."""
    version = Version("first", schema)
    version.counts_as("int")
    return version


def second(schema):
    """A field renamed, with an alias; a new one with a default; ints made long; two optional ones gone."""
    version = Version("second", schema)
    version.counts_as("long")
    version.rename("service", "service_name")
    version.rename("wait_seconds", "queue_seconds")
    version.add("device", "string", "unknown", "kiosk")
    version.drop("wrap_up_seconds")
    version.drop("region")
    return version


def without(schema, name):
    """One that leaves out what it may not."""
    version = Version(f"without {name}", schema)
    version.drop(name)
    return version
