"""events.py - a thousand interactions over the four channels, seeded, with every field that the schemas have, in three
versions of the schemas; written from schemas/README.md. The same for every language, which puts its own name before the
agency's."""

import json
import random

import evolved
import messages
from interactions import MINUTE_US, event
from oracle import US, Oracle

EVENTS = 1000
AGENCIES, SERVICES = 3, 2
SPAN_S = 50 * 60       # they happened within so long
ENDED_S = 3 * 60       # and so long ago: before the minute that is open when they are read
SAID = 0.6             # how often an optional field is
RETRACTED = 0.04
WORDS = ("north", "Zürich", "北京", "São Paulo 🙂")


def some_value(seeded, kind):
    if isinstance(kind, dict):
        return seeded.choice(kind["symbols"])
    return {"string": lambda: seeded.choice(WORDS), "boolean": lambda: seeded.random() < 0.6,
            "double": lambda: seeded.randrange(4 * 9000) / 4, "long": lambda: seeded.randrange(6)}[kind]()


def some_survey(seeded, record):
    return {field["name"]: seeded.randrange(1, 6) if seeded.random() < SAID else None for field in record["fields"]}


def some_event(seeded, schema, number, at):
    """Any field there is, said or not."""
    chosen = event(f"agency-{seeded.randrange(AGENCIES)}", f"service-{seeded.randrange(SERVICES)}", f"event-{number}",
                   at, kind=seeded.choices(("interaction", "survey", "reopening"), (8, 2, 1))[0])
    for field in schema["fields"]:
        name, kind = field["name"], field["type"]
        if name in chosen or not isinstance(kind, list) or seeded.random() > SAID:
            continue
        if name == "started_at":
            chosen[name] = at - seeded.randrange(3600) * US
        elif name == "survey":
            chosen[name] = some_survey(seeded, kind[1])
        else:
            chosen[name] = some_value(seeded, kind[1])
    return chosen


def make(seed, now, schemas):
    """(channel, version, event) of each; `schemas` by channel. Some take back an earlier one, with its facts."""
    seeded = random.Random(seed)
    newest = (now // MINUTE_US) * MINUTE_US - ENDED_S * US
    versions = {channel: [evolved.Version("as it is", schema), evolved.first(schema), evolved.second(schema)]
                for channel, schema in schemas.items()}
    made, taken_back = [], set()
    for number in range(EVENTS):
        if made and seeded.random() < RETRACTED:
            earlier = seeded.randrange(len(made))
            channel, version, one = made[earlier]
            if not one.get("retracts") and earlier not in taken_back:
                taken_back.add(earlier)
                made.append((channel, version, one | {"event_id": f"event-{number}", "retracts": True}))
                continue
        channel = seeded.choice(messages.CHANNELS)
        at = newest - seeded.randrange(SPAN_S * 1000) * 1000
        made.append((channel, seeded.choice(versions[channel]), some_event(seeded, schemas[channel], number, at)))
    return made


def write(made, folder, topic):
    """As lines that the peers take, and the versions' files. topic: channel → topic."""
    path = folder / "interactions.jsonl"
    with open(path, "w") as lines:
        for channel, version, one in made:
            schema = folder / f"{channel}_interaction-{version.name.replace(' ', '_')}.avsc"
            schema.write_text(version.text())
            line = {"topic": topic(channel), "schema": str(schema), "event": version.spell(one)}
            lines.write(json.dumps(line) + "\n")
    return path


def oracle_of(made, language):
    """What should be counted of one language's copy."""
    oracle = Oracle()
    for channel, version, one in made:
        oracle.add(channel, version.keep(one) | {"agency": f"{language}-{one['agency']}"})
    return oracle
