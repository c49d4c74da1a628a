"""test_languages.py - Java, Python, JavaScript and Go write the same interactions, in three versions of the schemas, each
for agencies of its own: all are counted alike, and as the oracle counts. Then each reads what is published, and all read
the same. And the registry's own judgement: our schemas are fully compatible with every release of them."""

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))

import events
import harness
import messages
import peers
from interactions import now_us

SEED = 20261126
TARGET = 99.5     # above what the first agency of each language reaches, so that it has an alert
WITHHELD_BELOW = 11
DIGITS = 9        # after the point
LOOKED = re.compile(r"; below it since .*")  # the end of an alert's text
PUBLIC = ("aggregate", "aggregate_key", "score", "alert", *(f"{channel}_interaction" for channel in messages.CHANNELS))


def check_registry(scenario):
    """Apicurio judges, on full compatibility with all versions, as one that a platform team runs would."""
    schemas = harness.SOURCE / "schemas"
    ask = scenario.kafka.ask
    refused = []
    for name in PUBLIC:
        for release in sorted((schemas / "released").iterdir()):
            if not (release / f"{name}.avsc").exists():
                continue
            subject = f"released-{release.name}-{name}"
            scenario.kafka.register(subject, (release / f"{name}.avsc").read_text())
            ask(f"/config/{subject}", {"compatibility": "FULL_TRANSITIVE"}, "PUT")
            text = (schemas / f"{name}.avsc").read_text()
            path = f"/compatibility/subjects/{subject}/versions/latest"
            if not ask(path, {"schema": text})["is_compatible"]:
                refused.append(subject)
            spoiled = json.loads(text)
            spoiled["fields"].append({"name": "needed", "type": "string"})
            if ask(path, {"schema": json.dumps(spoiled)})["is_compatible"]:
                refused.append(f"{subject}: takes a new field without a default")
    scenario.same("the registry holds our schemas compatible with every release", refused, [])


def scoring_file(scenario, below):
    """The built-in one, with a target for the first agency of each language, and one look to open; figures of fewer people
    than so many are withheld. Returns its path, which is always the same."""
    before, section, rule = scenario.call("config", "scoring").rpartition("\ntargets:\n")
    targets = ", ".join(f"{language}-agency-0: {{cx: {TARGET}}}" for language in peers.LANGUAGES)
    for old, new in (("window: 4h", "window: 1h"), ("looks_to_open: 2", "looks_to_open: 1"),
                     ("agencies: {}", f"agencies: {{{targets}}}")):
        assert rule.count(f" {old}") == 1, old
        rule = rule.replace(f" {old}", f" {new}")
    kept = f"suppress_below: {WITHHELD_BELOW}"
    assert before.count(kept) == 1, "the built-in limit"
    path = scenario.folder / "scoring.yaml"
    path.write_text(before.replace(kept, f"suppress_below: {below}") + section + rule)
    return path


def produce_all(scenario, commands, path):
    """All at once, as their owners would."""
    ids = peers.register(scenario.kafka, path)
    words = ("produce", scenario.settings["kafka.brokers"], scenario.settings["registry.url"])
    running = [peers.Peer(command, scenario.folder, f"{language}-produces", (*words, language, str(path)))
               for language, command in commands.items()]
    peers.python_produces(scenario.kafka, path, ids)
    for peer in running:
        peer.lines()


def check_sent(scenario, made):
    """What stands on the topics, whoever wrote it and however often: so that what is missing later is not a producer's."""
    found = {language: set() for language in peers.LANGUAGES}
    copies = 0
    for channel in messages.CHANNELS:
        for message in scenario.kafka.read(scenario.topic(channel)):
            one = scenario.kafka.decode(message.value)
            found[one["agency"].partition("-")[0]].add((one["agency"].partition("-")[2], one["event_id"]))
            copies += 1
    expected = {(one["agency"], one["event_id"]) for _, _, one in made}
    scenario.same("every language's events are on the topics",
                  {language: len(expected - events_there) for language, events_there in found.items()},
                  {language: 0 for language in peers.LANGUAGES})
    scenario.measured("sent again by their producers", copies - sum(map(len, found.values())))
    return copies


def neutral(value, language):
    """Without the language's name in front, so that languages can be compared; what a message says of itself, and when a
    look happened to be, left out. Services stand in the order they came, and sums are made in it: so the last digits are not
    compared."""
    if isinstance(value, dict):
        return {key: neutral(inner, language) for key, inner in value.items()
                if key not in ("epoch", "seq", "id", "since", "opened_at")}
    if isinstance(value, list):
        by_name = all(isinstance(inner, dict) and "service" in inner for inner in value)
        return [neutral(inner, language) for inner in (sorted(value, key=lambda one: one["service"]) if by_name else value)]
    if isinstance(value, float):
        return round(value, DIGITS)
    return LOOKED.sub("", value.replace(f"{language}-agency", "agency")) if isinstance(value, str) else value


