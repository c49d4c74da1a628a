"""test_mapping.py - a contact centre's own schema, with not one name of ours, counts under a mapping in the configuration:
renamed and nested fields, milliseconds, a map of values, a constant; events of our own schema on the same topic go on as
before. A value that the map does not have is dead-lettered with the field's name; another team's schema, which the mapping
does not fit, as incompatible_schema."""

import json
import random

import harness
import messages
from interactions import HOUR_US, now_us, some_event
from oracle import US, Oracle

EVENTS = 400  # of each schema
UNKNOWN = 7   # with a disposition that is in no map
MISFITS = 5   # of a schema that lacks what the mapping reads
SEED = 17

MAPPING = """\
mapping:
  phone:
    event_id: call_uuid
    interaction_id: call_uuid
    agency: queue.office_code
    service: queue.line
    kind: {constant: interaction}
    occurred_at: {from: ended, times: epoch_ms}
    outcome: {from: disposition, map: {ANS: served, ABN: abandoned}}
    wait_seconds: {from: queue_time_ms, factor: 0.001}
    transfers: hops
    resolved: {from: wrap_code, map: {SOLVED: true, OPEN: false}, otherwise: absent}
    survey.trust: poll.belief
"""


def record(name, *fields):
    return {"type": "record", "name": name, "namespace": "com.example.calls", "fields": list(fields)}


def field(name, kind, **more):
    return {"name": name, "type": kind, **more}


QUEUE = record("Queue", field("line", "string"), field("skills", {"type": "array", "items": "string"}),
               field("office_code", "string"))
POLL = record("Poll", field("comment", ["null", "string"]), field("belief", ["null", "int"]))
CALL = record("CallEnded", field("trunk", {"type": "map", "values": "long"}), field("call_uuid", "string"),
              field("queue", QUEUE), field("ended", "long"), field("queue_time_ms", ["null", "int"]),
              field("disposition", {"type": "enum", "name": "Disposition", "symbols": ["ABN", "BUSY", "ANS"]}),
              field("hops", "int"), field("wrap_code", ["string", "null"]), field("poll", ["null", POLL]))


def facts(seeded, number, at):
    event = some_event(seeded, "phone", f"agency-{number % 5}", f"service-{number % 3}", f"call-{number}",
                       at - number * US)
    event.pop("questions_answered", None)  # the contact centre does not say
    if number % 3 == 0:
        event["survey"] = {"trust": seeded.randrange(1, 6)}
    return event


def spell(event):
    """An event of ours in the contact centre's words."""
    solved = {True: "SOLVED", False: "OPEN", None: seeded_nothing(event)}[event.get("resolved")]
    return {"trunk": {"a": 1, "b": -5}, "call_uuid": event["event_id"],
            "queue": {"line": event["service"], "skills": ["x", "y"], "office_code": event["agency"]},
            "ended": event["occurred_at"] // 1000, "queue_time_ms": int(event["wait_seconds"] * 1000),
            "disposition": {"served": "ANS", "abandoned": "ABN"}[event["outcome"]], "hops": event["transfers"],
            "wrap_code": solved, "poll": {"comment": None, "belief": event["survey"]["trust"]} if "survey" in event else None}


def seeded_nothing(event):
    """Null, or a code that stands for neither."""
    return None if event["transfers"] else "CALLBACK"


def run(scenario):
    configuration = scenario.folder / "mapping.yaml"
    configuration.write_text(MAPPING)
    scenario.call("check", "--config", str(configuration))
    scenario.make_topics()
    running = scenario.start("one", "--config", str(configuration))
    scenario.until_ready(running)

    topic = scenario.topic("phone")
    theirs = scenario.kafka.register("calls", json.dumps(CALL))
    misfit = scenario.kafka.register("others", json.dumps(record("Other", field("call_uuid", "string"))))
    seeded = random.Random(SEED)
    oracle = Oracle()
    at = now_us() - HOUR_US
    for number in range(2 * EVENTS):
        event = facts(seeded, number, at)
        oracle.add("phone", event)
        if number % 2:
            scenario.kafka.send(topic, scenario.kafka.interaction("phone", topic, event))
        else:
            body = messages.encode(scenario.kafka.registered(theirs), spell(event))
            scenario.kafka.send(topic, messages.frame(theirs, body))
    for number in range(UNKNOWN):
        busy = spell(facts(seeded, 10**6 + number, at)) | {"disposition": "BUSY"}
        scenario.kafka.send(topic, messages.frame(theirs, messages.encode(scenario.kafka.registered(theirs), busy)))
    for number in range(MISFITS):
        body = messages.encode(scenario.kafka.registered(misfit), {"call_uuid": f"misfit-{number}"})
        scenario.kafka.send(topic, messages.frame(misfit, body))
    scenario.kafka.flush()
    scenario.until_applied()

    shown = {cell: state["windows"]["28d"] for cell, state in scenario.state().items()}
    as_of = now_us()
    scenario.same("events of both schemas count, fact by fact", shown,
                  {cell: oracle.window(cell, "28d", as_of) for cell in oracle.cells})
    scenario.same("every one of them", sum(counts["events"] for counts in shown.values()), 2 * EVENTS)
    letters = [letter.record for letter in scenario.kafka.dead_letters(scenario.topic("deadletter"))]
    unmapped = [letter for letter in letters if letter["reason"] == "unmapped_value"]
    scenario.same("a value that no map has is dead-lettered", len(unmapped), UNKNOWN)
    scenario.same("with the field's name", {letter["detail"].partition(":")[0] for letter in unmapped}, {"disposition"})
    misfits = [letter for letter in letters if letter["reason"] == "incompatible_schema"]
    scenario.same("so is a schema that the mapping does not fit", len(misfits), MISFITS)
    scenario.same("which says what is missing", {letter["detail"] for letter in misfits},
                  {"agency: the writer lacks queue.office_code, and the mapping has nothing else"})
    scenario.accounts(running)
    scenario.same("told to stop it ends with", running.stop()[0], 0)


if __name__ == "__main__":
    harness.main(run, "mapping")
