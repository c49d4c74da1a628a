"""test_exactly_once.py - intake and score are killed, or told to stop, again and again while events come in; in the end
every event has been counted once. Moments and victims are drawn from a seed (E2E_SEED to try another)."""

import os
import random
import time
from collections import Counter

import harness
import messages
from interactions import HOUR_US, now_us, some_event
from oracle import Oracle

EVENTS = 200_000
RATE = 16_000  # a second: the kills fall into a stream that lasts
KILLS, STOPS = 10, 6
AGENCIES = 40
DISTINCT = 4000  # facts are drawn once; what differs from event to event is id, agency and time
SEED = int(os.environ.get("E2E_SEED", "7"))


class Stream:
    """Sends events at an even rate, and knows what should be counted."""

    def __init__(self, scenario, rng):
        self.scenario = scenario
        self.rng = rng
        self.oracle = Oracle()
        self.sent = 0
        self.start = now_us() - 6 * HOUR_US
        self.began = None
        self.models = [(channel, some_event(rng, channel, "", f"service-{i % 3}", "", 0))
                       for i in range(DISTINCT // 4) for channel in messages.CHANNELS]

    def _next(self):
        channel, model = self.models[self.rng.randrange(DISTINCT)]
        agency = f"agency-{min(int(self.rng.expovariate(0.15)), AGENCIES - 1)}"
        name = f"{agency}/{self.sent}"
        return channel, model | {"agency": agency, "event_id": name, "interaction_id": name,
                                 "occurred_at": self.start + self.rng.randrange(6 * HOUR_US)}

    def send_until(self, count):
        """Up to that many in all, no faster than the rate."""
        kafka = self.scenario.kafka
        self.began = self.began or time.monotonic()
        while self.sent < count:
            channel, one = self._next()
            topic = self.scenario.topic(channel)
            kafka.send(topic, kafka.interaction(channel, topic, one), key=str(self.rng.random()).encode())
            self.oracle.add(channel, one)
            self.sent += 1
            if self.sent % 256 == 0:
                ahead = self.sent / RATE - (time.monotonic() - self.began)
                if ahead > 0:
                    time.sleep(ahead)


def check_signals(scenario, oracle):
    """What a read-committed reader of cx.signals sees: every event once."""
    ids = []
    agencies = Counter()
    for batch in scenario.kafka.signal_batches(scenario.topic("signals")):
        for one in batch["events"]:
            ids.append((batch["agencies"][one["agency"]], one["id"]))
            agencies[batch["agencies"][one["agency"]]] += 1
    scenario.same("cx.signals has every event", len(ids), EVENTS)
    scenario.same("and each once", len(set(ids)), EVENTS)
    expected = Counter()
    for (agency, _service, _channel), events in oracle.cells.items():
        expected[agency] += len(events)
    scenario.same("and every agency's", dict(agencies), dict(expected))


def run(scenario):
    rng = random.Random(SEED)
    scenario.make_topics()
    programs = [scenario.start(f"{stage}-{n}", "--stage", stage) for stage in ("intake", "score") for n in (1, 2)]
    scenario.until_ready(*programs)
    stream = Stream(scenario, rng)
    ways = ["killed"] * KILLS + ["told to stop"] * STOPS
    rng.shuffle(ways)
    moments = sorted(rng.sample(range(EVENTS // 50, EVENTS), len(ways)))
    ended = Counter()
    codes = []
    for moment, way in zip(moments, ways):
        stream.send_until(moment)
        victim = rng.choice(programs)
        if way == "killed":
            victim.kill()
        else:
            scenario.until("it has started", victim.port)
            codes.append(victim.stop()[0])
        ended[f"{victim.instance} {way}"] += 1
        victim.start()
    stream.send_until(EVENTS)
    scenario.kafka.flush()
    sent_s = time.monotonic() - stream.began
    scenario.until_applied(seconds=90)
    scenario.measured("events", EVENTS)
    scenario.measured("sent in seconds", f"{sent_s:.1f}")
    scenario.measured("ended and started again", dict(ended))
    scenario.same("those that were told to stop ended in order", codes, [0] * STOPS)
    scenario.measured("seconds until all were applied", f"{time.monotonic() - stream.began - sent_s:.1f}")

    cells = scenario.state()
    scenario.same("the sum over the state is what was sent",
                  sum(cell["windows"]["28d"]["events"] for cell in cells.values()), EVENTS)
    shown = {cell: found["windows"]["28d"] for cell, found in cells.items()}
    scenario.same("and every cell's counts are its own", shown,
                  {cell: stream.oracle.window(cell, "28d", now_us()) for cell in stream.oracle.cells})
    check_signals(scenario, stream.oracle)
    scenario.same("there are no dead letters", scenario.kafka.dead_letters(scenario.topic("deadletter")), [])
    for running in programs:
        scenario.same(f"{running.instance} ends in order", running.stop()[0], 0)


if __name__ == "__main__":
    harness.main(run, "exactly_once")
