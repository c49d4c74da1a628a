"""test_sinks.py - an alert on its way to the topic, a real Alertmanager and a signed webhook, with each of them away for
longer than Alertmanager remembers, and the owner killed in the middle: everyone hears once that it opened, once that it is
over.

The intervals are scaled down (1 s, 4 s, 5 s instead of 1, 4 and 5 minutes); with E2E_LONG=1 they are the defaults, and the
waits as long."""

import json
import os
import signal
import time
import urllib.request

import harness
from alerting import scoring_file, send
from receiver import Receiver, is_signed

LONG = os.environ.get("E2E_LONG") == "1"
TARGET = 70
BAD, GOOD = 200, 1800  # a tenth of the first resolved, all of the others
SECRET = "s3cret-" + "k" * 25
INTERVALS = {} if LONG else {"alertmanager__resend": "1s", "alertmanager__ends_after": "4s",
                             "alertmanager__resolved_for": "5s", "webhook__backoff_max": "500ms"}
FORGETS_S = 240 if LONG else 4  # Alertmanager, what it no longer hears of
OUTAGE_S = FORGETS_S * 1.25
SOON_S = 90 if LONG else 15  # several times the interval of resending
MINUTE_S = 60  # looks are at minutes of event time
PARTS = (*harness.PARTS, "alertmanager")

CONFIG = """
route:
  receiver: leads
  group_by: [agency]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 24h
receivers:
  - name: leads
    webhook_configs:
      - url: {url}
        send_resolved: true
"""


class Alertmanager:
    """The stack's."""

    def __init__(self, scenario, receiver):
        self.scenario = scenario
        self.url = scenario.stack.env()["SLIPSTREAM__ALERTMANAGER__URLS"]
        (scenario.stack.folder / "alertmanager/config").write_text(CONFIG.format(url=receiver.url("/leads")))
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/-/reload", method="POST"), timeout=10).close()

    def active(self):
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts?active=true", timeout=10) as answer:
            return json.load(answer)

    def stop(self):
        """TERM: it writes down what it has told."""
        self.scenario.stack.kill("alertmanager", number=signal.SIGTERM, seconds=20)

    def start(self):
        self.scenario.stack.restart("alertmanager")