def differences(got, expected, path=""):
    """Where two records differ: path → both values."""
    if isinstance(got, dict) and isinstance(expected, dict) and got.keys() == expected.keys():
        return {place: pair for key in got for place, pair in differences(got[key], expected[key], f"{path}/{key}").items()}
    if isinstance(got, list) and isinstance(expected, list) and len(got) == len(expected):
        return {place: pair for i, pair in enumerate(zip(got, expected))
                for place, pair in differences(*pair, f"{path}/{i}").items()}
    return {} if got == expected else {path: (got, expected)}


def of_language(cells, language):
    return {(agency[len(language) + 1:], service, channel): counts for (agency, service, channel), counts in cells.items()
            if agency.startswith(f"{language}-")}


def check_state(scenario, made):
    """Per language: what Slipstream counted is what the oracle counts, and what it counted for the others."""
    shown = {cell: state["windows"] for cell, state in scenario.state().items()}
    expected = of_language({cell: counts["28d"] for cell, counts in shown.items()}, peers.LANGUAGES[0])
    for language in peers.LANGUAGES:
        oracle = events.oracle_of(made, language)
        counted = {cell: counts["28d"] for cell, counts in shown.items() if cell[0].startswith(f"{language}-")}
        scenario.same(f"what {language} wrote is counted as the oracle counts it", counted,
                      {cell: oracle.window(cell, "28d", now_us()) for cell in oracle.cells})
        scenario.same(f"and as the others' is", of_language(counted, language), expected)
    return shown


def current(lines, topic):
    """Key → the record with the highest revision."""
    found = {}
    for line in lines:
        if line["topic"] == topic:
            key = json.dumps(line["key"], sort_keys=True)
            value = line["value"]
            if key not in found or (found[key]["epoch"], found[key]["seq"]) < (value["epoch"], value["seq"]):
                found[key] = value
    return found


def check_aggregates(scenario, lines, made):
    topic = scenario.topic("aggregates")
    wrong = {}
    compared = 0
    for language in peers.LANGUAGES:
        oracle = events.oracle_of(made, language)
        for record in current(lines, topic).values():
            if not record["agency"].startswith(f"{language}-") or record["suppressed"]:
                continue
            cell = record["agency"], record["service"], record["channel"]
            counts = oracle.window(cell, record["window"], record["as_of"])
            got = {name: record[name] for name in ("interactions", "events")} | {
                "signals": {word: counts for word, counts in record["signals"].items() if any(counts)}}
            compared += 1
            if got != counts:
                wrong[cell, record["window"]] = (got, counts)
    scenario.same("every published aggregate is what the oracle counts", wrong, {})
    scenario.true("there are many", compared >= 4 * 5 * events.AGENCIES * len(peers.LANGUAGES), compared)
    scenario.measured("aggregates compared", compared)


def check_alike(scenario, lines):
    """What is published of one language's agencies is what is published of the others'."""
    for name in ("aggregates", "scores"):
        by_language = {language: {json.dumps(neutral(json.loads(key) if key[0] == "{" else key, language)):
                                  neutral(value, language)
                                  for key, value in current(lines, scenario.topic(name)).items()
                                  if f"{language}-agency" in key} for language in peers.LANGUAGES}
        for language in peers.LANGUAGES[1:]:
            scenario.same(f"{name} of {language}'s agencies are those of {peers.LANGUAGES[0]}'s",
                          differences(by_language[language], by_language[peers.LANGUAGES[0]]), {})
    alerts = [line["value"] for line in lines if line["topic"] == scenario.topic("alerts")]
    told = {language: [neutral(alert, language) for alert in alerts if alert["agency"].startswith(f"{language}-")]
            for language in peers.LANGUAGES}
    for language in peers.LANGUAGES:
        scenario.same(f"{language}'s first agency has its alert, as the others have",
                      differences(told[language], told[peers.LANGUAGES[0]]), {})
        scenario.same("opened once", [alert["transition"] for alert in told[language]], ["opened"])


