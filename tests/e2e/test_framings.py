"""test_framings.py - every way a message may name its schema, from a Python producer: each event counts once. Schemas with
references, our own schemas' check before they are registered, and a registry that goes away and comes back."""

import json

from fastavro.schema import fingerprint, to_parsing_canonical_form

import harness
import messages
from interactions import MINUTE_US, event, now_us
from oracle import Oracle

EACH = 25
CHANNEL, TOPIC = "phone", "interactions.phone"
HEADER = "__value_schema_id"


def print_of(schema):
    """Of a single object: fastavro gives the bytes in the order they are sent in."""
    return bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def by_reference(scenario, name):
    """The phone's schema in two: its first named type in a subject of its own. The id of the rest, and the whole."""
    whole = json.loads((scenario.kafka.folder / f"{CHANNEL}_interaction.avsc").read_text())
    space = whole["namespace"]
    for field in whole["fields"]:
        inner = field["type"]
        if isinstance(inner, dict) and inner.get("type") == "enum":
            part = inner | {"namespace": inner.get("namespace", space)}
            field["type"] = f"{part['namespace']}.{part['name']}"
            break
    kafka = scenario.kafka
    kafka.register(f"{name}-part", json.dumps(part))
    reference = {"name": f"{part['namespace']}.{part['name']}", "subject": f"{name}-part", "version": 1}
    answer = kafka.ask(f"/subjects/{name}/versions", {"schema": json.dumps(whole), "references": [reference]})
    stored = kafka.ask(f"/schemas/ids/{answer['id']}")
    scenario.true("the registry keeps a schema in parts", stored["references"] and field["type"] in stored["schema"])
    return answer["id"]


class Sender:
    """Events under a framing; the oracle is told of each."""

    def __init__(self, scenario, oracle):
        self.scenario, self.oracle, self.sent = scenario, oracle, 0
        self.kafka = scenario.kafka
        self.schema = self.kafka.schema(f"{CHANNEL}_interaction")
        self.start = now_us() - 30 * MINUTE_US

    def body(self):
        one = event(f"agency-{self.sent % 3}", "service", f"e-{self.sent}", self.start + self.sent * 1000,
                    resolved=self.sent % 4 > 0)
        self.oracle.add(CHANNEL, one)
        self.sent += 1
        return messages.encode(self.schema, one)

    def send(self, before=b"", header=None, partition=0, count=EACH, topic=TOPIC):
        for _ in range(count):
            self.kafka.send(topic, before + self.body(), partition=partition,
                            headers=[("trace", b"7")] + ([(HEADER, header)] if header else []))
        self.kafka.flush()


def all_count(scenario, what, oracle):
    scenario.until_applied()
    cells = scenario.state()
    scenario.same(what, {cell: shown["windows"]["28d"] for cell, shown in cells.items()},
                  {cell: oracle.window(cell, "28d", now_us()) for cell in oracle.cells})


def run(scenario):
    scenario.make_topics()
    kafka = scenario.kafka
    first = kafka.register("first-value", (kafka.folder / f"{CHANNEL}_interaction.avsc").read_text())
    running = scenario.start("one")
    scenario.until_ready(running)
    oracle = Oracle()
    sender = Sender(scenario, oracle)
    known = first.to_bytes(4, "big")

    sender.send(before=b"\0" + known)
    sender.send(header=b"\0" + known)
    sender.send(before=b"\xc3\x01" + print_of(json.loads((kafka.folder / f"{CHANNEL}_interaction.avsc").read_text())))
    parted = by_reference(scenario, "parted")
    sender.send(before=b"\0" + parted.to_bytes(4, "big"))
    for i in range(4 * EACH):  # all of them one after another on one partition
        sender.send(*((b"\0" + known, None), (b"", b"\0" + known))[i % 2], count=1, partition=1)
    all_count(scenario, "by id, by header, single objects, by references, mixed: every event counts once", oracle)

    guid = b"\x01" + bytes(15) + b"\x07"
    kafka.send(TOPIC, guid + b"x", partition=0)
    kafka.send(TOPIC, b"x", partition=0, headers=[(HEADER, guid)])
    kafka.send(TOPIC, b"\x02raw", partition=0)
    kafka.flush()
    scenario.until_applied()
    letters = kafka.dead_letters(scenario.topic("deadletter"))
    scenario.same("a GUID that this registry does not know, twice, and raw Avro are dead letters",
                  sorted(letter.record["reason"] for letter in letters), ["bad_magic", "unknown_schema", "unknown_schema"])
    scenario.true("which name the GUID", sum("00000000-0000-0000-0000-000000000007" in letter.record["detail"]
                                             for letter in letters) == 2, [letter.record["detail"] for letter in letters])

    registry_away(scenario, running, sender, oracle, known)
    refuses_incompatible(scenario)


def applied(running):
    return running.metrics().sum("slipstream_records_total", stage="intake", outcome="applied")


def registry_away(scenario, running, sender, oracle, known):
    """What is known goes on; an unknown id holds its partition only, and goes on when the registry is back."""
    kafka = scenario.kafka
    text = (kafka.folder / f"{CHANNEL}_interaction.avsc").read_text()
    later = json.loads(text) | {"doc": "registered by another team, later"}
    new = kafka.register("later-value", json.dumps(later))
    # A registry that keeps its data while it is away: it is stopped, not ended.
    pid = scenario.stack.pause("registry")
    sender.send(before=b"\0" + new.to_bytes(4, "big"), partition=2)
    scenario.until("/-/ready says that the registry is missed", lambda: "registry" in running.get("/-/ready")[1])
    before = applied(running)
    for partition in (0, 1, 3):
        sender.send(before=b"\0" + known, partition=partition)
    scenario.until("what is known goes on, on all other partitions",
                   lambda: applied(running) >= before + 3 * EACH or harness.Not(applied(running)))
    scenario.same("and only that", applied(running), before + 3 * EACH)
    scenario.true("/-/ready still says so", "registry" in running.get("/-/ready")[1])
    scenario.same("alive meanwhile", running.get("/-/healthy")[0], 200)
    scenario.stack.resume(pid)
    all_count(scenario, "when the registry is back, what was held counts too, once", oracle)
    scenario.until_ready(running)


def refuses_incompatible(scenario):
    """Our own schemas are checked before they are registered."""
    kafka = scenario.kafka
    scenario.own_topics("other")
    scenario.make_topics()
    kafka.register(f"{scenario.topic('scores')}-value",
                   '{"type":"record","name":"score","namespace":"slipstream","fields":[{"name":"other","type":"int"}]}')
    kafka.ask("/config", {"compatibility": "FULL"}, method="PUT")
    refused = scenario.start("refused")
    scenario.same("a schema that is incompatible with the registered one ends the start with", refused.ends(60), 1)
    failed = [line.get("error", "") for line in refused.lines(msg="stage_failed")]
    scenario.true("which says whose", any("other.scores-value is not compatible" in error for error in failed), failed)
    versions = kafka.ask(f"/subjects/{scenario.topic('scores')}-value/versions")
    scenario.same("and nothing was registered", versions, [1])


if __name__ == "__main__":
    harness.main(run, "framings")