def stays(scenario, what, probe, seconds):
    """The condition holds all the time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not probe():
            return scenario.true(what, False)
        time.sleep(0.2)
    return scenario.true(what, True)


def topic_has(scenario, transition):
    return [alert for message in scenario.kafka.read(scenario.topic("alerts"))
            if (alert := scenario.kafka.decode(message.value))["transition"] == transition]


def waiting(score):
    return score.metrics().by("sink", "slipstream_alert_sink_waiting")


def check_webhook(scenario, receiver, transition, alert_id):
    events = [(headers, body) for headers, body in receiver.taken("/hook")
              if headers["Slipstream-Event"] == f"alert.{transition}"]
    scenario.same(f"the webhook took `{transition}` once", len(events), 1)
    for headers, body in events:
        scenario.true("its signature is right", is_signed(headers["Slipstream-Signature"], body, SECRET.encode()))
        scenario.true("and would not be for another body",
                      not is_signed(headers["Slipstream-Signature"], body + b" ", SECRET.encode()))
        notice = json.loads(body)
        scenario.same("it says which alert", (notice["id"], notice["agency"], notice["transition"]),
                      (alert_id, "tax", transition))
        scenario.true("and has the sentence", "tax" in notice["text"] and f"{TARGET}.0" in notice["text"], notice["text"])


def open_while_all_are_away(scenario, receiver, alertmanager):
    """Score starts where intake has left everything: its first look finds the alert."""
    settings = {"scoring__file": scoring_file(scenario, {"tax": TARGET}), "webhook__secret": SECRET,
                "webhook__url": receiver.url("/hook?key=s3cret"), "board__url": "https://board.example"} | INTERVALS
    intake = scenario.start("intake", "--stage", "intake", **settings)
    scenario.until_ready(intake)
    send(scenario, "tax", "bad", BAD, 10, applied=False)
    alertmanager.stop()
    receiver.answers["/hook"] = 500
    score = scenario.start("score", "--stage", "score", **settings)
    opened = scenario.until("the topic has the alert, whoever else is away",
                            lambda: topic_has(scenario, "opened"), MINUTE_S + 20)[0]
    scenario.until("the webhook was tried again", lambda: receiver.refused("/hook") >= 3, SOON_S)
    scenario.until("both who are away have it to come", lambda: waiting(score) == {"alertmanager": 1, "webhook": 1}, 10)
    scenario.true("the process is ready all the same", score.ready())
    up = score.metrics()
    scenario.same("dependency_up says who is away",
                  [up.sum("slipstream_dependency_up", dependency=name) for name in ("alertmanager", "webhook", "kafka")],
                  [0, 0, 1])
    return score, opened["id"]


def comes_back(scenario, receiver, alertmanager, score, alert_id):
    time.sleep(OUTAGE_S)
    alertmanager.start()
    scenario.until("Alertmanager tells the leads", lambda: receiver.told("/leads", "firing"), SOON_S)
    receiver.answers["/hook"] = 200
    scenario.until("everyone has it", lambda: not waiting(score), SOON_S)
    scenario.same("the outbox is empty", score.metrics().sum("slipstream_alert_queue_length"), 0)
    check_webhook(scenario, receiver, "opened", alert_id)
    alert = receiver.told("/leads", "firing")[0]["alerts"][0]
    says = {"alertname": "SlipstreamTarget", "agency": "tax", "subject": "cx", "kind": "target", "episode": alert_id,
            "severity": "warning"}
    scenario.same("labels are what it is", alert["labels"], says)
    scenario.true("the summary says it in words", f"{TARGET}.0" in alert["annotations"]["summary"], alert["annotations"])
    scenario.same("it links to the agency's page", alert["generatorURL"], "https://board.example/agency/tax")


def once(receiver):
    return len(receiver.told("/leads", "firing")) == 1 and not receiver.told("/leads", "resolved")


def stays_open(scenario, receiver, alertmanager, score):
    stays(scenario, "it stays firing for longer than Alertmanager remembers, told once",
          lambda: once(receiver) and len(alertmanager.active()) == 1, FORGETS_S * 2)
    score.kill()
    score.start()
    scenario.until_ready(score)
    stays(scenario, "its owner killed and started again: nobody hears of it twice", lambda: once(receiver), FORGETS_S * 1.5)
    scenario.same("and Alertmanager has it", len(alertmanager.active()), 1)
    alertmanager.stop()
    time.sleep(OUTAGE_S)
    alertmanager.start()
    scenario.until("after an outage Alertmanager has it again", alertmanager.active, SOON_S)
    stays(scenario, "and tells nobody twice", lambda: once(receiver), 3)


def run(scenario):
    receiver = Receiver()
    try:
        scenario.make_topics()
        alertmanager = Alertmanager(scenario, receiver)
        score, alert_id = open_while_all_are_away(scenario, receiver, alertmanager)
        comes_back(scenario, receiver, alertmanager, score, alert_id)
        scenario.same("slipstream alerts --id finds it",
                      [one["id"] for one in json.loads(scenario.call("alerts", "--json", "--id", alert_id))], [alert_id])
        scenario.call("alerts", "--id", "0" * 16, code=1)
        stays_open(scenario, receiver, alertmanager, score)
        send(scenario, "tax", "good", GOOD, 1)
        scenario.until("the topic has its end", lambda: topic_has(scenario, "closed"), MINUTE_S + 20)
        scenario.until("Alertmanager tells that it is over", lambda: receiver.told("/leads", "resolved"), SOON_S)
        scenario.until("everyone has it", lambda: not waiting(score), SOON_S)
        check_webhook(scenario, receiver, "closed", alert_id)
        stays(scenario, "that was all", lambda: len(receiver.taken("/leads")) == 2, 3)
        scenario.same("Alertmanager has none that is open", alertmanager.active(), [])
        logs = "".join(running.path.read_text() for running in scenario.programs)
        scenario.true("no log has a secret", "s3cret" not in logs)
        scenario.measured("deliveries", score.metrics().by("outcome", "slipstream_alert_deliveries_total"))
    finally:
        receiver.close()


if __name__ == "__main__":
    harness.main(run, "sinks", PARTS)
