"""test_import_311.py - the main job: 12,000 real requests imported while two processes run, one of which is restarted
in the middle; then Redis and the published topics must say what count_311.py counts straight from the CSV."""

import json
import math
import signal
import subprocess

import attacker
import count_311
import harness
import messages
import program
from oracle import DAY, RESOLUTION_EDGES, WINDOWS, Oracle, in_window

DATA = harness.SOURCE.parent / "shared/data/events-311-trimmed.csv"
EXCERPT = harness.SOURCE / "tests/fixtures/events-311-excerpt.csv"
MAPPING = harness.SOURCE / "deploy/mappings/311.yaml"
SUPPRESSED_BELOW = 11       # deploy/scoring.yaml: suppress_below
LEAST = 10                  # and min_n
STANDARD_US = DAY * 10**6   # and the standard of a resolution, on every channel
Z = 1.959963984540054
AGENCIES_LEAST = 5          # that have a score to compare, in the whole file
# So that the import lasts some seconds, and can have a middle: sent in so many batches, each after so many ms.
BATCHES, LINGER_MS = 50, 60


class Import:
    """`slipstream import` as a process, and how far it has come."""

    def __init__(self, scenario, path, rows):
        self.scenario = scenario
        slowly = {"kafka.properties.queue.buffering.max.messages": max(1, rows // BATCHES),
                  "kafka.properties.linger.ms": LINGER_MS}
        words = ("import", "--mapping", str(MAPPING), "--rebase", "--json", str(path))
        command = program.command(harness.BINARY, words, scenario.settings | {"instance": "importer"} | slowly)
        self.process = subprocess.Popen(program.mortal(command), env=program.environment(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=open(scenario.folder / "import.log", "ab"))

    def runs(self):
        return self.process.poll() is None

    def sent(self):
        return sum(self.scenario.kafka.ends(*(self.scenario.topic(channel) for channel in messages.CHANNELS)).values())

    def report(self):
        out, _ = self.process.communicate(timeout=60)
        if self.process.returncode != 0:
            raise harness.Failure(f"import ended with exit code {self.process.returncode}: {out}")
        return json.loads(out)


def restart_in_the_middle(scenario, importing, victim, rows, end):
    """At a third of the rows the victim ends, and at two thirds it comes back."""
    scenario.until("a third is imported", lambda: importing.sent() >= rows / 3, 60)
    first = importing.sent()
    end(victim)
    scenario.until("two thirds are imported", lambda: importing.sent() >= 2 * rows / 3, 60)
    scenario.true("the process was away in the middle of the import", importing.runs())
    victim.start()
    scenario.measured("messages on the topics when it ended", first)


def check_report(scenario, report, counted):
    expected = {"rows": counted["rows"], "sent": counted["sent"], "failed": 0, "reasons": counted["reasons"],
                "topics": {scenario.topic(channel): count for channel, count in counted["channels"].items()}}
    scenario.same("the import's own report", {key: report[key] for key in expected}, expected)


def check_messages(scenario, events, report):
    """The messages sent are the rows', with the times that rebasing says. Returns the events with these times."""
    sent = {}
    for channel in messages.CHANNELS:
        for message in scenario.kafka.read(scenario.topic(channel)):
            event = scenario.kafka.decode(message.value)
            filled = {key: value for key, value in event.items() if value is not None}
            sent[event["event_id"]] = {"channel": channel} | filled
    last_us = max(event["occurred_at"] for event in sent.values())
    rebased = count_311.rebase(events, last_us)
    scenario.same("the report's last event is the topics'", harness.iso(last_us), report["last"])
    scenario.same("every message says what its row says, rebased", sent, {
        event["event_id"]: {"channel": channel, "retracts": False} | event for channel, event in rebased})
    return rebased


# ---- what should be published ----

WITHHELD = {"suppressed": True, "interactions": None, "events": None, "signals": {}}


def expected_aggregate(oracle, cell, window, as_of):
    counts = oracle.window(cell, window, as_of)
    if counts["interactions"] < SUPPRESSED_BELOW:
        return WITHHELD
    return {"suppressed": False} | counts


def wilson(good, n):
    """Wilson's interval, in percent."""
    p, z2 = good / n, Z * Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return {"value": 100 * p, "low": 100 * max(0, middle - half), "high": 100 * min(1, middle + half), "n": n}


class Few:
    """Where an agency has cells of few people, others of its cells and cards are withheld with them."""

    def __init__(self, oracle):
        self.oracle = oracle
        self.people = {}

    def people_in(self, agency, window, as_of):
        """Of each of its cells with any."""
        key = agency, window, as_of
        if key not in self.people:
            counted = {cell: self.oracle.window(cell, window, as_of)["interactions"]
                       for cell in self.oracle.cells if cell[0] == agency}
            self.people[key] = {cell: count for cell, count in counted.items() if count}
        return self.people[key]

    def has(self, agency, window, as_of):
        return any(count < SUPPRESSED_BELOW for count in self.people_in(agency, window, as_of).values())


class Agencies:
    """Interactions of each agency, and those that were resolved within the standard, from the events."""

    def __init__(self, events):
        self.events = {}
        for channel, event in events:
            self.events.setdefault(event["agency"], []).append((channel, event))

    def card(self, agency, window, channel, as_of):
        inside = [event for on, event in self.events[agency]
                  if channel in (None, on) and in_window(event["occurred_at"], window, as_of)]
        if len(inside) < SUPPRESSED_BELOW:
            return {"suppressed": True, "interactions": None, "quick": None}
        timed = [event["resolution_seconds"] * 10**6 for event in inside if "resolution_seconds" in event]
        good = sum(1 for duration in timed if duration < STANDARD_US)
        return {"suppressed": False, "interactions": len(inside),
                "quick": wilson(good, len(timed)) if len(timed) >= LEAST else None}


def close_to(got, expected):
    if got is None or expected is None:
        return got is expected
    return got["n"] == expected["n"] and all(abs(got[key] - expected[key]) < 1e-9 for key in ("value", "low", "high"))


def card_is_right(card, wanted, may_be_withheld):
    """The requests tell of nothing but quick resolution: the score is that driver's, and its operational line's"""
    if may_be_withheld and card["suppressed"]:
        wanted = {"suppressed": True, "interactions": None, "quick": None}
    quick = card["drivers"].get("quick_resolution", {"score": None, "operational": None})
    return (card["suppressed"] == wanted["suppressed"] and card["interactions"] == wanted["interactions"]
            and all(close_to(got, wanted["quick"]) for got in (quick["operational"], quick["score"], card["cx"]))
            and set(card["drivers"]) <= {"quick_resolution"})


# ---- comparing ----

def is_right(got, wanted, may_be_withheld):
    return got == wanted or (may_be_withheld and got == WITHHELD)


def wrong_aggregates(scenario, oracle, few, now_as_of):
    """What differs: at the time that each record states, and at the time the state has reached."""
    found, count = scenario.kafka.latest(
        scenario.topic("aggregates"), lambda one: (one["agency"], one["service"], one["channel"], one["window"]))
    wrong = {}
    for cell in oracle.cells:
        if cell not in now_as_of:
            wrong[cell] = "is not in the state"
            continue
        for window in WINDOWS:
            record = found.get((*cell, window))
            wanted = expected_aggregate(oracle, cell, window, now_as_of[cell])
            if record is None:
                if oracle.window(cell, window, now_as_of[cell])["events"]:
                    wrong[(*cell, window)] = "is not there"
                continue
            got = {key: record[key] for key in ("suppressed", "interactions", "events", "signals")}
            stated = expected_aggregate(oracle, cell, window, record["as_of"])
            if (not is_right(got, wanted, few.has(cell[0], window, now_as_of[cell]))
                    or not is_right(got, stated, few.has(cell[0], window, record["as_of"])) or record["catching_up"]):
                wrong[(*cell, window)] = (got, wanted, stated, record["catching_up"])
    wrong |= {key: "nobody knows of it" for key in found if key[:3] not in oracle.cells}
    return wrong, found, count


def wrong_scores(scenario, agencies, few):
    found, count = scenario.kafka.latest(scenario.topic("scores"), lambda one: one["agency"])
    wrong = {agency: "is not there" for agency in agencies.events if agency not in found}
    compared = set()
    for agency, record in found.items():
        if agency not in agencies.events or record["catching_up"]:
            wrong[agency] = "nobody knows of it" if agency not in agencies.events else "catching up"
            continue
        for card in record["cards"]:
            wanted = agencies.card(agency, card["window"], card["channel"], record["as_of"])
            if not card_is_right(card, wanted, few.has(agency, card["window"], record["as_of"])):
                wrong[agency, card["window"], card["channel"]] = (card, wanted)
            if wanted["quick"] and card["channel"] is None and card["window"] == "28d":
                compared.add(agency)
    return wrong, compared, count


def check_view(scenario, agencies, few):
    views = json.loads(scenario.call("scores", "--json"))
    wrong = {}
    for view in views:
        as_of = harness.microseconds(view["as_of"])
        for card in view["cards"]:
            wanted = agencies.card(view["agency"], card["window"], card["channel"], as_of)
            if card["suppressed"] and few.has(view["agency"], card["window"], as_of):
                wanted = {"interactions": None, "quick": None}
            quick = card.get("drivers", {}).get("quick_resolution", {}).get("operational")
            if card.get("interactions") != wanted["interactions"] or (quick is None) != (wanted["quick"] is None) or (
                    quick and abs(quick["value"] - wanted["quick"]["value"]) > 0.01):
                wrong[view["agency"], card["window"], card["channel"]] = (card, wanted)
    scenario.same("the live view has every agency", {view["agency"] for view in views}, set(agencies.events))
    scenario.same("and their figures", wrong, {})


def check_state(scenario, oracle):
    cells = scenario.state()
    scenario.same("the state has the CSV's cells", set(cells), set(oracle.cells))
    as_of = {cell: harness.microseconds(found["as_of"]) for cell, found in cells.items()}
    for window in ("28d", "7d", "24h"):
        shown = {cell: found["windows"][window] for cell, found in cells.items()}
        scenario.same(f"every cell's counts over {window}", shown,
                      {cell: oracle.window(cell, window, as_of[cell]) for cell in cells})
    scenario.measured("cells", len(cells))
    scenario.measured("events in the 28d windows", sum(found["windows"]["28d"]["events"] for found in cells.values()))
    return as_of


def check_recorded(scenario, events):
    """What `simulate --signals` counts of cx.signals, which it only reads: the events that are resolved, and in time."""
    shares = {}
    for line in scenario.call("simulate", "--signals", "--json").splitlines():
        one = json.loads(line)
        if one["kind"] == "share":
            shares[one["agency"], one["channel"], one["signal"]] = [one["good"], one["n"]]
    counted = {}
    for channel, event in events:
        if "resolution_seconds" in event:
            good_n = counted.setdefault((event["agency"], channel, "resolution"), [0, 0])
            good_n[0] += event["resolution_seconds"] * 10**6 < STANDARD_US
            good_n[1] += 1
    resolved = {key: value for key, value in shares.items() if key[2] == "resolution"}
    scenario.same("simulate --signals counts what was recorded", resolved, counted)


def check_published(scenario, oracle, agencies, few, full):
    def aggregates():
        as_of = {cell: harness.microseconds(found["as_of"]) for cell, found in scenario.state().items()}
        wrong, found, count = wrong_aggregates(scenario, oracle, few, as_of)
        return harness.Not(dict(list(wrong.items())[:3])) if wrong else (found, count)

    def scores():
        wrong, compared, count = wrong_scores(scenario, agencies, few)
        return harness.Not(dict(list(wrong.items())[:2])) if wrong else (compared, count)

    found, count = scenario.until("the latest aggregates are the CSV's", aggregates, 30)
    scenario.true("the latest aggregates are the CSV's, those of fewer than 11 withheld", True)
    scenario.measured("aggregates: keys, withheld, messages",
                      (len(found), sum(one["suppressed"] for one in found.values()), count))
    compared, count = scenario.until("the latest scores are the CSV's", scores, 30)
    scenario.true("the latest scores are the CSV's", True)
    scenario.measured("agencies whose quick resolution over 28d was compared", len(compared))
    scenario.measured("of agencies", len(agencies.events))
    if full:
        scenario.true(f"these are at least {AGENCIES_LEAST}", len(compared) >= AGENCIES_LEAST)


def shown_of(agency, window, cells, aggregates, record):
    """The sets of cells whose sums are shown."""
    shown = [{cell} for cell in cells if not aggregates[(*cell, window)]["suppressed"]]
    cards = [(card, lambda cell, on=card["channel"]: on in (None, cell[2])) for card in record["cards"]]
    cards += [(card, lambda cell, of=one["service"]: of == cell[1]) for one in record["services"] for card in one["cards"]]
    shown += [{cell for cell in cells if belongs(cell)} for card, belongs in cards
              if card["window"] == window and not card["suppressed"]]
    return [figure for figure in shown if figure]


def check_attack(scenario, few):
    """Of what is current on the topics, sums added and subtracted tell of no group of too few people."""
    aggregates, _ = scenario.kafka.latest(
        scenario.topic("aggregates"), lambda one: (one["agency"], one["service"], one["channel"], one["window"]))
    scores, _ = scenario.kafka.latest(scenario.topic("scores"), lambda one: one["agency"])
    broken, tried, plain = {}, 0, 0
    for agency, record in scores.items():
        for window in WINDOWS:
            people = few.people_in(agency, window, record["as_of"])
            if not people:
                continue
            shown = shown_of(agency, window, people, aggregates, record)
            found = attacker.worked_out(people, shown, SUPPRESSED_BELOW)
            tried += bool(shown)
            if found:
                broken[agency, window] = found[:3]
            naive = [{cell} for cell in people if people[cell] >= SUPPRESSED_BELOW] + [set(people)]
            plain += bool(attacker.worked_out(people, naive, SUPPRESSED_BELOW))
    scenario.same("an attacker works out no figure of too few people", broken, {})
    scenario.measured("agencies and windows attacked; that plain suppression would have lost", (tried, plain))


def check_signals(scenario, sent):
    events = [one for batch in scenario.kafka.signal_batches(scenario.topic("signals")) for one in batch["events"]]
    scenario.same("cx.signals has every event, once", (len(events), len({one["id"] for one in events})), (sent, sent))
    scenario.same("there are no dead letters", scenario.kafka.dead_letters(scenario.topic("deadletter")), [])


def withhold(scenario, name, below):
    """Writes a scoring file, the built-in one but for whose figures are withheld. Returns its path."""
    text = scenario.call("config", "scoring")
    kept = f"suppress_below: {SUPPRESSED_BELOW}"
    assert text.count(kept) == 1, "the built-in limit"
    path = scenario.folder / f"{name}-scoring.yaml"
    path.write_text(text.replace(kept, f"suppress_below: {below}"))
    return path


def variant(scenario, name, end, path):
    """Counted while nothing is held back, so that each figure is exact at the time it states; then what is of few is
    withheld. (What is held back as it comes is attacked in unit/public.)"""
    print(f" {name}", flush=True)
    scoring = withhold(scenario, name, 0)
    scenario.own_topics(name)
    scenario.make_topics()
    events, _ = count_311.read(path)
    first, second = (scenario.start(f"{name}-{n}", score__look_interval="1s", scoring__file=scoring)
                     for n in (1, 2))
    scenario.until_ready(first, second)
    importing = Import(scenario, path, len(events))
    restart_in_the_middle(scenario, importing, second, len(events), end)
    report = importing.report()
    scenario.until_ready(first, second)
    scenario.until_applied()
    check_report(scenario, report, count_311.summary(path))
    events = check_messages(scenario, events, report)
    oracle = Oracle()
    for channel, event in events:
        oracle.add(channel, event)
    check_signals(scenario, len(events))
    check_state(scenario, oracle)
    agencies = Agencies(events)
    few = Few(oracle)
    withhold(scenario, name, SUPPRESSED_BELOW)
    for running in (first, second):
        running.process.send_signal(signal.SIGHUP)
    check_published(scenario, oracle, agencies, few, path == DATA)
    check_attack(scenario, few)
    check_view(scenario, agencies, few)
    check_recorded(scenario, events)
    for running in (first, second):
        scenario.same(f"{running.instance} ends in order", running.stop()[0], 0)


def run(scenario):
    path = DATA if DATA.exists() else EXCERPT
    if path == EXCERPT:
        print(f"  {DATA} is not there: with {EXCERPT.name} instead", flush=True)
    assert STANDARD_US // 10**6 in RESOLUTION_EDGES
    variant(scenario, "told", lambda victim: victim.stop(), path)
    variant(scenario, "killed", lambda victim: victim.kill(), path)


if __name__ == "__main__":
    harness.main(run, "import_311")
