"""alerting.py - agencies below their targets, for the scenarios about alerts."""

from interactions import event, now_us
from oracle import US


def scoring_file(scenario, targets):
    """The built-in one with targets for agencies, where the fixed target's rule looks at 1 h and takes one look to open or
    close. Returns its path."""
    head, window, tail = scenario.call("config", "scoring").partition("window: 4h")
    assert window, "the target rule's window"
    tail = tail.replace("looks_to_open: 2", "looks_to_open: 1", 1).replace("looks_to_close: 3", "looks_to_close: 1", 1)
    text = head + "window: 1h" + tail
    listed = ", ".join(f"{agency}: {{cx: {target}}}" for agency, target in targets.items())
    assert text.count("agencies: {}") == 1, "the targets' agencies"
    path = scenario.folder / "scoring.yaml"
    path.write_text(text.replace("agencies: {}", f"agencies: {{{listed}}}"))
    return path


def send(scenario, agency, name, count, resolved, applied=True):
    """Contacts of the last minutes; one in so many is resolved. Returns when they are applied, or else read by intake."""
    topic = scenario.topic("phone")
    at = now_us()
    for i in range(count):
        one = event(agency, "returns", f"{name}-{i}", at - i * US // 10, outcome="served", resolved=i % resolved == 0,
                    wait_seconds=float(20 if i % resolved == 0 else 600))
        scenario.kafka.send(topic, scenario.kafka.interaction("phone", topic, one))
    scenario.kafka.flush()
    if applied:
        scenario.until_applied()
    else:
        scenario.until_taken_in()
