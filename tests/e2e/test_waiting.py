"""test_waiting.py - Kafka, Redis or the registry not there at start: alive, not ready, and says why, again and again;
goes on when they come. And what ends a process: being told to while it waits, and another of its name."""

import json
import signal
import time

import harness

TOLD_S = 5  # from being told to stop while it waits to the end
PARTS = {"kafka": "Kafka", "redis": "Redis", "registry": "registry"}  # what /-/ready calls them


def reasons(running):
    """Stage → why it is not ready; None when it does not say that it is not."""
    status, body = running.get("/-/ready")
    if status != 503:
        return None
    return {entry["stage"]: entry["reason"] for entry in json.loads(body)["reasons"]}


def waits_for(scenario, running, stages):
    """Until each of the stages says in /-/ready which part it misses."""
    def told():
        found = reasons(running)
        if found is None or any(PARTS[part] not in found.get(stage, "") for stage, part in stages.items()):
            return harness.Not(found)
        return True

    scenario.until(f"{running.instance} says in /-/ready what it waits for", told)
    scenario.true(f"{running.instance} is not ready, for want of {' and '.join(dict.fromkeys(stages.values()))}", True)
    scenario.same(f"{running.instance} is alive", running.get("/-/healthy")[0], 200)


def logs_it_again(scenario, running, stages):
    """Until each of the stages has two log lines about the part it misses."""
    def logged():
        lines = {stage: running.lines(msg=f"waiting_for_{part}", component=stage) for stage, part in stages.items()}
        return harness.Not(lines) if any(len(found) < 2 for found in lines.values()) else lines

    for stage, lines in scenario.until(f"{running.instance} logs it again", logged).items():
        scenario.true(f"{running.instance}: {stage} warns of it, and again, with reason and error", all(
            (line["level"], line["reason"]) == ("warn", "unavailable") and line["error"] for line in lines), lines)
    waits_for(scenario, running, stages)  # still


def is_told_to_stop(scenario, running):
    code, seconds = running.stop(seconds=4 * TOLD_S)
    scenario.same(f"{running.instance}, told to stop while it waits, ends with", code, 0)
    scenario.true(f"{running.instance} ends within {TOLD_S} s", seconds <= TOLD_S, f"{seconds:.1f} s")


def run(scenario):
    scenario.make_topics()
    scenario.stack.kill("redis", "registry")
    early, told = scenario.start("early"), scenario.start("told")
    missed = {"intake": "registry", "score": "redis"}
    waits_for(scenario, early, missed)
    waits_for(scenario, told, missed)
    is_told_to_stop(scenario, told)

    scenario.stack.kill("kafka")
    late = scenario.start("late")
    told.start()
    scenario.until("told is alive", lambda: told.get("/-/healthy")[0] == 200)
    is_told_to_stop(scenario, told)
    missed_late = {"intake": "kafka", "score": "kafka"}
    waits_for(scenario, late, missed_late)
    began = time.monotonic()
    logs_it_again(scenario, late, missed_late)
    logs_it_again(scenario, early, missed)
    scenario.measured("seconds until all was said twice", f"{time.monotonic() - began:.1f}")

    scenario.stack.restart("kafka", "redis", "registry")
    scenario.until_ready(early, late)
    scenario.true("when all are there, both are ready, without a restart", not early.has_died() and not late.has_died())

    twin = scenario.start("twin")
    scenario.until_ready(twin)
    again = scenario.start("twin-again", namesake="twin")
    scenario.same("of two with one name, the older ends with", twin.ends(30), 3)
    failed = [line.get("reason") for line in twin.lines(msg="stage_failed")]
    scenario.true("and says that it was fenced", "fenced" in failed, failed)
    scenario.until_ready(again)
    scenario.same("told to stop, the newer ends with", again.stop()[0], 0)
    scenario.same("INT is as good as TERM", late.stop(signal.SIGINT)[0], 0)


if __name__ == "__main__":
    harness.main(run, "waiting")
