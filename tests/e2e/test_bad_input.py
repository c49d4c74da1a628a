"""test_bad_input.py - what cannot be read becomes one dead letter each, counted by its reason; the stream goes on."""

import harness
import messages
from interactions import DAY_US, HOUR_US, MINUTE_US, event, now_us
from oracle import US, Oracle

GOOD = 200
NINE_WEEKS_US = 63 * DAY_US
UNKNOWN_ID = 987654321
POOR_SCHEMA = '{"type": "record", "name": "poor", "fields": [{"name": "agency", "type": "string"}]}'


def good_events(start):
    """A few hundred that count, on every channel, among those that do not."""
    for i in range(GOOD):
        channel = messages.CHANNELS[i % 4]
        fields = {"completed": i % 3 > 0} if channel == "web" else {"resolved": i % 3 > 0}
        yield channel, event(f"agency-{i % 5}", f"service-{i % 3}", f"good-{i}", start - i * 30 * US, **fields)


def bad_values(scenario):
    """Name, reason and bytes of messages for the phone topic."""
    kafka = scenario.kafka
    topic = scenario.topic("phone")
    at = now_us()
    body = event("agency-0", "service-0", "bad", at - HOUR_US, outcome="served", wait_seconds=12.5)
    value = kafka.interaction("phone", topic, body)
    poor = kafka.register("poor-value", POOR_SCHEMA)

    def changed(**fields):
        return kafka.interaction("phone", topic, body | fields)

    survey_of_six = {"survey": {"trust": 6}}
    head = value[:5] + b"".join(bytes([2 * len(body[field])]) + body[field].encode()
                                for field in ("event_id", "interaction_id", "agency", "service"))
    kind, rest = len(head), value[len(head) + 1:]
    assert value.startswith(head) and value[kind] == 0, "the first fields stand where this test takes them to be"
    return [
        ("nothing", "short_frame", b""),
        ("short", "short_frame", value[:3]),
        ("bad magic", "bad_magic", b"\x07" + value[1:]),
        ("unknown schema id", "unknown_schema", messages.frame(UNKNOWN_ID, value[5:])),
        ("a schema of something else", "incompatible_schema",
         messages.frame(poor, messages.encode(kafka.registered(poor), {"agency": "agency-0"}))),
        ("in the future", "in_future", changed(occurred_at=at + 10 * MINUTE_US)),
        ("too old", "too_late", changed(occurred_at=at - NINE_WEEKS_US - HOUR_US)),
        ("ends before it starts", "ends_before_start", changed(started_at=at)),
        ("bad enum", "bad_enum", head + b"\x06" + rest),
        ("negative enum", "bad_enum", head + b"\x01" + rest),
        ("truncated body", "truncated", value[:-7]),
        ("only a frame", "truncated", value[:5]),
        ("trailing bytes", "trailing_bytes", value + b"\0\0"),
        ("negative length", "bad_length", value[:5] + b"\x03" + value[6:]),
        ("8 GiB string", "bad_length", value[:5] + b"\x80\x80\x80\x80\x40" + value[6:]),
        ("endless number", "bad_varint", value[:5] + b"\xff" * 11),
        ("bad UTF-8", "bad_utf8", value[:6] + b"\xff" + value[7:]),
        ("empty agency", "missing_field", changed(agency="")),
        ("long agency", "too_long", changed(agency="a" * 201)),
        ("rating of six", "bad_rating", changed(**survey_of_six)),
        ("negative wait", "bad_duration", changed(wait_seconds=-1.0)),
        ("no number", "bad_number", changed(wait_seconds=float("nan"))),
    ]


def late_for_score(scenario, wall):
    """Young enough for intake's nine weeks, but in the pane before the oldest that score keeps."""
    oldest_kept = wall // (6 * HOUR_US) - 251
    return event("agency-0", "service-0", "late", oldest_kept * 6 * HOUR_US - US, resolved=True)


