"""peers.py - a producer and a consumer in each language. Python's is here, on fastavro and confluent-kafka; the others are
programs, which tests/interop/install makes."""

import json
import subprocess
from pathlib import Path

import harness
import messages
import program

HERE = Path(__file__).resolve().parent
LANGUAGES = ("python", "java", "js", "go")
PATIENCE_S = 120


def installed(part):
    done = subprocess.run([HERE / "install", part], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise harness.Failure(f"the {part} peer could not be made")
    return done.stdout.strip()


def commands():
    """Language → the words that start its program, and what its environment has besides."""
    java, js, go = installed("java"), installed("js"), installed("go")
    return {
        "java": (["java", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xmx256m", "-cp", f"{java}/classes:{java}/jars/*",
                  "Peer"], {}),
        "js": (["node", str(HERE / "js/peer.js")], {"NODE_PATH": f"{js}/node_modules"}),
        "go": ([f"{go}/peer"], {}),
    }


class Peer:
    """A run of one language's program; what it prints goes to a file."""

    def __init__(self, command, folder, name, words):
        argv, besides = command
        self.name = name
        self.path = folder / f"{name}.out"
        self.log = folder / f"{name}.log"
        with open(self.path, "wb") as out, open(self.log, "wb") as log:
            self.process = subprocess.Popen(program.mortal([*argv, *words]), stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=log, env=program.environment() | besides)

    def lines(self):
        """What it printed, once it has ended well."""
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "none: it did not end"
        if code != 0:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
            raise harness.Failure(f"{self.name}: exit code {code}\n{tail}")
        return [json.loads(line) for line in self.path.read_text().splitlines()]


def register(kafka, path):
    """Every version of the lines, under its topic's subject. First of all: Apicurio refuses two at a time with 409.
    Returns (topic, file) → id."""
    ids = {}
    for line in path.read_text().splitlines():
        one = json.loads(line)
        place = one["topic"], one["schema"]
        if place not in ids:
            ids[place] = kafka.register(f"{one['topic']}-value", Path(one["schema"]).read_text())
    return ids


def python_produces(kafka, path, ids):
    """What the programs do with `produce`; each event twice, as a bridge that delivers at least once may. (Of a thousand sent
    once, one was missing on the topic in one of some ten runs, delivered as far as its producer was told.)"""
    lines = path.read_text().splitlines()
    for line in lines + lines:
        one = json.loads(line)
        event = one["event"] | {"agency": f"python-{one['event']['agency']}"}
        schema_id = ids[one["topic"], one["schema"]]
        kafka.send(one["topic"], messages.frame(schema_id, messages.encode(kafka.registered(schema_id), event)))
    kafka.flush()


def python_consumes(kafka, topics):
    """What the programs print for `consume`; topics: name → whether its keys are Avro. And the messages themselves."""
    found, whole = [], []
    for topic, key_is_avro in topics.items():
        for message in kafka.read(topic):
            key = kafka.decode(message.key) if key_is_avro else message.key.decode()
            found.append({"topic": topic, "partition": message.partition, "offset": message.offset, "key": key,
                          "value": kafka.decode(message.value)})
            whole.append(message)
    return found, whole
