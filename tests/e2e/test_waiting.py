"""test_waiting.py - Kafka, Redis or the registry not there at start: alive, not ready, and says why, again and again;
goes on when they come. And what ends a process: being told to while it waits, and another of its name."""

import json
import signal
import time

import harness

TOLD_S = 5  # from being told to stop while it waits to the end


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
        if found is None or any(word not in found.get(stage, "") for stage, word in stages.items()):
            return harness.Not(found)
        return True

    def logged():
        lines = {stage: [line for line in running.lines(msg="waiting", component=stage) if line["level"] == "warn"]
                 for stage in stages}
        return harness.Not(lines) if any(len(found) < 2 for found in lines.values()) else lines

    began = time.monotonic()
    name = f"{running.instance} waits for {' and '.join(stages.values())}"
    scenario.until(f"{name}, and says so in /-/ready", told)
    scenario.same(f"{name}; it is alive", running.get("/-/healthy")[0], 200)
    for stage, lines in scenario.until(f"{name}, and logs it again", logged).items():
        scenario.true(f"{name}; {stage}'s lines have reason and error", all(
            line.get("reason") == "unavailable" and line.get("error") for line in lines), lines)
    scenario.same(f"{name}; it still is alive", running.get("/-/healthy")[0], 200)
    scenario.true(f"{name}; it still is not ready", reasons(running))
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
    waits_for(scenario, patient, {"intake": "Kafka", "score": "Kafka"})
    is_told_to_stop(scenario, told)

    scenario.stack.restart("kafka")
    told.start()
    waits_for(scenario, patient, {"intake": "registry", "score": "Redis"})
    is_told_to_stop(scenario, told)

    scenario.stack.restart("redis")
    waits_for(scenario, patient, {"intake": "registry", "score": "registry"})
    scenario.stack.restart("registry")
    scenario.until_ready(patient)
    scenario.true("when all are there, it is ready", True)
    scenario.same("and has never been restarted", patient.has_died(), False)

    twin = scenario.start("twin")
    scenario.until_ready(twin)
    again = scenario.start("twin-again", instance="twin")
    scenario.same("of two with one name, the older ends with", twin.ends(30), 3)
    failed = [line.get("reason") for line in twin.lines(msg="stage_failed")]
    scenario.true("and says that it was fenced", "fenced" in failed, failed)
    scenario.until_ready(again)
    scenario.same("told to stop, the newer ends with", again.stop()[0], 0)
    code, seconds = patient.stop(signal.SIGINT)
    scenario.same("INT is as good as TERM", code, 0)


if __name__ == "__main__":
    harness.main(run, "waiting")
