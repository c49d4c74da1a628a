"""test_duplicates.py - an event that comes again counts once: on its partition, on another, on another topic, and after
a restart, when the ids come from the stored state."""

import random

import harness
from interactions import MINUTE_US, event, now_us, some_event
from oracle import Oracle

EVENTS = 400
AGENCIES = 7


def originals(start):
    """Phone contacts; what a copy on the chat topic says must be a chat's, too, so they keep to what both have."""
    rng = random.Random(311)
    for i in range(EVENTS):
        at = start - i * MINUTE_US // 4
        yield some_event(rng, "phone", f"agency-{i % AGENCIES}", f"service-{i % 3}", f"event-{i}", at)


class Sender:
    """Sends all events once more, as told, and knows how many duplicates that makes."""

    def __init__(self, scenario, events):
        self.scenario = scenario
        self.events = events

    def again(self, channel="phone", shift=0):
        kafka = self.scenario.kafka
        topic = self.scenario.topic(channel)
        for i, one in enumerate(self.events):
            kafka.send(topic, kafka.interaction(channel, topic, one), partition=(i + shift) % 4)
        kafka.flush()
        self.scenario.until_applied()


def outcomes(running):
    return running.metrics().by("outcome", "slipstream_records_total", stage="score")


def check_counts(scenario, when, oracle):
    shown = {cell: found["windows"]["28d"] for cell, found in scenario.state().items()}
    scenario.same(f"{when}, every event counts once", shown,
                  {cell: oracle.window(cell, "28d", now_us()) for cell in oracle.cells})


def run(scenario):
    scenario.make_topics()
    running = scenario.start("one")
    scenario.until_ready(running)
    oracle = Oracle()
    events = list(originals(now_us()))
    for one in events:
        oracle.add("phone", one)
    sender = Sender(scenario, events)

    sender.again()
    sender.again()
    scenario.same("sent again on the same partition", outcomes(running), {"applied": EVENTS, "duplicate": EVENTS})
    sender.again(shift=1)
    scenario.same("and on another", outcomes(running), {"applied": EVENTS, "duplicate": 2 * EVENTS})
    sender.again("chat")
    scenario.same("and on another topic", outcomes(running), {"applied": EVENTS, "duplicate": 3 * EVENTS})
    check_counts(scenario, "before a restart", oracle)
    scenario.accounts(running)

    code, seconds = running.stop()
    scenario.same("told to stop it ends with", code, 0)
    scenario.measured("seconds to stop", f"{seconds:.2f}")
    running.start()
    scenario.until_ready(running)
    sender.again()
    sender.again("chat", shift=2)
    scenario.same("after a restart all are known still", outcomes(running), {"duplicate": 2 * EVENTS})
    running.kill()
    running.start()
    scenario.until_ready(running)
    sender.again(shift=3)
    scenario.same("after kill -9, too", outcomes(running), {"duplicate": EVENTS})
    check_counts(scenario, "after both", oracle)

    others = [event(f"other-{one['agency']}", one["service"], one["event_id"], one["occurred_at"]) for one in events]
    for one in others:
        oracle.add("phone", one)
    Sender(scenario, others).again()
    scenario.same("another agency's event of the same id is another event", outcomes(running),
                  {"duplicate": EVENTS, "applied": EVENTS})
    check_counts(scenario, "in the end", oracle)
    scenario.accounts(running)
    scenario.measured("messages sent", 8 * EVENTS)


if __name__ == "__main__":
    harness.main(run, "duplicates")
