"""oracle.py - what should be counted, from the events themselves; written from the documentation, not from the code.

Windows and panes: DESIGN's "Time" (a window is the open pane plus as many whole ones, ended by as_of). Signals:
include/slipstream/model/signals.h. Times are microseconds since the epoch, in UTC.
"""

SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400
US = 10**6

# window → the length of its panes in seconds, and how many whole ones
WINDOWS = {"1h": (MINUTE, 60), "4h": (HOUR, 4), "24h": (HOUR, 24), "7d": (6 * HOUR, 28), "28d": (6 * HOUR, 112)}

# deploy/scoring.yaml lists them.
WAIT_EDGES = [5, 10, 15, 20, 30, 45, 60, 90] + [
    minutes * MINUTE for minutes in (2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 240, 480)]
RESOLUTION_EDGES = [15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR] + [
    days * DAY for days in (1, 2, 3, 4, 5, 7, 10, 14, 15, 20, 21, 28, 30, 45, 60, 90)]
RATINGS = ("office_answers", "rep_answers", "quality", "quick_resolution", "compliance", "engagement_advice",
           "engagement_enrol", "advocacy", "trust", "forgiveness", "satisfaction")


def in_window(at, window, as_of):
    length, whole = WINDOWS[window]
    newest = as_of // (length * US)
    return newest - whole <= at // (length * US) <= newest


def _flag(signals, word, value):
    if value is not None:
        signals[word] = [0, 1] if value else [1, 0]


def _duration(signals, word, seconds, edges):
    if seconds is not None:
        milliseconds = round(seconds * 1000)
        counts = [0] * (len(edges) + 1)
        counts[sum(1 for edge in edges if edge * 1000 <= milliseconds)] = 1
        signals[word] = counts


def _contact(signals, event):
    """Who gave up after a known wait counts by that wait, not as unanswered."""
    wait = None if event.get("timing_inaccurate") else event.get("wait_seconds")
    if event.get("outcome") == "abandoned":
        if wait is None:
            _flag(signals, "answered", False)
        _duration(signals, "abandoned_after", wait, WAIT_EDGES)
        return
    _duration(signals, "wait", wait, WAIT_EDGES)
    if event.get("outcome") == "served":
        _flag(signals, "answered", True)


def signals_of(event):
    """Word → counts, one added to each signal that the event says."""
    signals = {}
    for word in ("completed", "page_helpful", "search_found", "error_shown", "questions_answered", "resolved",
                 "repeat_contact", "agent_informed", "escalated"):
        _flag(signals, word, event.get(word))
    _flag(signals, "contained", event.get("contained_by_bot"))
    _flag(signals, "reopened", True if event["kind"] == "reopening" else event.get("reopened"))
    _contact(signals, event)
    _duration(signals, "resolution", event.get("resolution_seconds"), RESOLUTION_EDGES)
    _duration(signals, "hold", event.get("hold_seconds"), WAIT_EDGES)
    _duration(signals, "wrap_up", event.get("wrap_up_seconds"), WAIT_EDGES)
    transfers = event.get("transfers")
    if transfers is not None:
        _flag(signals, "transferred", transfers > 0)
        signals["transfers"] = [int(n == min(transfers, 3)) for n in range(4)]
    answers = {word: rating for word, rating in (event.get("survey") or {}).items() if rating is not None}
    for word, rating in answers.items():
        signals[f"rating_{word}"] = [int(n == rating) for n in range(1, 6)]
    if answers:
        _flag(signals, "survey_answered", True)
    if event["kind"] == "interaction":
        _flag(signals, "survey_offered", True if answers else event.get("survey_offered"))
    return signals


class Counts:
    """One cell's window: what `state show` prints of it, and what cx.aggregates says."""

    def __init__(self):
        self.interactions = self.events = 0
        self.signals = {}

    def add(self, event, signals):
        sign = -1 if event.get("retracts") else 1
        self.events += sign
        self.interactions += sign if event["kind"] == "interaction" else 0
        for word, counts in signals.items():
            kept = self.signals.setdefault(word, [0] * len(counts))
            for i, count in enumerate(counts):
                kept[i] += sign * count

    def shown(self):
        return {"interactions": self.interactions, "events": self.events,
                "signals": {word: counts for word, counts in self.signals.items() if any(counts)}}


EMPTY = Counts().shown()


class Oracle:
    """Events by cell (agency, service, channel); counts of any window that ends with any time."""

    def __init__(self):
        self.cells = {}

    def add(self, channel, event):
        cell = self.cells.setdefault((event["agency"], event["service"], channel), [])
        cell.append((event["occurred_at"], event, signals_of(event)))

    def window(self, cell, window, as_of):
        counts = Counts()
        for at, event, signals in self.cells.get(cell, ()):
            if in_window(at, window, as_of):
                counts.add(event, signals)
        return counts.shown()

    def agency(self, agency, window, as_of, channel=None):
        """Signals by channel, and interactions, of all services of an agency."""
        found = {}
        for (owner, service, on), events in self.cells.items():
            if owner == agency and channel in (None, on):
                counts = found.setdefault(on, Counts())
                for at, event, signals in events:
                    if in_window(at, window, as_of):
                        counts.add(event, signals)
        return {on: counts.shown() for on, counts in found.items()}

    def total(self):
        return sum(len(events) for events in self.cells.values())
