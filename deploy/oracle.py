#!/usr/bin/env python3
"""Counts again what Slipstream counted, from what was sent alone, and compares.

usage: deploy/oracle.py LEDGER STATE [--applied N] [--duplicate N] [--late N] [--deadlettered N]

LEDGER  what was sent, one JSON object a line, in the order of sending: sent_at and the interaction's own fields
        (times in microseconds since 1970), and "bad" for a message that nobody can be expected to read
STATE   what `slipstream state show` prints

Prints "equal" and exits 0; or the first differences, and exits 1; or what is wrong with the input, and exits 2.

It shares no code with the program that it checks: the rules below are those of the documentation (DESIGN.md "Time" and
"State and sizes", DOMAIN.md "Signals", the comments of model/signals.h and model/panes.h). Python 3, nothing else.
"""

import argparse
import bisect
import collections
import datetime
import json
import sys

SECOND = 1_000_000
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
SIX_HOURS = 6 * HOUR
SIX_HOURS_KEPT = 252
REMEMBERED = HOUR  # how long after an event has come a second one of the same id is known for a copy

# A window is the open pane and as many whole ones before it.
WINDOWS = {
    "1h": (MINUTE, 60),
    "4h": (HOUR, 4),
    "24h": (HOUR, 24),
    "7d": (SIX_HOURS, 28),
    "28d": (SIX_HOURS, 112),
}

# Durations are counted in 24 bins; one that equals an edge is in the bin above it. In seconds.
WAIT_EDGES = [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200,
              14400, 28800]
DAY = 86400
RESOLUTION_EDGES = [900, 1800, 3600, 7200, 14400, 28800, 43200] + [
    days * DAY for days in (1, 2, 3, 4, 5, 7, 10, 14, 15, 20, 21, 28, 30, 45, 60, 90)]

DIFFERENCES_SHOWN = 10


class Wrong(Exception):
    """The input is not what it should be."""


# ---- what an event says ------------------------------------------------------------------------


class Signals:
    """The signals of one event: (word, how many counters it has, which one of them)."""

    def __init__(self):
        self.said = []

    def outcome(self, word, yes):
        if yes is not None:
            self.said.append((word, 2, 1 if yes else 0))

    def duration(self, word, seconds, edges):
        if seconds is not None:
            milliseconds = round(seconds * 1000)
            self.said.append((word, 24, bisect.bisect_right([edge * 1000 for edge in edges], milliseconds)))

    def count(self, word, number):
        if number is not None:
            self.said.append((word, 4, min(number, 3)))

    def rating(self, word, answer):
        if answer is not None:
            self.said.append((word, 5, answer - 1))


RATINGS = ["office_answers", "rep_answers", "quality", "quick_resolution", "compliance", "engagement_advice",
           "engagement_enrol", "advocacy", "trust", "forgiveness", "satisfaction"]


def contact_signals(event, signals):
    """Whether somebody answered, and after what wait.

    Who gave up after a known wait counts under abandoned_after, by that wait, instead of as not answered. A timing that
    is flagged as inaccurate is not used.
    """
    wait = None if event.get("timing_inaccurate") else event.get("wait_seconds")
    if event.get("outcome") == "abandoned":
        if wait is None:
            signals.outcome("answered", False)
        else:
            signals.duration("abandoned_after", wait, WAIT_EDGES)
    else:
        if event.get("outcome") == "served":
            signals.outcome("answered", True)
        signals.duration("wait", wait, WAIT_EDGES)


def signals_of(event):
    signals = Signals()
    for word in ("completed", "page_helpful", "search_found", "error_shown", "questions_answered", "resolved",
                 "repeat_contact", "agent_informed", "escalated"):
        signals.outcome(word, event.get(word))
    contact_signals(event, signals)
    transfers = event.get("transfers")
    signals.outcome("transferred", None if transfers is None else transfers > 0)
    signals.count("transfers", transfers)
    signals.outcome("contained", event.get("contained_by_bot"))
    signals.outcome("reopened", True if event["kind"] == "reopening" else event.get("reopened"))
    answers = {word: event.get("survey." + word) for word in RATINGS}
    answered = any(answer is not None for answer in answers.values())
    signals.outcome("survey_answered", True if answered else None)
    if event["kind"] == "interaction":
        signals.outcome("survey_offered", True if answered else event.get("survey_offered"))
    signals.duration("resolution", event.get("resolution_seconds"), RESOLUTION_EDGES)
    signals.duration("hold", event.get("hold_seconds"), WAIT_EDGES)
    signals.duration("wrap_up", event.get("wrap_up_seconds"), WAIT_EDGES)
    for word, answer in answers.items():
        signals.rating("rating_" + word, answer)
    return signals.said


# ---- what counts, and where --------------------------------------------------------------------


