"""test_explain.py - the demo plants a slip by phone three hours before it goes live: the slip rule finds it, and
`slipstream explain` says in one screen which agency, what, where, since when, from what to what, what it costs and what
to fix first. It leads with the CX score's slip if that is open: what fell by phone is sure at the first look, the score,
of which that is a part, then or some minutes later, by the hour at which the demo starts."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.parse

import harness
import program

PLANTED = "veterans-affairs"  # the demo's, with the seed 1
BEGAN_BEFORE_S = 3 * 3600     # live, which is when the demo starts
WITHIN_S = 10 * 60
FOUND_S = 200  # history has to be read first, on a machine that may be busy, and then the clock to strike a minute
LINES_MOST = 25
SLIPPED = re.compile(r"^veterans-affairs: (the CX score|\"representatives answer all my questions\"|"
                     r"quick resolution)( \(phone\))? has slipped by (?P<drop>[\d.]+) points from its usual "
                     r"(?P<usual>[\d.]+): (?P<now>[\d.]+), between (?P<low>[\d.]+) and (?P<high>[\d.]+), from "
                     r"(?P<n>\d+) interactions in (?P<window>1h|4h|24h); seen since .*Z\.$")
BEGAN = re.compile(r"^It began at about (?P<at>.*Z)\.$")
PART = re.compile(r"^  (?P<points>[-+][\d.]+)  (?P<driver>representatives answering all questions|quick resolution) "
                  r"by phone, (?P<service>[^:]+): of 100, (?P<now>\d+) .+, usually (?P<usual>\d+)$")
FIX = re.compile(r"^  1\. (?P<what>.+) by phone: from (?P<now>[\d.]+) to its best week's (?P<to>[\d.]+) \(from [-\d]+\) "
                 r"gives \+(?P<gain>[\d.]+) points")
COST = re.compile(r"^  trusts it: (?P<projected>[\d.]+) of 100 people instead of (?P<measured>[\d.]+) ")


def redis_keys(url, pattern):
    where = urllib.parse.urlparse(url)
    done = subprocess.run(["redis-cli", "-h", where.hostname, "-p", str(where.port), "keys", pattern],
                          stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split()


def one(lines, pattern):
    """The first line's match."""
    return next((match for match in map(pattern.match, lines) if match), None)


def check(scenario, text, began_s):
    lines = text.rstrip("\n").split("\n")
    print(text)
    scenario.measured("lines", len(lines))
    scenario.true(f"fewer than {LINES_MOST} lines", len(lines) < LINES_MOST, len(lines))
    slip = SLIPPED.match(lines[0])
    if scenario.true("agency, what slipped, from what to what, interval and n", slip, lines[0]):
        usual, now, low, high, drop = (float(slip[name]) for name in ("usual", "now", "low", "high", "drop"))
        scenario.true("the interval is about what it is now, and the drop is what lies between",
                      low < now < high < usual and abs(usual - now - drop) < 0.11, slip.groupdict())
    began = one(lines, BEGAN)
    if scenario.true("since when", began, text):
        off_s = time.mktime(time.strptime(began["at"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - began_s
        scenario.measured("seconds off when it began", int(off_s))
        scenario.true("it began within ten minutes of what is said", abs(off_s) <= WITHIN_S, off_s)
    place = next((i for i, line in enumerate(lines) if line.startswith("What the change of ")), len(lines) - 2)
    part = PART.match(lines[place + 1])
    if scenario.true("driver, channel and service, the largest first", part, lines[place + 1]):
        scenario.true("which fell", int(part["now"]) < int(part["usual"]) and float(part["points"]) < 0, part.groupdict())
    cost = one(lines, COST)
    scenario.true("what it costs", cost and float(cost["projected"]) < float(cost["measured"]), text)
    fix = one(lines, FIX)
    scenario.true("the first fix is the phone", fix and float(fix["now"]) < float(fix["to"]), text)


def run(scenario):
    url = scenario.settings["redis.url"]
    began_s = time.time() - BEGAN_BEFORE_S
    demo = subprocess.Popen(program.mortal([harness.BINARY, "demo", "--redis", url, "--seed", "1", "--json"]),
                            env=program.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)

    def ask(*arguments):
        keys = redis_keys(url, f"demo-*:view:{PLANTED}")
        settings = {"redis.url": url, "app": keys[0].split(":")[0] if keys else "demo", "kafka.brokers": "127.0.0.1:1"}
        return program.call(harness.BINARY, ["explain", *arguments], settings)

    def slipped():
        """The screen, and the alert that it leads with; asked one after the other, so a minute may lie between."""
        time.sleep(1)
        done = ask(PLANTED)
        if "has slipped by" not in done.stdout:
            return harness.Not(done.stdout + done.stderr)
        alerts = json.loads(ask(PLANTED, "--json").stdout)["alerts"]
        chief = next((alert for alert in alerts if alert["text"] == done.stdout.split("\n")[0]), None)
        return (done.stdout, alerts, chief) if chief else harness.Not(done.stdout)

    try:
        text, alerts, chief = scenario.until("the slip is found", slipped, FOUND_S)
        check(scenario, text, began_s)
        slips = [alert["subject"] for alert in alerts if alert["kind"] == "slip"]
        scenario.true("it leads with the score's slip if there is one, or with another slip",
                      chief["subject"] == "cx" if "cx" in slips else chief["subject"] in slips, slips)
        parts = chief["explanation"]
        total = sum(part["points"] for part in parts["contributions"]) + parts["others"]
        scenario.true("what is listed and what is not are the whole change", abs(total - parts["change"]) < 1e-8, parts)
        scenario.true("the screen has the alert's own words", chief["explanation"]["text"] in text, text)
        calm = ask("passports")
        scenario.true("where nothing slipped it says so", "nothing has slipped" in calm.stdout and calm.returncode == 0,
                      calm.stdout)
        nobody = ask("nobody")
        scenario.true("who is not there is named, exit 1", nobody.returncode == 1 and "nobody" in nobody.stderr,
                      nobody.stderr)
    finally:
        os.kill(demo.pid, signal.SIGINT)
        demo.wait(30)


if __name__ == "__main__":
    harness.main(run, "explain", parts=("redis",))
