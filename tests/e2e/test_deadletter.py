"""test_deadletter.py - dead letters listed, shown and replayed: exactly as they came, each once, whatever is killed."""

import base64
import json
import signal
import subprocess

import harness
import messages
import program
from interactions import HOUR_US, MINUTE_US, event, now_us
from oracle import US, Oracle
from test_bad_input import GOOD, UNKNOWN_ID, send_all

MENDABLE = 20000
MENDABLE_ID = UNKNOWN_ID + 1
HORIZON_S = 2
HEADER = "slipstream-replays"
SOURCES = [f"interactions.{channel}" for channel in messages.CHANNELS]


def counted(scenario, running):
    """What score has counted, over all of a process's metrics."""
    return running.metrics().by("outcome", "slipstream_records_total", stage="score")


def listed(scenario, *options):
    return json.loads(scenario.call("deadletter", "list", "--json", "--limit", "1000", *options))


def replayed(scenario, *options, **more):
    return json.loads(scenario.call("deadletter", "replay", "--json", *options, **more))


def mended():
    """As if somebody had put the schema there that was missing."""
    folder = str(harness.SOURCE / "schemas")
    ids = f"{UNKNOWN_ID}=phone_interaction.avsc,{MENDABLE_ID}=web_interaction.avsc"
    return {"schemas__folder": folder, "schemas__ids": ids}


def check_listed(scenario, sent):
    reasons = {}
    for row in sent.values():
        reasons[row["reason"]] = reasons.get(row["reason"], 0) + 1
    found = listed(scenario)
    scenario.same("list counts by reason", {word: row["letters"] for word, row in found["reasons"].items()}, reasons)
    scenario.true("and says what to do", all(row["advice"] for row in found["reasons"].values()))
    scenario.same("and where each came from", sorted((one["topic"], one["partition"], one["offset"], one["reason"])
                                                     for one in found["letters"]),
                  sorted((*place, row["reason"]) for place, row in sent.items()))
    text = scenario.call("deadletter", "list", "--limit", "3")
    scenario.true("as text too, the newest three", "the newest 3 are shown" in text and "WHAT TO DO" in text)
    scenario.same("by reason", listed(scenario, "--reason", "truncated,bad_magic")["total"], 3)
    scenario.same("by topic", listed(scenario, "--topic", "interactions.web")["total"], 0)
    scenario.same("by time", [listed(scenario, "--since", "1h")["total"], listed(scenario, "--until", "1h")["total"]],
                  [len(sent), 0])
    return found["letters"]


def check_shown(scenario, letters, sent):
    one = next(letter for letter in letters if letter["reason"] == "bad_rating")
    row = sent[one["topic"], one["partition"], one["offset"]]
    hidden = scenario.call("deadletter", "show", one["letter"])
    scenario.true("show hides the payload", "agency-0" not in hidden and "rating" not in hidden.split("key")[1]
                  and "--reveal" in hidden)
    shown = json.loads(scenario.call("deadletter", "show", one["letter"], "--reveal", "--json"))
    scenario.same("and reveals it when asked", [base64.b64decode(shown["value"]), base64.b64decode(shown["key"])],
                  [row["value"], row["key"]])
    dump = scenario.call("deadletter", "show", one["letter"], "--reveal").split("\nvalue ")[1]
    shown = b"".join(bytes.fromhex(line[11:59]) for line in dump.split("\n")[1:] if line.startswith("  "))
    scenario.true("as a dump too", shown.startswith(row["value"]))
    scenario.call("deadletter", "show", "0:99999999", code=1)


def check_usage(scenario):
    for wrong in (["list", "--reason", "bad_weather"], ["list", "--since", "yesterday"], ["show"], ["show", "7"],
                  ["show", "99:0"], ["replay", "--max-replays", "0"], ["list", "--limit", "many"], ["burn"], []):
        scenario.call("deadletter", *wrong, code=2)
    scenario.true("wrong options are refused with 2", True)


def send_mendable(scenario, oracle, count):
    """Good but for their schema's id, which nobody knows yet."""
    kafka = scenario.kafka
    start = now_us() - HOUR_US
    for i in range(count):
        one = event(f"agency-{i % 5}", f"service-{i % 3}", f"mend-{i}", start - i % 1000 * US, completed=i % 4 > 0)
        kafka.send(scenario.topic("web"), messages.frame(MENDABLE_ID, messages.encode(
            kafka.schema("web_interaction"), one)), key=f"{i}".encode(), partition=i % 4)
        oracle.add("web", one)
    kafka.flush()


def ends_of(scenario):
    return scenario.kafka.ends(*SOURCES, scenario.topic("deadletter"))


def check_dry_run(scenario, hopeful):
    before = ends_of(scenario)
    said = replayed(scenario)
    scenario.same("a dry run says what it would do", [said["dry_run"], said["replayed"], said["left_out"]["too_late"]],
                  [True, hopeful, 1])
    scenario.same("and changes nothing", ends_of(scenario), before)
    text = scenario.call("deadletter", "replay")
    scenario.true("as text too", f"{hopeful} dead letters would be replayed" in text and "--go" in text)


def check_as_they_came(scenario, sent, before):
    """Each on its topic and partition again, with key, bytes, time and headers, and one header more."""
    originals, again = {}, {}
    for message in scenario.kafka.read(scenario.topic("phone")):
        place = message.topic, message.partition, message.offset
        seen = (message.partition, message.key, message.value, message.timestamp)
        if place in sent:
            originals[place] = (*seen, tuple(message.headers))
        elif message.offset >= before[message.topic, message.partition]:
            again.setdefault(message.key, []).append((*seen, tuple(message.headers)))
    expected = {row["key"]: [(*originals[place][:4], (*originals[place][4], (HEADER, b"1")))]
                for place, row in sent.items() if row["reason"] != "too_late"}
    scenario.same("each came back once, as it was", again, expected)


