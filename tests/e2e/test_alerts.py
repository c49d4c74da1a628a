"""test_alerts.py - below its own target an agency has one alert, until it recovers; a restart in between tells nothing
anew, nor does a Redis that was emptied. Looks happen at minutes of event time, so this takes until the clock has struck two of them."""

import json
import subprocess
import time

import harness
from alerting import scoring_file, send
from interactions import now_us
from oracle import US

TARGET = 70
BAD, GOOD = 200, 1800  # phone contacts of the agency: a tenth of the first resolved, all of the others
LEAST = 50  # the built-in rule's min_n
MINUTE_S = 60
LOOK_S = MINUTE_S + 20  # the next minute, intake's word that nothing is missing (5 s), and some


def told(scenario):
    """What stands on the alerts topic."""
    return [scenario.kafka.decode(message.value) for message in scenario.kafka.read(scenario.topic("alerts"))]


def open_ones(scenario):
    return json.loads(scenario.call("alerts", "--json"))


def until_told(scenario, transition):
    def probe():
        found = [alert for alert in told(scenario) if alert["transition"] == transition]
        return found or harness.Not(told(scenario))

    began = time.monotonic()
    found = scenario.until(f"an alert is {transition}", probe, LOOK_S)
    scenario.measured(f"seconds until it was {transition}", f"{time.monotonic() - began:.1f}")
    return found


def check_opened(scenario, alert, sent_us):
    says = {"agency": "tax", "subject": "cx", "kind": "target", "state": "firing", "window": "1h", "ordinal": 1}
    scenario.same("the alert says what it is", {key: alert[key] for key in says}, says)
    scenario.same("its target is the agency's", alert["target"], TARGET)
    estimate = alert["estimate"]
    scenario.true("what it fired on is below it",
                  estimate["low"] < estimate["value"] < estimate["high"] < TARGET, estimate)
    scenario.true("and rests on enough contacts", LEAST <= estimate["n"] <= BAD, estimate["n"])
    scenario.true("it opened after what was sent, and is not closed",
                  alert["since"] <= alert["opened_at"] and alert["opened_at"] >= sent_us - MINUTE_S * US
                  and alert["closed_at"] is None, alert)
    text = alert["text"]
    scenario.true("its text names agency and target", "tax" in text and f"{TARGET}.0" in text, text)


def stored(scenario):
    """Every cell's counts of the longest window."""
    return {cell: shown["windows"]["28d"] for cell, shown in scenario.state().items()}


def empty_redis(scenario, running, alert_id):
    """In the middle of an episode: what is not on cx.signals comes back from cx.state."""
    before = open_ones(scenario)
    counts = stored(scenario)
    subprocess.run(["redis-cli", "-u", scenario.settings["redis.url"], "flushall"], stdout=subprocess.DEVNULL, check=True)
    began = time.monotonic()
    shown = scenario.until("the view shows the alert again", lambda: open_ones(scenario), 30)
    scenario.until("all is counted again", lambda: stored(scenario) == counts, 30)
    scenario.measured("seconds until an emptied Redis was as before", f"{time.monotonic() - began:.1f}")
    same = ("id", "ordinal", "since", "opened_at", "state")
    scenario.same("it is the same episode", [[one[key] for key in same] for one in shown],
                  [[one[key] for key in same] for one in before])
    scenario.true("which the log says", running.lines(msg="state_was_empty"))
    scenario.same("nobody was told again", [(one["id"], one["transition"]) for one in told(scenario)],
                  [(alert_id, "opened")])


def run(scenario):
    scenario.make_topics()
    running = scenario.start("one", scoring__file=scoring_file(scenario, {"tax": TARGET}), score__look_interval="1s")
    scenario.until_ready(running)
    sent_us = now_us()
    send(scenario, "parks", "calm", BAD, 10)  # as poor, but without a target
    send(scenario, "tax", "bad", BAD, 10)
    opened = until_told(scenario, "opened")
    check_opened(scenario, opened[0], sent_us)
    alert_id = opened[0]["id"]
    shown = scenario.until("the view shows it", lambda: open_ones(scenario), 10)
    scenario.same("slipstream alerts shows it, and it alone",
                  [(one["id"], one["agency"], one["subject"], one["state"]) for one in shown],
                  [(alert_id, "tax", "cx", "firing")])
    scenario.true("and prints it in words", opened[0]["text"].split(";")[0] in scenario.call("alerts"))

    scenario.same("told to stop it ends with", running.stop()[0], 0)
    running.start()
    scenario.until_ready(running)
    scenario.same("after a restart it is open still", [one["id"] for one in open_ones(scenario)], [alert_id])
    empty_redis(scenario, running, alert_id)
    send(scenario, "tax", "good", GOOD, 1)
    closed = until_told(scenario, "closed")
    scenario.same("what closes is what was opened", {(one["id"], one["ordinal"]) for one in closed}, {(alert_id, 1)})
    scenario.true("at its target again", closed[0]["estimate"]["value"] >= TARGET, closed[0]["estimate"])
    scenario.true("after it was opened", closed[0]["closed_at"] > closed[0]["opened_at"] == opened[0]["opened_at"])
    scenario.until("the view shows none", lambda: open_ones(scenario) == [], 10)

    everything = told(scenario)
    scenario.same("nothing else was ever told", {(one["id"], one["transition"]) for one in everything},
                  {(alert_id, "opened"), (alert_id, "closed")})
    scenario.measured("messages on the alerts topic", len(everything))
    scenario.same("metrics count the one that closed", running.metrics().by(
        "transition", "slipstream_alerts_total", kind="target"), {"closed": 1})


if __name__ == "__main__":
    harness.main(run, "alerts")
