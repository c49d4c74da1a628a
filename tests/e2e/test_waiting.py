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
    """Until each of the stages says in /-/ready and in two log lines which part it misses."""
    def told():
        found = reasons(running)
        if found is None or any(PARTS[part] not in found.get(stage, "") for stage, part in stages.items()):
            return harness.Not(found)
        return True

    def logged():
        lines = {stage: running.lines(msg=f"waiting_for_{part}", component=stage) for stage, part in stages.items()}
        return harness.Not(lines) if any(len(found) < 2 for found in lines.values()) else lines

    began = time.monotonic()
    name = f"{running.instance} waits for {' and '.join(dict.fromkeys(stages.values()))}"
    scenario.until(f"{name}, and says so in /-/ready", told)
    scenario.same(f"{name}; it is alive", running.get("/-/healthy")[0], 200)
    for stage, lines in scenario.until(f"{name}, and logs it again", logged).items():
        scenario.true(f"{name}; {stage}'s lines are warnings with reason and error", all(
            (line["level"], line["reason"]) == ("warn", "unavailable") and line["error"] for line in lines), lines)
    scenario.same(f"{name}; it still is alive", running.get("/-/healthy")[0], 200)
    scenario.true(f"{name}; it still is not ready", told())
    scenario.measured(f"{name}; seconds", f"{time.monotonic() - began:.1f}")


def is_told_to_stop(scenario, running):
    code, seconds = running.stop(seconds=4 * TOLD_S)
    scenario.same(f"{running.instance}, told to stop while it waits, ends with", code, 0)
    scenario.true(f"{running.instance} ends within {TOLD_S} s", seconds <= TOLD_S, f"{seconds:.1f} s")


def run(scenario):
    scenario.make_topics()
    scenario.stack.kill("kafka", "redis", "registry")
    patient = scenario.start("patient")
    told = scenario.start("told")
    scenario.until("told is alive", lambda: told.get("/-/healthy")[0] == 200)
    is_told_to_stop(scenario, told)
    waits_for(scenario, patient, {"intake": "kafka", "score": "kafka"})

    scenario.stack.restart("kafka")
    told.start()
    waits_for(scenario, patient, {"intake": "registry", "score": "redis"})
    is_told_to_stop(scenario, told)

    scenario.stack.restart("redis")
    scenario.until("score waits for the registry, too", lambda: "registry" in (reasons(patient) or {}).get("score", ""))
    scenario.stack.restart("registry")
    scenario.until_ready(patient)
    scenario.true("when all are there, it is ready", True)
    scenario.same("and has never been restarted", patient.has_died(), False)

    twin = scenario.start("twin")
    scenario.until_ready(twin)
    again = scenario.start("twin-again", namesake="twin")
    scenario.same("of two with one name, the older ends with", twin.ends(30), 3)
    failed = [line.get("reason") for line in twin.lines(msg="stage_failed")]
    scenario.true("and says that it was fenced", "fenced" in failed, failed)
    scenario.until_ready(again)
    scenario.same("told to stop, the newer ends with", again.stop()[0], 0)
    code, seconds = patient.stop(signal.SIGINT)
    scenario.same("INT is as good as TERM", code, 0)


if __name__ == "__main__":
    harness.main(run, "waiting")