class Window:
    def __init__(self):
        self.interactions = 0
        self.events = 0
        self.signals = collections.defaultdict(dict)

    def add(self, event, said, step):
        self.events += step
        if event["kind"] == "interaction":
            self.interactions += step
        for word, width, position in said:
            counts = self.signals[word]
            if not counts:
                counts.update(enumerate([0] * width))
            counts[position] += step

    def as_shown(self):
        signals = {word: [counts[i] for i in sorted(counts)] for word, counts in self.signals.items()}
        return {
            "interactions": self.interactions,
            "events": self.events,
            "signals": {word: counts for word, counts in signals.items() if any(counts)},
        }


class Counted:
    """Everything that was sent, counted for the moment that each cell of the state is of."""

    def __init__(self, as_of_of_cells):
        self.as_of = as_of_of_cells
        self.cells = {cell: {word: Window() for word in WINDOWS} for cell in as_of_of_cells}
        self.missing = set()
        self.outcomes = collections.Counter()
        self.first_came = {}

    def is_copy(self, event):
        key = (event["agency"], event["event_id"])
        came = self.first_came.get(key)
        if came is not None and event["sent_at"] - came <= REMEMBERED:
            return True
        self.first_came[key] = event["sent_at"]
        return False

    @staticmethod
    def is_too_old(event):
        """Before the oldest pane kept when it came."""
        oldest = event["sent_at"] // SIX_HOURS - SIX_HOURS_KEPT + 1
        return event["occurred_at"] // SIX_HOURS < oldest

    def outcome(self, event):
        if "bad" in event:
            return "deadlettered"
        if self.is_copy(event):
            return "duplicate"
        return "late" if self.is_too_old(event) else "applied"

    def take(self, event):
        outcome = self.outcome(event)
        self.outcomes[outcome] += 1
        if outcome == "applied":
            self.apply(event)

    def apply(self, event):
        cell = (event["agency"], event["service"], event["channel"])
        if cell not in self.cells:
            self.missing.add(cell)
            return
        as_of = self.as_of[cell]
        said = None
        for word, (length, whole) in WINDOWS.items():
            last = as_of // length
            if last - whole <= event["occurred_at"] // length <= last:
                said = said or signals_of(event)
                self.cells[cell][word].add(event, said, -1 if event.get("retracts") else 1)


# ---- reading, comparing ------------------------------------------------------------------------


def lines_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise Wrong(f"{path}:{number}: {error}") from None
    except OSError as error:
        raise Wrong(str(error)) from None


def microseconds(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return since // datetime.timedelta(microseconds=1)


def read_state(path):
    state = {}
    for line in lines_of(path):
        cell = (line["agency"], line["service"], line["channel"])
        if cell in state:
            raise Wrong(f"{path}: {'/'.join(cell)} is there twice")
        state[cell] = line
    return state


def compare_signals(where, stored, expected):
    for word in sorted(set(stored) | set(expected)):
        was, should = stored.get(word), expected.get(word)
        if was != should:
            yield f"{where} {word}: stored {was}, sent {should}"


def compare_window(where, stored, expected):
    for word in ("interactions", "events"):
        if stored[word] != expected[word]:
            yield f"{where} {word}: stored {stored[word]}, sent {expected[word]}"
    signals = {word: counts for word, counts in stored["signals"].items() if any(counts)}
    yield from compare_signals(where, signals, expected["signals"])


def differences(state, counted, claimed):
    for outcome, number in claimed.items():
        if number is not None and number != counted.outcomes[outcome]:
            yield f"{outcome}: counted {number}, should be {counted.outcomes[outcome]}"
    for cell in sorted(counted.missing):
        yield f"{'/'.join(cell)}: was sent, is not in the state"
    for cell, line in state.items():
        if set(line["windows"]) != set(WINDOWS):
            yield f"{'/'.join(cell)}: windows {sorted(line['windows'])}"
            continue
        for word in WINDOWS:
            expected = counted.cells[cell][word].as_shown()
            yield from compare_window(f"{'/'.join(cell)} {word}", line["windows"][word], expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ledger")
    parser.add_argument("state")
    for outcome in ("applied", "duplicate", "late", "deadlettered"):
        parser.add_argument("--" + outcome, type=int)
    arguments = parser.parse_args()
    try:
        state = read_state(arguments.state)
        counted = Counted({cell: microseconds(line["as_of"]) for cell, line in state.items()})
        for event in lines_of(arguments.ledger):
            counted.take(event)
    except Wrong as wrong:
        print(wrong)
        return 2
    claimed = {word: getattr(arguments, word) for word in ("applied", "duplicate", "late", "deadlettered")}
    found = list(differences(state, counted, claimed))
    if not found:
        print("equal")
        return 0
    for difference in found[:DIFFERENCES_SHOWN]:
        print(difference)
    if len(found) > DIFFERENCES_SHOWN:
        print(f"and {len(found) - DIFFERENCES_SHOWN} more")
    return 1


if __name__ == "__main__":
    sys.exit(main())
