#!/usr/bin/env python3
"""count_311.py - what `slipstream import --mapping deploy/mappings/311.yaml --rebase` should make of a file of 311
requests, straight from the CSV; written from the mapping's words and `import --help`, with none of slipstream's code.

    tests/e2e/count_311.py FILE      prints how many events there are, and why the other rows are rejected

A row is an event, or is rejected for the first of these that is true of it: a wrong number of columns; a time that is
none; closed before it was opened; a channel that is none of ours; no id, agency or service; over 400 days.
"""

import csv
import json
import sys
from datetime import datetime, timezone

CHANNELS = {"PHONE": "phone", "Voice In": "phone", "ONLINE": "web", "Web Self Service": "web", "MOBILE": "web",
            "Open311": "web", "Twitter": "chat"}
SECOND_US = 10**6
DAY_US = 86400 * SECOND_US
LONGEST_US = 400 * DAY_US
REBASED_US = 60 * DAY_US


class Rejected(Exception):
    """With the word that the row is counted under."""


def _time(text):
    """Microseconds since the epoch, taken as UTC; None for nothing."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Rejected("bad_time") from None
    return int(moment.replace(tzinfo=timezone.utc).timestamp()) * SECOND_US


def _event(row):
    """Channel and event of a row."""
    opened, closed = _time(row["opened"]), _time(row["closed"])
    if opened is not None and closed is not None and closed < opened:
        raise Rejected("ends_before_start")
    if row["channel"] not in CHANNELS:
        raise Rejected("unknown_channel" if row["channel"] else "missing_field")
    occurred_at = opened if closed is None else closed
    if not (row["source"] and row["id"] and row["agency"] and row["service"]) or occurred_at is None:
        raise Rejected("missing_field")
    event = {"event_id": f"{row['source']}-{row['id']}", "interaction_id": f"{row['source']}-{row['id']}",
             "agency": row["agency"], "service": row["service"], "kind": "interaction", "started_at": opened,
             "occurred_at": occurred_at}
    if opened is not None and closed is not None:
        if closed - opened > LONGEST_US:
            raise Rejected("bad_duration")
        event["resolution_seconds"] = (closed - opened) / SECOND_US
    return CHANNELS[row["channel"]], event


def read(path):
    """All events, as (channel, event), and how many rows were rejected for which reason."""
    events, rejected = [], {}
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.reader(file, strict=True)
        header = next(rows)
        for values in rows:
            if not values:
                continue
            try:
                if len(values) != len(header):
                    raise Rejected("bad_row")
                events.append(_event({name: value.strip(" \t") for name, value in zip(header, values)}))
            except Rejected as why:
                rejected[str(why)] = rejected.get(str(why), 0) + 1
    return events, rejected


def rebase(events, last_us):
    """The events' time range, in order and linearly, onto the 60 days that end with last_us; durations stay."""
    times = [event["occurred_at"] for _, event in events]
    first, span = min(times), max(times) - min(times)
    moved = []
    for channel, event in events:
        at = event["occurred_at"]
        to = last_us - REBASED_US + (at - first) * REBASED_US // span if span else last_us
        started_at = None if event["started_at"] is None else event["started_at"] + to - at
        moved.append((channel, event | {"occurred_at": to, "started_at": started_at}))
    return moved


def summary(path):
    events, rejected = read(path)
    channels = {channel: sum(1 for on, _ in events if on == channel) for channel in ("web", "phone", "office", "chat")}
    return {"rows": len(events) + sum(rejected.values()), "sent": len(events), "channels": channels,
            "reasons": rejected}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: tests/e2e/count_311.py FILE")
    print(json.dumps(summary(sys.argv[1]), indent=2))