def until_published(scenario, running):
    """Alerts of every language are out, and all aggregates and scores are of one look."""
    def alerts():
        found = {scenario.kafka.decode(message.value)["agency"] for message in scenario.kafka.read(scenario.topic("alerts"))}
        return len(found) == len(peers.LANGUAGES) or harness.Not(found)

    scenario.until("each language has its alert", alerts, 80)
    scoring_file(scenario, WITHHELD_BELOW)  # what has been public is exact, and stays so
    running.process.send_signal(signal.SIGHUP)
    scenario.until("the limit is in force", lambda: running.lines(msg="scoring_changed"), 30)

    def settled():
        found = {name: scenario.kafka.latest(scenario.topic(name), lambda record: json.dumps(
            [record.get(word) for word in ("agency", "service", "channel", "window")]))[0] for name in ("aggregates", "scores")}
        times = {name: {record["as_of"] for record in records.values()} for name, records in found.items()}
        full = len(found["scores"]) == events.AGENCIES * len(peers.LANGUAGES)
        return full and len(times["scores"]) == 1 or harness.Not(times)

    scenario.until("all scores are of one minute", settled, 30)
    scenario.same("told to stop it ends with", running.stop()[0], 0)


def consume_all(scenario, commands):
    """Each language's reading must be Python's, record by record. Returns Python's, and the messages."""
    topics = {scenario.topic("aggregates"): True, scenario.topic("scores"): False, scenario.topic("alerts"): False}
    lines, whole = peers.python_consumes(scenario.kafka, topics)
    words = [f"{topic}={'avro' if is_avro else 'text'}={sum(line['topic'] == topic for line in lines)}"
             for topic, is_avro in topics.items()]
    running = {language: peers.Peer(command, scenario.folder, f"{language}-consumes", (
        "consume", scenario.settings["kafka.brokers"], scenario.settings["registry.url"], *words))
        for language, command in commands.items()}

    def by_place(found):
        return {(line["topic"], line["partition"], line["offset"]): (line["key"], line["value"]) for line in found}

    for language, peer in running.items():
        scenario.same(f"{language} reads what Python reads, key and value of every record", by_place(peer.lines()),
                      by_place(lines))
    scenario.measured("records read by each", len(lines))
    return lines, whole


def keep_golden(path, lines, whole, topics):
    """Two of each kind, as they stand on the topics, for test_golden.py."""
    with open(path, "w") as out:
        for topic, (schema, key_schema) in topics.items():
            chosen = [(line, message) for line, message in zip(lines, whole) if line["topic"] == topic]
            chosen.sort(key=lambda pair: -len(pair[1].value))
            for line, message in (chosen[len(chosen) // 2], chosen[-1]):
                out.write(json.dumps({"schema": schema, "key_schema": key_schema, "key": message.key.hex(),
                                      "value": message.value.hex(),
                                      "expected": {"key": line["key"], "value": line["value"]}}) + "\n")


def run(scenario):
    commands = peers.commands()
    check_registry(scenario)
    schemas = {channel: json.loads((harness.SOURCE / f"schemas/{channel}_interaction.avsc").read_text())
               for channel in messages.CHANNELS}
    made = events.make(SEED, now_us(), schemas)
    path = events.write(made, scenario.folder, scenario.topic)
    scenario.make_topics()
    began = time.monotonic()
    produce_all(scenario, commands, path)
    scenario.measured("seconds in which four languages wrote 1,000 each", f"{time.monotonic() - began:.1f}")
    copies = check_sent(scenario, made)
    running = scenario.start("one", scoring__file=scoring_file(scenario, 0), score__look_interval="1s")
    scenario.until_ready(running)
    scenario.until_applied()
    scenario.same("none is a dead letter", running.metrics().by("reason", "slipstream_deadletters_total"), {})
    all_events = events.EVENTS * len(peers.LANGUAGES)
    expected = {"applied": all_events} | ({"duplicate": copies - all_events} if copies > all_events else {})
    scenario.same("intake read every message",
                  running.metrics().sum("slipstream_records_read_total", stage="intake"), copies)
    scenario.same("each event is applied once",
                  running.metrics().by("outcome", "slipstream_records_total", stage="score"), expected)
    scenario.accounts(running)
    check_state(scenario, made)
    until_published(scenario, running)
    began = time.monotonic()
    lines, whole = consume_all(scenario, commands)
    scenario.measured("seconds in which four languages read them", f"{time.monotonic() - began:.1f}")
    check_aggregates(scenario, lines, made)
    check_alike(scenario, lines)
    if os.environ.get("INTEROP_KEEP_GOLDEN"):
        keep_golden(os.environ["INTEROP_KEEP_GOLDEN"], lines, whole, {
            scenario.topic("aggregates"): ("aggregate", "aggregate_key"), scenario.topic("scores"): ("score", ""),
            scenario.topic("alerts"): ("alert", "")})


if __name__ == "__main__":
    harness.main(run, "languages")
