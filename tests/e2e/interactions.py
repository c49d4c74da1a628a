"""interactions.py - makes events, as dictionaries of their Avro fields."""

import time

MINUTE_US = 60 * 10**6
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US


def now_us():
    return time.time_ns() // 1000


def event(agency, service, event_id, occurred_at, kind="interaction", **fields):
    """Of any channel; `fields` are those of its schema."""
    return {"event_id": event_id, "interaction_id": event_id, "agency": agency, "service": service, "kind": kind,
            "occurred_at": occurred_at, **fields}


def some_event(random, channel, agency, service, event_id, occurred_at):
    """One with a few facts, as its channel has them."""
    if channel == "web":
        return event(agency, service, event_id, occurred_at, completed=random.random() < 0.8)
    fields = {"outcome": "served" if random.random() < 0.9 else "abandoned",
              "wait_seconds": float(random.randrange(1, 600)), "transfers": random.randrange(0, 3)}
    if fields["outcome"] == "served":
        fields["resolved"] = random.random() < 0.7
        fields["questions_answered"] = random.random() < 0.8
    return event(agency, service, event_id, occurred_at, **fields)
