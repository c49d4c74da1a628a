#!/usr/bin/env python3
"""`slipstream simulate --replay` on published numbers, judged by counting them straight from the files.

uk: 39 months of answers from 1 to 5 of a UK government service: the published scores by the methods they were made
with, and a break where the method changed, which raises no alert.
ca: volumes that met their service standard, of 62 Canadian departments on seven channels: the share by both.

The files are in ../shared/data, which is not part of the project; where they are missing, excerpts in tests/fixtures.
"""
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ["SLIPSTREAM_BINARY"]
SHARED = SOURCE.parent / "shared/data"
FIXTURES = SOURCE / "tests/fixtures"
ANSWERS = ["very-dissatisfied", "dissatisfied", "neither", "satisfied", "very-satisfied"]
METHOD_CHANGED = "2026-04"


def data(name, excerpt):
    if (SHARED / name).exists():
        return SHARED / name
    print(f"{SHARED / name} is missing: {excerpt} is taken instead")
    return FIXTURES / excerpt


def replay(*options):
    run = subprocess.run([PROGRAM, "simulate", "--json", "--replay", *map(str, options)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()], run.stderr


def of_kind(lines, kind):
    return [line for line in lines if line["kind"] == kind]


def with_method(folder, method):
    text = (SOURCE / "deploy/scoring.yaml").read_text()
    assert text.count("\n  method: top2box\n") == 1
    path = folder / f"{method}.yaml"
    path.write_text(text.replace("\n  method: top2box\n", f"\n  method: {method}\n"))
    return path


def months(path):
    of = {}
    for row in json.loads(path.read_text()):
        of.setdefault(row["_timestamp"][:7], {})[row["dataType"]] = row["count"]
    return of


def mean(counts):
    return sum(25 * i * counts[word] for i, word in enumerate(ANSWERS)) / sum(counts[word] for word in ANSWERS)


def top2box(counts):
    return 100 * sum(counts[word] for word in ANSWERS[3:]) / sum(counts[word] for word in ANSWERS)


def uk(folder):
    path = data("uk-opg-deputy-report.json", "uk-opg-excerpt.json")
    known = months(path)
    lines, said = replay(path, "--mapping", SOURCE / "deploy/mappings/likert-monthly.yaml", "--count", "count",
                         "--period", "month", "--scoring", with_method(folder, "mean"),
                         "--switch", f"{METHOD_CHANGED}-01={with_method(folder, 'top2box')}")
    assert f"{len(known)} rows were left out" in said or len(known) <= 10, said  # the scores that were published
    scores = {line["from"][:7]: line for line in of_kind(lines, "score")}
    assert set(scores) == set(known), set(scores) ^ set(known)
    for month, counts in known.items():
        expected = (top2box if month >= METHOD_CHANGED else mean)(counts)
        got = scores[month]
        assert abs(got["score"] - expected) < 1e-7, (month, got, expected)  # as many digits are printed
        assert got["n"] == sum(counts[word] for word in ANSWERS), (month, got)
        assert round(got["score"]) == counts["user-satisfaction-percent"], (month, got, counts)
    versions = [scores[month]["scoring_version"] for month in sorted(scores)]
    broken = [i for i in range(1, len(versions)) if versions[i] != versions[i - 1]]
    assert [sorted(scores)[i] for i in broken] == [METHOD_CHANGED]
    breaks = of_kind(lines, "method")
    assert [line["at"] for line in breaks] == [f"{METHOD_CHANGED}-01T00:00:00Z"]
    assert of_kind(lines, "alert") == [], of_kind(lines, "alert")
    print(f"uk: {len(known)} months as published, one break of method, no alert")


# That nothing was raised says something only if something can be.
def a_fall_is_told(folder):
    path = folder / "fall.json"
    rows = json.loads((FIXTURES / "uk-opg-excerpt.json").read_text())
    for row in rows:
        if row["_timestamp"].startswith("2026-02"):
            row["count"] = {"very-dissatisfied": 300, "satisfied": 200}.get(row["dataType"], row["count"])
    path.write_text(json.dumps(rows))
    lines, _ = replay(path, "--mapping", SOURCE / "deploy/mappings/likert-monthly.yaml", "--count", "count")
    opened = [line for line in of_kind(lines, "alert") if line["subject"] == "cx" and line["transition"] == "opened"]
    assert len(opened) == 1 and opened[0]["at"].startswith("2026-02"), of_kind(lines, "alert")
    assert opened[0]["high"] < -2 and opened[0]["now"] < opened[0]["base"]
    print(f"a month with 300 very dissatisfied is told on {opened[0]['at']}")


CA_MAPPING = """
times: [iso]
channel:
  from: channel
  map: {TEL: phone, PERSON: office, ONL: web, EML: chat, OTH: office, POST: office, FAX: office}
fields:
  event_id: {template: "{id}-{met}-{number}"}
  agency: {template: "{owner_org}/{channel}"} # seven channels, where slipstream has four
  service: {constant: all}
  occurred_at: day
  resolution_seconds: {from: met, map: {Y: 3600, N: 864000}} # the standard is a day
"""


def volumes(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            met, total = row["volume_meeting_target"], row["total_volume"]
            if met.isdigit() and total.isdigit() and int(met) <= int(total):
                yield row, int(met), int(total)


def ca(folder):
    path = data("ca-service-standards-2023-24.csv", "ca-standards-excerpt.csv")
    known = {}
    with open(folder / "ca.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "owner_org", "channel", "day", "met", "number"])
        for row, met, total in volumes(path):
            of = known.setdefault(f"{row['owner_org']}/{row['channel']}", [0, 0])
            of[0] += met
            of[1] += total
            for word, number in (("Y", met), ("N", total - met)):
                writer.writerow([row["service_standard_id"], row["owner_org"], row["channel"], "2024-03-31", word,
                                 number])
    (folder / "ca.yaml").write_text(CA_MAPPING)
    lines, _ = replay(folder / "ca.csv", "--mapping", folder / "ca.yaml", "--count", "number", "--period", "day")
    shares = {line["agency"]: [line["good"], line["n"]] for line in of_kind(lines, "share")
              if line["signal"] == "resolution"}
    expected = {agency: of for agency, of in known.items() if of[1] > 0}
    assert shares == expected, {agency: (shares.get(agency), expected.get(agency)) for agency in shares | expected
                                if shares.get(agency) != expected.get(agency)}
    print(f"ca: {len(shares)} departments' channels, {sum(of[1] for of in shares.values())} interactions")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for test in (ca, a_fall_is_told, uk):
            test(pathlib.Path(name))
    sys.exit(0)
