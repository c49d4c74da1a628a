"""test_check_five.py - `slipstream check` names five different mistakes in one file, each with line and column."""

import re

import harness
import program

CONFIG = """\
app: city services
kafka:
  brokers: kafka.example.org:nine
  queued_max: 64 apples
signals:
  partitions: none
redis:
  ulr: redis://redis.example.org
registry:
  url: http://registry.example.org
"""
# line, column, key, and what must be said of it
MISTAKES = [
    (1, 6, "app", "allowed 1 to 64 of a-z A-Z 0-9 . _ -"),
    (3, 12, "kafka.brokers", "allowed host:port"),
    (4, 15, "kafka.queued_max", "allowed a size from 1MiB to 1GiB"),
    (6, 15, "signals.partitions", "allowed a whole number from 1 to 1024"),
    (8, 3, "redis.ulr", "did you mean redis.url"),
]
LINE = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<key>[^:]+): (?P<text>.+)$")


def run(scenario):
    path = scenario.folder / "slipstream.yaml"
    path.write_text(CONFIG)
    done = program.call(harness.BINARY, ["check", "--config", str(path)], {})
    scenario.same("exit code", done.returncode, 2)
    scenario.same("nothing on stdout", done.stdout, "")
    lines = done.stderr.splitlines()
    scenario.measured("lines said", len(lines))
    scenario.same("one line a mistake", len(lines), len(MISTAKES))
    told = {}
    for line in lines:
        match = LINE.match(line)
        if scenario.true(f"has file, line, column and key: {line}", match and match["file"] == str(path)):
            told[match["key"]] = (int(match["line"]), int(match["column"]), match["text"])
    for line, column, key, text in MISTAKES:
        scenario.same(f"{key} is found at", told.get(key, ())[:2], (line, column))
        scenario.true(f"{key}: {text}", text in "".join(map(str, told.get(key, ())[2:])), told.get(key))

    path.write_text("app: city\nregistry:\n  url: http://registry.example.org\n")
    fine = program.call(harness.BINARY, ["check", "--config", str(path)], {})
    scenario.same("a file without mistakes is fine", (fine.returncode, fine.stderr), (0, ""))
    gone = program.call(harness.BINARY, ["check", "--config", str(path.with_name("none.yaml"))], {})
    scenario.true("a file that is not there is named, exit 2", gone.returncode == 2 and "none.yaml" in gone.stderr,
                  gone.stderr)


if __name__ == "__main__":
    harness.main(run, "check_five", parts=())
