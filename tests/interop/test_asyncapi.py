"""test_asyncapi.py - schemas/asyncapi.yaml: AsyncAPI's own parser finds nothing wrong with it, and it says what the program
says: the topics of the table of settings, their partitions and settings, and the schemas of the folder, each of them."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(os.environ.get("SLIPSTREAM_SOURCE") or Path(__file__).resolve().parents[2])
BINARY = os.environ.get("SLIPSTREAM_BINARY") or str(SOURCE / "build/release/slipstream")
DOCUMENT = SOURCE / "schemas/asyncapi.yaml"
PRIVATE = {"topics.signals", "topics.state", "topics.deadletter"}
WRITTEN_BY_OTHERS = {"topics.web", "topics.phone", "topics.office", "topics.chat"}

failures = []


def same(what, got, expected):
    held = got == expected
    print(f"  {'ok' if held else 'FAILED'}: {what}" + ("" if held else f"\n      got {got}\n      not {expected}"))
    if not held:
        failures.append(what)


def call(*words):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True).stdout


def parse(paths):
    """What AsyncAPI's parser says of each document."""
    modules = call(str(SOURCE / "tests/interop/install"), "js").strip()
    environment = os.environ | {"NODE_PATH": f"{modules}/node_modules"}
    done = subprocess.run(["node", str(SOURCE / "tests/interop/js/asyncapi.js"), *map(str, paths)], env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


# What is wrong, how the document is spoiled, and what the parser must complain of.
SPOILED = [
    ("a schema that is not there", "./score.avsc", "./scores.avsc", "score"),
    ("a channel that is not there", "#/channels/alerts'", "#/channels/alarms'", "alarms"),
    ("an action that there is not", "action: send", "action: publish", "action"),
    ("a message without its schema's place", "schemaIdLocation: payload", "schemaIdLocation: trailer",
     "schemaIdLocation"),
]


def spoil(folder):
    """Copies of the document, beside the schemas, each with one thing wrong."""
    for i, (_, old, new, _) in enumerate(SPOILED):
        text = DOCUMENT.read_text()
        assert old in text, old
        (folder / f"spoiled-{i}.yaml").write_text(text.replace(old, new, 1))
    for schema_file in DOCUMENT.parent.glob("*.avsc"):
        shutil.copy(schema_file, folder)
    return [folder / f"spoiled-{i}.yaml" for i in range(len(SPOILED))]


def settings_topics():
    """Setting → topic, of the reference page that the program prints."""
    rows = re.findall(r"^\| `(topics\.\w+)` \| `([^`]+)`", call(BINARY, "config", "reference"), re.MULTILINE)
    return dict(rows)


def printed_topics():
    """Topic → partitions and settings, of `slipstream topics print`."""
    found = {}
    for line in call(BINARY, "topics", "print").splitlines():
        name, *pairs = line.split()
        found[name] = dict(pair.split("=") for pair in pairs)
    return found


def bound_topics(channels):
    """The same, of the document."""
    found = {}
    for channel in channels.values():
        kafka = channel["bindings"]["kafka"]
        found[kafka["topic"]] = row = {"partitions": str(kafka["partitions"])}
        for name, value in kafka.get("topicConfiguration", {}).items():
            row[name] = ",".join(value) if isinstance(value, list) else str(value)
    return found


def schema(name):
    return json.loads((SOURCE / f"schemas/{name}.avsc").read_text())


def field_names(name):
    return [field["name"] for field in schema(name)["fields"]]


def check_messages(channels):
    for channel in channels.values():
        for name, message in channel["messages"].items():
            fields = field_names(name)
            if channel["x-visibility"] == "public" and "x-partitioned-by" in channel:
                same(f"{name} has the field it is partitioned by", channel["x-partitioned-by"] in fields, True)
            same(f"{name} has the fields of its revision",
                 [word for word in channel.get("x-revision", []) if word in fields], channel.get("x-revision", []))
            same(f"{name}'s byte in front is its schema's format", message.get("x-format-byte"),
                 schema(name).get("format"))
    key = channels["aggregates"]["messages"]["aggregate"]["bindings"]["kafka"]["key"]
    same("an aggregate's key has its schema's fields", list(key["properties"]), field_names("aggregate_key"))
    same("both ways", [field["name"] for field in key["x-avro"]["fields"]], field_names("aggregate_key"))


def main():
    text = DOCUMENT.read_text()
    with tempfile.TemporaryDirectory() as folder:
        parsed, *spoiled = parse([DOCUMENT, *spoil(Path(folder))])
    for (name, _, _, complaint), answer in zip(SPOILED, spoiled):
        same(f"the parser sees {name}", any(complaint in line for line in answer["problems"]), True)
    same("AsyncAPI's parser finds nothing wrong", parsed["problems"], [])
    channels = parsed["document"]["channels"]
    by_setting = {channel["x-setting"]: channel for channel in channels.values()}
    same("every topic of the settings is in it, and no other",
         {setting: channel["address"] for setting, channel in by_setting.items()}, settings_topics())
    same("partitions and settings are the program's", bound_topics(channels), printed_topics())
    same("the binding's topic is the address", [channel["bindings"]["kafka"]["topic"] for channel in channels.values()],
         [channel["address"] for channel in channels.values()])
    same("private topics are marked so",
         {setting for setting, channel in by_setting.items() if channel["x-visibility"] != "public"}, PRIVATE)
    same("by tags too", {setting for setting, channel in by_setting.items()
                         if [tag["name"] for tag in channel["tags"]] != ["public"]}, PRIVATE)
    sent = {operation["channel"]["x-setting"] for operation in parsed["document"]["operations"].values()
            if operation["action"] == "send"}
    same("all but the interactions are sent by us", sent, set(by_setting) - WRITTEN_BY_OTHERS)
    referred = set(re.findall(r"\$ref: '?([^'#\s]+)", text))
    same("what it refers to is there", [name for name in referred if not (DOCUMENT.parent / name).is_file()], [])
    same("every schema of the folder is referred to", referred,
         {f"./{path.name}" for path in DOCUMENT.parent.glob("*.avsc")})
    check_messages(channels)
    version = re.search(r"project\(slipstream VERSION ([0-9.]+)", (SOURCE / "CMakeLists.txt").read_text())[1]
    same("its version is the project's", parsed["document"]["info"]["version"], version)
    print(f"asyncapi: {f'{len(failures)} FAILED' if failures else 'passed'}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