def check_letters(scenario, sent):
    letters = scenario.kafka.dead_letters(scenario.topic("deadletter"))
    found = {}
    for letter in letters:
        record = letter.record
        found.setdefault((record["topic"], record["partition"], record["offset"]), []).append(record)
    scenario.same("one dead letter each", len(letters), len(sent))
    expected = {place: (row["reason"], row["value"], row["key"], row["schema_id"]) for place, row in sent.items()}
    got = {place: tuple(records[0][name] for name in ("reason", "value", "key", "schema_id"))
           for place, records in found.items()}
    scenario.same("each with its topic, partition, offset, reason, key, schema id and original bytes", got, expected)
    scenario.same("headers are kept", {place: records[0]["headers"] for place, records in found.items()},
                  {place: [{"name": "trace", "value": b"7"}] for place in sent})
    scenario.true("and the message's own time", all(records[0]["timestamp"] for records in found.values()))
    scenario.true("and a detail in words", all(records[0]["detail"] for records in found.values()))


def send_all(scenario, oracle):
    """Bad ones between good ones. Returns what is to be found of the bad ones, by topic, partition and offset."""
    kafka = scenario.kafka
    bad = bad_values(scenario)
    start = now_us() - 2 * HOUR_US
    offsets = {p: 0 for p in range(4)}
    sent = {}
    for i, (channel, one) in enumerate(good_events(start)):
        topic = scenario.topic(channel)
        partition = i // 4 % 4
        kafka.send(topic, kafka.interaction(channel, topic, one), partition=partition)
        oracle.add(channel, one)
        if channel != "phone":
            continue
        offsets[partition] += 1
        if i // 4 < len(bad):
            name, reason, value = bad[i // 4]
            framed = len(value) >= 5 and value[0] == 0
            kafka.send(topic, value, key=name.encode(), partition=partition, headers=[("trace", b"7")])
            sent[topic, partition, offsets[partition]] = {
                "reason": reason, "value": value, "key": name.encode(),
                "schema_id": int.from_bytes(value[1:5], "big") if framed else None}
            offsets[partition] += 1
    kafka.flush()
    return sent


def run(scenario):
    scenario.make_topics()
    running = scenario.start("one")
    scenario.until_ready(running)
    oracle = Oracle()
    sent = send_all(scenario, oracle)
    scenario.until_applied()
    late = late_for_score(scenario, now_us())
    scenario.kafka.send(scenario.topic("phone"), scenario.kafka.interaction("phone", scenario.topic("phone"), late))
    scenario.kafka.flush()
    scenario.until_applied()
    scenario.measured("good events", GOOD)
    scenario.measured("bad ones", len(sent))

    check_letters(scenario, sent)
    reasons = {}
    for row in sent.values():
        reasons[row["reason"]] = reasons.get(row["reason"], 0) + 1
    metrics = running.metrics()
    scenario.same("metrics count them by reason", metrics.by("reason", "slipstream_deadletters_total"), reasons)
    scenario.same("intake's outcomes", metrics.by("outcome", "slipstream_records_total", stage="intake"),
                  {"applied": GOOD + 1, "deadlettered": len(sent)})
    scenario.same("score's outcomes", metrics.by("outcome", "slipstream_records_total", stage="score"),
                  {"applied": GOOD, "late": 1})
    scenario.accounts(running)
    cells = scenario.state()
    scenario.same("the good ones all count",
                  {cell: shown["windows"]["28d"] for cell, shown in cells.items() if shown["windows"]["28d"]["events"]},
                  {cell: oracle.window(cell, "28d", now_us()) for cell in oracle.cells})
    code, seconds = running.stop()
    scenario.same("told to stop it ends with", code, 0)
    said = running.path.read_text(errors="replace")
    scenario.true("no payload stands in the log", "good-1" not in said and "agency-0" not in said)


if __name__ == "__main__":
    harness.main(run, "bad_input")
