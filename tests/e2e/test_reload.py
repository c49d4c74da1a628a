"""test_reload.py - HUP: a good scoring file is in force at the next look, a bad one changes nothing and says so; aliases
count from then on; what needs a restart is named."""

import json
import signal

import harness
from interactions import event, now_us
from oracle import US

SUCCESSFUL = "slipstream_config_last_reload_successful"


def send(scenario, agency, name, count):
    topic = scenario.topic("phone")
    at = now_us()
    for i in range(count):
        one = event(agency, "returns", f"{name}-{i}", at - i * US // 10, outcome="served", resolved=i % 2 == 0)
        scenario.kafka.send(topic, scenario.kafka.interaction("phone", topic, one))
    scenario.kafka.flush()
    scenario.until_applied()


def score(scenario, agency):
    found, _ = scenario.kafka.latest(scenario.topic("scores"), lambda record: record["agency"])
    return found.get(agency)


def version(scenario, path):
    return scenario.call("check", scoring__file=path).split()[-1]


def until_method(scenario, agency, expected):
    scenario.until(f"{agency} is scored by {expected}",
                   lambda: (score(scenario, agency) or {}).get("method") == expected or
                   harness.Not(score(scenario, agency)), 30)


def hup(scenario, running, msg):
    before = len(running.lines(msg=msg))
    running.process.send_signal(signal.SIGHUP)
    return scenario.until(f"it says {msg}", lambda: running.lines(msg=msg)[before:], 20)[-1]


def run(scenario):
    scenario.make_topics()
    # Counts are compared here: a public figure that still waits for enough people would not be what was counted.
    builtin = scenario.call("config", "scoring").replace("suppress_below: 11", "suppress_below: 0")
    path = scenario.folder / "scoring.yaml"
    path.write_text(builtin)
    config = scenario.folder / "slipstream.yaml"
    config.write_text("log: {level: info}\n")
    running = scenario.start("one", "--config", str(config), scoring__file=path, score__look_interval="1s")
    scenario.until_ready(running)
    first = version(scenario, path)
    send(scenario, "tax", "plain", 40)
    send(scenario, "TAX", "shouted", 30)
    until_method(scenario, "tax", first)
    scenario.same("nothing was reloaded, nothing failed", running.metrics().sum(SUCCESSFUL), 1)

    path.write_text(builtin.replace("min_n: 10\n", "min_n: ten\n"))
    line = hup(scenario, running, "reload_failed")
    scenario.true("the line says where and what", f"{path}:" in line["error"] and "min_n" in line["error"], line)
    scenario.same("the metric says so", running.metrics().sum(SUCCESSFUL), 0)
    scenario.true("it is ready still", running.ready())
    send(scenario, "parks", "meanwhile", 40)
    until_method(scenario, "parks", first)

    path.write_text(builtin.replace("method: top2box", "method: mean").replace(
        "  list: {}", "  list: {tax: {aliases: [TAX]}}"))
    second = version(scenario, path)
    scenario.true("another method has another version", second != first, (first, second))
    config.write_text("log: {level: debug}\nscore: {apply_interval: 2s}\n")
    shadow = scenario.folder / "shadow.yaml"
    shadow.write_text(builtin.replace("method: top2box", "method: net"))
    with open(config, "a") as more:
        more.write(f"scoring: {{shadow: {shadow}}}\n")
    line = hup(scenario, running, "reloaded")
    scenario.same("the line says what is in force", (line["scoring"], line["level"]), (second, "debug"))
    scenario.same("what wants a restart is named",
                  running.lines(msg="restart_needed")[-1]["settings"], "score.apply_interval")
    scenario.same("the metric says so again", running.metrics().sum(SUCCESSFUL), 1)
    for agency in ("tax", "parks"):
        until_method(scenario, agency, second)
    third = version(scenario, shadow)
    scenario.same("the line names the shadow", line["shadow"], third)
    scenario.until("the view has the shadow beside it", lambda: [
        (one["method"], one["shadow"]["method"]) for one in json.loads(scenario.call("scores", "--json", "tax"))
        if "shadow" in one] == [(second, third)], 30)
    printed = scenario.call("scores", "--shadow", "tax")
    scenario.true("and slipstream scores prints both", "in the shadow" in printed and "tax" in printed, printed)
    send(scenario, "TAX", "an alias now", 25)

    def counted(agency):
        card = next(card for card in score(scenario, agency)["cards"]
                    if card["window"] == "28d" and card["channel"] is None)
        return card["interactions"]

    scenario.until("the alias counts for its agency", lambda: counted("tax") == 65 or
                   harness.Not((counted("tax"), counted("TAX"))), 30)
    scenario.same("what was counted before stays where it was", counted("TAX"), 30)
    scenario.same("told to stop it ends with", running.stop()[0], 0)


if __name__ == "__main__":
    harness.main(run, "reload")
