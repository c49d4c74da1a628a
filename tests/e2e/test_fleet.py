"""test_fleet.py - agencies beside one another: the fleet's figures are those of the agencies' own scores, from every
partition and both instances; and whoever is below a published line that alerts is told of by name, the others are not.
Looks happen at minutes of event time, so this takes until the clock has struck two of them."""

import json

import harness
from interactions import event, now_us
from oracle import US

SHARES = {"tax": 9, "parks": 0, "benefits": 8, "customs": 7, "roads": 1}  # of ten contacts, those that were resolved
FEW = "post"  # too few people to show
CONTACTS = 300
LINE = 62.6
LOOKS_S = 150
APART = 1e-6


def send(scenario):
    topic = scenario.topic("phone")
    at = now_us()
    for agency, share in (SHARES | {FEW: 5}).items():
        for i in range(8 if agency == FEW else CONTACTS):
            one = event(agency, "returns", f"{agency}-{i}", at - i * US // 100, outcome="served", resolved=i % 10 < share)
            scenario.kafka.send(topic, scenario.kafka.interaction("phone", topic, one))
    scenario.kafka.flush()
    scenario.until_applied()


def scores(scenario, window):
    """By agency, what slipstream shows of it."""
    found = {}
    for view in json.loads(scenario.call("scores", "--json")):
        card = next(card for card in view["cards"] if card["window"] == window and card["channel"] is None)
        if "cx" in card:
            found[view["agency"]] = card["cx"]["value"]
    return found


def check_figures(scenario, fleet, window):
    shown = scores(scenario, window)
    scenario.same(f"{window}: whoever has too few people is not shown", set(shown), set(SHARES))
    figures = next(figures for figures in fleet["windows"] if figures["window"] == window)
    expected = {"agencies": len(shown), "average": sum(shown.values()) / len(shown), "best": max(shown.values()),
                "worst": min(shown.values()), "spread": max(shown.values()) - min(shown.values())}
    got = {"agencies": figures["agencies"], "average": figures["average"], "best": figures["best"]["value"],
           "worst": figures["worst"]["value"], "spread": figures["spread"]}
    scenario.true(f"{window}: the figures are those of the agencies",
                  all(abs(got[name] - expected[name]) < APART for name in expected), (got, expected))
    scenario.same(f"{window}: best and worst are named", (figures["best"]["agency"], figures["worst"]["agency"]),
                  ("tax", "parks"))


def run(scenario):
    path = scenario.folder / "scoring.yaml"
    builtin = scenario.call("config", "scoring")
    path.write_text(builtin.replace("    year: 2021\n", "    year: 2021\n    alert: true\n", 1))
    scenario.settings |= {"scoring.file": str(path), "score.apply_interval": "500ms"}
    scenario.make_topics()
    both = [scenario.start(name) for name in ("one", "two")]
    scenario.until_ready(*both)
    send(scenario)

    def complete():
        try:
            fleet = json.loads(scenario.call("scores", "--fleet", "--json"))
        except harness.Failure as failure:
            return harness.Not(failure)
        enough = [figures for figures in fleet["windows"] if figures["agencies"] == len(SHARES)]
        return fleet if fleet["complete"] and len(enough) == 5 else harness.Not(fleet)

    fleet = scenario.until("the fleet is complete", complete, LOOKS_S)
    for window in ("1h", "28d"):
        check_figures(scenario, fleet, window)
    printed = scenario.call("scores", "--fleet")
    scenario.true("it is printed in a table", "spread" in printed and "parks" in printed, printed)

    below = {agency for agency, value in scores(scenario, "4h").items() if value < LINE}
    scenario.same("two are below the line", below, {"parks", "roads"})

    def told():
        found = json.loads(scenario.call("alerts", "--json"))
        return found if len(found) >= len(below) else harness.Not(found)

    alerts = scenario.until("both are told of", told, LOOKS_S)
    scenario.same("and nobody else", {(alert["agency"], alert["kind"], alert["subject"]) for alert in alerts},
                  {(agency, "benchmark", "cx") for agency in below})
    line = alerts[0]["benchmark"]
    scenario.same("with the line's value and year", (line["value"], line["year"]), (LINE, 2021))
    scenario.true("whose it is stands in the sentence",
                  all("is below the US federal average of 62.6 (2021, Forrester" in alert["text"] for alert in alerts),
                  [alert["text"] for alert in alerts])
    listed = scenario.call("alerts")
    scenario.true("slipstream alerts says what each is of, and how it stands",
                  listed.count("kind benchmark subject cx state firing") == 2, listed)
    for running in both:
        scenario.same(f"{running.instance}: told to stop it ends with", running.stop()[0], 0)
        scenario.same(f"{running.instance}: and never failed to read the fleet or add it up",
                      running.lines(msg="fleet_not_read") + running.lines(msg="fleet_not_added_up"), [])


if __name__ == "__main__":
    harness.main(run, "fleet")
