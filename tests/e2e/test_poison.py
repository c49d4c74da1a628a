"""test_poison.py - 50,000 messages in a row that cannot be read: each a dead letter, the good ones around them count, and
intake needs no more memory than before. tests/bench/run --poison does it with a million, and says how fast."""

import os
from pathlib import Path

import harness
import messages
from interactions import HOUR_US, event, now_us
from oracle import US, Oracle

GOOD = 20000
POISON = 50000
IDS = {"web": 1, "phone": 2, "office": 3, "chat": 4}
GROWTH_MOST_MIB = 5


def spoilt(value, number):
    """The reason, and bytes that cannot be read: cut, of another framing, of no known schema, no text, too long."""
    return [("truncated", lambda: value[:-7]),
            ("bad_magic", lambda: b"\x07" + value[1:]),
            ("unknown_schema", lambda: messages.frame(987654321, value[5:])),
            ("bad_utf8", lambda: value[:6] + b"\xff" + value[7:]),
            ("trailing_bytes", lambda: value + b"\0")][number % 5]


def value_of(scenario, channel, one):
    return messages.frame(IDS[channel], messages.encode(scenario.kafka.schema(f"{channel}_interaction"), one))


def send_good(scenario, oracle, first, count):
    start = now_us() - HOUR_US
    for i in range(first, first + count):
        channel = messages.CHANNELS[i % 4]
        fields = {"completed": i % 3 > 0} if channel == "web" else {"resolved": i % 3 > 0}
        one = event(f"agency-{i % 7}", f"service-{i % 3}", f"good-{i}", start - i % 1000 * US, **fields)
        scenario.kafka.send(scenario.topic(channel), value_of(scenario, channel, one), partition=i // 4 % 4)
        oracle.add(channel, one)
    scenario.kafka.flush()


def send_poison(scenario):
    """Returns how many of each reason."""
    start = now_us() - HOUR_US
    reasons = {}
    for i in range(POISON):
        one = event(f"agency-{i % 7}", f"service-{i % 3}", os.urandom(24).hex(), start - i, outcome="served",
                    wait_seconds=12.5, survey={"trust": 4})
        reason, make = spoilt(value_of(scenario, "phone", one), i)
        scenario.kafka.send(scenario.topic("phone"), make(), partition=i // 5 % 4)
        reasons[reason] = reasons.get(reason, 0) + 1
    scenario.kafka.flush()
    return reasons


def resident_mib(running):
    for line in Path(f"/proc/{running.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise harness.Failure("no VmRSS")


def run(scenario):
    ids = ",".join(f"{number}={channel}_interaction.avsc" for channel, number in IDS.items())
    ids += "".join(f",{number}={name}.avsc" for number, name in
                   enumerate(("aggregate_key", "aggregate", "score", "alert"), 11))
    scenario.settings |= {"schemas.folder": str(harness.SOURCE / "schemas"), "schemas.ids": ids,
                          "kafka.queued_max": "1MiB"}  # what is fetched ahead has this bound of its own
    scenario.make_topics()
    intake = scenario.start("intake", "--stage", "intake")
    score = scenario.start("score", "--stage", "score")
    scenario.until_ready(intake, score)
    oracle = Oracle()
    send_good(scenario, oracle, 0, GOOD)
    scenario.until_applied(seconds=120)
    before = resident_mib(intake)
    reasons = send_poison(scenario)
    send_good(scenario, oracle, GOOD, 400)
    scenario.until_applied(seconds=120)
    after = resident_mib(intake)
    scenario.measured("resident memory of intake, MiB, before and after", f"{before:.1f} {after:.1f}")
    scenario.true("it grows by less than 5 MiB", after - before < GROWTH_MOST_MIB, after - before)

    metrics = intake.metrics()
    scenario.same("metrics count them by reason", metrics.by("reason", "slipstream_deadletters_total"), reasons)
    scenario.same("intake's outcomes", metrics.by("outcome", "slipstream_records_total", stage="intake"),
                  {"applied": GOOD + 400, "deadlettered": POISON})
    scenario.accounts(intake)
    letters = scenario.kafka.dead_letters(scenario.topic("deadletter"))
    scenario.same("every one is a dead letter", len(letters), POISON)
    scenario.same("and one only", len({(one.record["partition"], one.record["offset"]) for one in letters}), POISON)
    cells = scenario.state()
    scenario.same("the good ones before and behind them all count",
                  {cell: shown["windows"]["28d"]["events"] for cell, shown in cells.items()},
                  {cell: oracle.window(cell, "28d", now_us())["events"] for cell in oracle.cells})


if __name__ == "__main__":
    harness.main(run, "poison", parts=("kafka", "redis"))