def check_again(scenario, kinds):
    """What fails again is a new letter, which knows that it was replayed; the old ones are on record."""
    letters = listed(scenario)["letters"]
    scenario.same("letters, those that failed again, and how often they were replayed",
                  sorted(one["replays"] for one in letters), [0] * kinds + [1] * (kinds - 2))
    scenario.same("which are on record as replayed", sum(one["replayed"] for one in letters), kinds - 1)
    scenario.same("which are not", listed(scenario, "--pending")["total"], kinds - 1)
    said = replayed(scenario, "--go", "--max-replays", "1")
    scenario.same("a second time with a bound of one: nothing is sent",
                  [said["replayed"], said["left_out"]["before"], said["left_out"]["again"]], [0, kinds - 1, kinds - 2])


def killed_in_the_middle(scenario, before):
    """kill -9 once the first messages stand on the topic."""
    topic = scenario.topic("web")
    words = program.command(harness.BINARY, ("deadletter", "replay", "--go", "--reason", "unknown_schema"),
                            scenario.settings)
    process = subprocess.Popen(program.mortal(words), env=program.environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        scenario.until("the replay is under way", lambda: process.poll() is not None or any(
            end > before[place] for place, end in scenario.kafka.ends(topic).items()))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    left = listed(scenario, "--reason", "unknown_schema", "--pending", "--limit", "0")["total"]
    scenario.same("killed", process.returncode, -signal.SIGKILL)
    scenario.true("in the middle", 0 < left <= MENDABLE, left)
    scenario.measured("letters that were left to replay", left)


def race(scenario):
    """Two replays at once; the later one takes over. Returns their exit codes."""
    words = program.command(harness.BINARY, ("deadletter", "replay", "--go", "--reason", "unknown_schema"),
                            scenario.settings)
    runs = [subprocess.Popen(program.mortal(words), env=program.environment(), stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)]
    return [running.wait(60) for running in runs]


def check_exactly_once(scenario):
    """By the messages on the topic, since what score takes for a duplicate would hide one."""
    web = [message for message in scenario.kafka.read(scenario.topic("web"))
           if dict(message.headers).get(HEADER)]
    scenario.same("every letter was replayed once", len(web), MENDABLE)
    scenario.same("and none of them twice", len({message.key for message in web}), MENDABLE)


def run(scenario):
    scenario.settings |= {"dedupe.horizon": f"{HORIZON_S}s"}
    scenario.make_topics()
    check_usage(scenario)
    running = scenario.start("one")
    scenario.until_ready(running)
    oracle = Oracle()
    sent = send_all(scenario, oracle)
    scenario.until_applied()
    letters = check_listed(scenario, sent)
    check_shown(scenario, letters, sent)
    check_dry_run(scenario, len(sent) - 1)
    running.stop()

    running = scenario.start("one", **mended())
    scenario.until_ready(running)
    before = scenario.kafka.ends(scenario.topic("phone"))
    said = replayed(scenario, "--go")
    scenario.same("replayed", [said["replayed"], said["left_out"]["too_late"], said["complete"]],
                  [len(sent) - 1, 1, True])
    check_as_they_came(scenario, sent, before)
    scenario.until_applied()
    oracle.add("phone", event("agency-0", "service-0", "bad", now_us() - HOUR_US, outcome="served", wait_seconds=12.5))
    scenario.same("the one that was mended counts, the others do not", counted(scenario, running), {"applied": 1})
    check_again(scenario, len(sent))
    running.stop()

    running = scenario.start("one")
    scenario.until_ready(running)
    send_mendable(scenario, oracle, MENDABLE)
    scenario.until_applied()
    running.stop()
    before = scenario.kafka.ends(scenario.topic("web"))
    killed_in_the_middle(scenario, before)
    codes = race(scenario)
    scenario.true("two at once: one of them at least gets through, the other is fenced or finds nothing",
                  0 in codes and set(codes) <= {0, 3}, codes)
    scenario.measured("their exit codes", codes)
    said = replayed(scenario, "--go", "--reason", "unknown_schema")
    scenario.same("then there is nothing left to replay", said["replayed"], 0)
    check_exactly_once(scenario)
    running = scenario.start("one", **mended())
    scenario.until_ready(running)
    scenario.until_applied()
    scenario.same("and counted once", counted(scenario, running), {"applied": MENDABLE})
    moment = now_us()
    scenario.until("the horizon of duplicates has passed", lambda: now_us() - moment > (HORIZON_S + 1) * US)
    said = replayed(scenario, "--go", "--reason", "unknown_schema")
    scenario.same("beyond the horizon too nothing is replayed twice", said["replayed"], 0)
    cells = scenario.state()
    scenario.same("every event counts once in the end",
                  {cell: shown["windows"]["28d"]["events"] for cell, shown in cells.items()
                   if shown["windows"]["28d"]["events"]},
                  {cell: oracle.window(cell, "28d", now_us())["events"] for cell in oracle.cells})
    scenario.same("that many", sum(shown["windows"]["28d"]["events"] for shown in cells.values()), GOOD + 1 + MENDABLE)
    running.stop()


if __name__ == "__main__":
    harness.main(run, "deadletter")
