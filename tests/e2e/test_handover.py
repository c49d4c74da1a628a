"""test_handover.py - a process that is told to stop has read ahead of what it has counted: what was read ahead is the
next one's. First the source's own contract (handover.c), then score, while Redis keeps it from reading on."""

import random
import subprocess
from pathlib import Path

import harness
import program
from interactions import MINUTE_US, now_us, some_event
from oracle import Oracle

CONTRACT = Path(harness.BINARY).parent / "tests/handover"
ROUNDS = 3
AGENCIES = 20
BATCH = 40       # events, each batch a transaction of intake's or more
STUCK_AFTER = 3  # batches that intake sent on and score did not read
BATCHES_MOST = 100


def check_source(scenario):
    """On a topic of one partition."""
    scenario.own_topics("contract")
    scenario.make_topics(signals__partitions=1)
    words = [str(CONTRACT), scenario.settings["kafka.brokers"], scenario.topic("signals")]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60)
    scenario.true("a source closed amid transactions is at what it handed out", done.returncode == 0, done.stdout)


class Sender:
    def __init__(self, scenario):
        self.scenario = scenario
        self.rng = random.Random(17)
        self.oracle = Oracle()
        self.sent = 0

    def batch(self):
        """Sends some more, and waits until intake has sent them on."""
        kafka = self.scenario.kafka
        topic = self.scenario.topic("phone")
        for _ in range(BATCH):
            one = some_event(self.rng, "phone", f"agency-{self.rng.randrange(AGENCIES)}", "service",
                             f"event-{self.sent}", now_us() - self.rng.randrange(60) * MINUTE_US)
            kafka.send(topic, kafka.interaction("phone", topic, one))
            self.oracle.add("phone", one)
            self.sent += 1
        kafka.flush()
        self.scenario.until_taken_in()

    def until_stuck(self, score):
        """Until score reads no more of what intake sends on. Returns how many it has read."""
        reads = []
        while len(reads) <= STUCK_AFTER or reads[-1] != reads[-1 - STUCK_AFTER]:
            if len(reads) == BATCHES_MOST:
                raise harness.Failure(f"score reads on, though Redis does not answer: {reads}")
            self.batch()
            reads.append(score.metrics().sum("slipstream_records_total", stage="score"))
        return reads[-1]


def check_score(scenario):
    scenario.own_topics("handover")
    scenario.make_topics()
    intake = scenario.start("intake", "--stage", "intake")
    score = scenario.start("score", "--stage", "score", redis__timeout="10s")
    scenario.until_ready(intake, score)
    sender = Sender(scenario)
    sender.batch()
    scenario.until_applied()
    read = 0
    for _ in range(ROUNDS):
        redis = scenario.stack.pause("redis")
        try:
            read += sender.until_stuck(score)
            scenario.measured("sent, and not read when it was stopped", sender.sent - read)
            score.expected = False
            score.process.terminate()
            scenario.until("score knows", lambda: score.lines(msg="draining"))
        finally:
            scenario.stack.resume(redis)
        scenario.same("it ends in order", score.ends(program.STOP_S), 0)
        score.start()
        scenario.until_ready(score)
    scenario.until_applied()
    scenario.measured("events", sender.sent)
    shown = {cell: found["windows"]["28d"] for cell, found in scenario.state().items()}
    scenario.same("every event is counted once", shown,
                  {cell: sender.oracle.window(cell, "28d", now_us()) for cell in sender.oracle.cells})
    for running in (intake, score):
        scenario.same(f"{running.instance} ends in order", running.stop()[0], 0)


def run(scenario):
    check_source(scenario)
    check_score(scenario)


if __name__ == "__main__":
    harness.main(run, "handover")
