"""program.py - slipstream's processes: started, stopped or killed, listened to."""

import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')
STOP_S = 20  # what `run` promises
TAIL_LINES = 30


def command(binary, arguments, settings):
    sets = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    return [binary, *arguments, *sets]


def environment():
    """Ours, without settings that somebody's shell may have."""
    return {key: value for key, value in os.environ.items() if not key.startswith("SLIPSTREAM_")}


def mortal(words):
    """Should we be killed, the process goes with us."""
    return ["setpriv", "--pdeathsig", "KILL", *words]


def call(binary, arguments, settings, seconds=120):
    return subprocess.run(command(binary, arguments, settings), env=environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=seconds)


class Metrics:
    """The metrics page, as (name, labels) → value."""

    def __init__(self, text):
        self.values = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                series, value = line.rsplit(" ", 1)
                name, _, labels = series.partition("{")
                self.values[name, frozenset(re.findall(r'(\w+)="([^"]*)"', labels))] = float(value)

    def sum(self, name, **labels):
        """Of every series of that name that has these labels."""
        wanted = set(labels.items())
        return int(sum(value for (series, has), value in self.values.items() if series == name and wanted <= has))

    def by(self, label, name, **labels):
        """label's value → sum, for those above 0."""
        wanted = set(labels.items())
        sums = {}
        for (series, has), value in self.values.items():
            if series == name and wanted <= has and value:
                key = dict(has)[label]
                sums[key] = sums.get(key, 0) + int(value)
        return sums


class Program:
    """A `slipstream run`, over as many starts as the scenario wants; it keeps its instance's name."""

    def __init__(self, binary, folder, instance, arguments, settings):
        self.instance = instance
        self.path = folder / f"{instance}.log"
        self.command = command(binary, ("run", *arguments), settings)
        self.process = None
        self.expected = False  # whether it should be running
        self.began_at = 0      # where in the log this start's lines begin

    def start(self):
        log = open(self.path, "ab")
        self.began_at = log.tell()
        self.process = subprocess.Popen(mortal(self.command), env=environment(), stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=log)
        log.close()
        self.expected = True

    def has_died(self):
        return self.expected and self.process.poll() is not None

    def code(self):
        return self.process.returncode

    def stop(self, number=signal.SIGTERM, seconds=STOP_S):
        """Told to stop; returns its exit code and the seconds it took."""
        self.expected = False
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(seconds), time.monotonic() - began

    def ends(self, seconds):
        """It should end by itself; returns its exit code."""
        self.expected = False
        return self.process.wait(seconds)

    def kill(self):
        self.expected = False
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    # ---- what it says ----

    def lines(self, **wanted):
        """Log lines since it was started last, as dictionaries, that have these values."""
        with open(self.path, "rb") as log:
            log.seek(self.began_at)
            text = log.read().decode("utf-8", "replace")
        lines = []
        for line in text.splitlines():
            pairs = {key: value.strip('"') for key, value in PAIR.findall(line)}
            if all(pairs.get(key) == value for key, value in wanted.items()):
                lines.append(pairs)
        return lines

    def tail(self):
        return "\n".join(self.path.read_text(errors="replace").splitlines()[-TAIL_LINES:])

    def port(self):
        listening = self.lines(msg="listening")
        return int(listening[0]["port"]) if listening else None

    def get(self, path):
        """Status and body; None, "" while nothing answers."""
        port = self.port()
        if not port:
            return None, ""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return None, ""

    def ready(self):
        return self.get("/-/ready")[0] == 200

    def metrics(self):
        return Metrics(self.get("/metrics")[1])
