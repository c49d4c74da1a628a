"""test_evolution.py - a producer's schema goes on: a field renamed with an alias, a new one with a default, ints made
long, optional ones removed; events of both versions count, mixed on every partition. A version that leaves out a field we
need becomes dead letters that name the field, and nothing else waits for it."""

import json
import random

import evolved
import harness
import messages
from interactions import HOUR_US, now_us, some_event
from oracle import US, Oracle

EVENTS = 600  # of each of the first two versions, over the four channels
REFUSED = 12  # of each version that leaves something out
REQUIRED = ("event_id", "interaction_id", "agency", "service", "kind", "occurred_at")
SEED = 41


class Producer:
    """A team that registers its versions one after another under the subject of its topic."""

    def __init__(self, scenario, channel):
        self.kafka = scenario.kafka
        self.topic = scenario.topic(channel)
        self.ids = {}

    def send(self, version, event):
        if version.name not in self.ids:
            self.ids[version.name] = self.kafka.register(f"{self.topic}-value", version.text())
        schema_id = self.ids[version.name]
        body = messages.encode(self.kafka.registered(schema_id), version.spell(event))
        self.kafka.send(self.topic, messages.frame(schema_id, body))


def facts(seeded, channel, number, at):
    event = some_event(seeded, channel, f"agency-{number % 7}", f"service-{number % 3}", f"{channel}-{number}",
                       at - number * US)
    event |= {"region": "north", "language": "en", "resolution_seconds": float(seeded.randrange(60, 90000))}
    if channel != "web":
        event["wrap_up_seconds"] = float(seeded.randrange(1, 400))
    if number % 4 == 0:
        event["survey"] = {"quality": seeded.randrange(1, 6), "trust": seeded.randrange(1, 6)}
    return event


def send_both(scenario, schemas, producers):
    """Old and new by turns, as while a team rolls out. Returns what should be counted."""
    seeded = random.Random(SEED)
    oracle = Oracle()
    at = now_us() - HOUR_US
    versions = {channel: (evolved.first(schemas[channel]), evolved.second(schemas[channel])) for channel in schemas}
    for number in range(2 * EVENTS):
        channel = messages.CHANNELS[number // 2 % 4]
        version = versions[channel][number % 2]
        event = facts(seeded, channel, number, at)
        producers[channel].send(version, event)
        oracle.add(channel, version.keep(event))
    return oracle


def send_refused(scenario, schemas, producers):
    """Every field that we cannot do without, left out by a version of its own."""
    seeded = random.Random(SEED + 1)
    for name in REQUIRED:
        for number in range(REFUSED):
            channel = messages.CHANNELS[number % 4]
            producers[channel].send(evolved.without(schemas[channel], name),
                                    facts(seeded, channel, 10**6 + number, now_us() - HOUR_US))


def run(scenario):
    schemas = {channel: json.loads((harness.SOURCE / f"schemas/{channel}_interaction.avsc").read_text())
               for channel in messages.CHANNELS}
    scenario.make_topics()
    running = scenario.start("one")
    scenario.until_ready(running)
    producers = {channel: Producer(scenario, channel) for channel in schemas}
    oracle = send_both(scenario, schemas, producers)
    send_refused(scenario, schemas, producers)
    scenario.kafka.flush()
    scenario.until_applied()

    shown = {cell: state["windows"]["28d"] for cell, state in scenario.state().items()}
    as_of = now_us()
    scenario.same("events of both versions count, with every fact that they share", shown,
                  {cell: oracle.window(cell, "28d", as_of) for cell in oracle.cells})
    scenario.same("every one of them", sum(counts["events"] for counts in shown.values()), 2 * EVENTS)
    said = {word for counts in shown.values() for word in counts["signals"]}
    scenario.true("renamed, widened and removed ones among them",
                  {"wait", "transfers", "rating_trust", "wrap_up"} <= said, sorted(said))

    letters = scenario.kafka.dead_letters(scenario.topic("deadletter"))
    scenario.same("what leaves a needed field out is dead-lettered", len(letters), REFUSED * len(REQUIRED))
    scenario.same("as incompatible_schema", {letter.record["reason"] for letter in letters}, {"incompatible_schema"})
    named = {}
    for letter in letters:
        field = letter.record["detail"].partition(":")[0]
        named[field] = named.get(field, 0) + 1
    scenario.same("with a detail that names the field", named, {name: REFUSED for name in REQUIRED})
    scenario.same("each with its schema's id", {letter.record["schema_id"] for letter in letters},
                  {producer.ids[f"without {name}"] for producer in producers.values() for name in REQUIRED})
    scenario.accounts(running)
    scenario.measured("an example", letters[0].record["detail"])
    scenario.same("told to stop it ends with", running.stop()[0], 0)


if __name__ == "__main__":
    harness.main(run, "evolution")
