"""harness.py - one end-to-end scenario: the real Kafka, Redis and registry, slipstream's processes, and what was found.

A scenario is a function that takes a Scenario. Everything it starts is ended when it returns, fails or is told to stop;
a guard outlives us to take the stack down even after kill -9. Waits are on conditions, with deadlines; there are no
sleeps of a length somebody guessed. A check that fails is noted and the scenario goes on; a wait that fails ends it.
"""

import calendar
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

import messages
import program

SOURCE = Path(os.environ.get("SLIPSTREAM_SOURCE") or Path(__file__).resolve().parents[2])
BINARY = os.environ.get("SLIPSTREAM_BINARY") or str(SOURCE / "build/release/slipstream")
STACK = str(SOURCE / "tests/stack")
PARTS = ("kafka", "redis", "registry")
LIMIT_S = int(os.environ.get("E2E_LIMIT_S", "270"))  # under ctest's own limit, so that it is us who clean up
POLL_S = 0.02
DIFFERENCES_SHOWN = 8


class Failure(Exception):
    """The scenario cannot go on."""


class Not:
    """What a probe answers while its condition does not hold: false, with what was seen instead."""

    def __init__(self, seen):
        self.seen = seen

    def __bool__(self):
        return False


class Stack:
    """The real parts, under a name that no other scenario has."""

    def __init__(self, name, parts):
        self.name = name
        began = time.monotonic()
        self._call("up", *parts)
        self.seconds = time.monotonic() - began
        self.folder = Path(self.env()["STACK_DIR"])

    def _call(self, verb, *arguments):
        done = subprocess.run([STACK, verb, "--name", self.name, *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Failure(f"tests/stack {verb} failed:\n{done.stderr}")
        return done.stdout

    def env(self):
        return json.loads(self._call("env", "--json"))

    def kill(self, *parts, number=signal.SIGKILL, seconds=10):
        """kill -9, or another signal, and waits until the processes are gone."""
        pids = [int((self.folder / part / "pid").read_text().split()[0]) for part in parts]
        for pid in pids:
            os.kill(pid, number)
        for part, pid in zip(parts, pids):
            deadline = time.monotonic() + seconds
            while _lives(pid):
                if time.monotonic() > deadline:
                    raise Failure(f"{part} outlives signal {number}")
                time.sleep(POLL_S)

    def pause(self, part):
        """SIGSTOP: it keeps its data and its port, and answers nobody. Returns what to resume."""
        pid = int((self.folder / part / "pid").read_text().split()[0])
        os.kill(pid, signal.SIGSTOP)
        return pid

    def resume(self, pid):
        os.kill(pid, signal.SIGCONT)

    def restart(self, *parts):
        self._call("restart", *parts)

    def down(self):
        self._call("down")


def _lives(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


class Scenario:
    """What a scenario works with. Settings common to every process of it are in `settings`."""

    def __init__(self, name, folder, stack):
        self.name = name
        self.folder = folder
        self.stack = stack
        self.programs = []
        self.failures = []
        self.settings = {"app": name, "http.port": "0"}
        self.kafka = None
        if stack:
            env = stack.env()
            self.settings |= {key[len("SLIPSTREAM__"):].lower().replace("__", "."): value
                              for key, value in env.items() if key.startswith("SLIPSTREAM__")}
            if "kafka.brokers" in self.settings:
                self.kafka = messages.Kafka(self.settings["kafka.brokers"], self.settings.get("registry.url"),
                                            SOURCE / "schemas")

    # ---- what is run ----

    def start(self, instance, *arguments, namesake=None, **settings):
        """Starts `slipstream run`; settings' names have __ for a dot. namesake: whose name it runs under instead."""
        named = {"instance": namesake or instance}
        running = program.Program(BINARY, self.folder, instance, arguments, self.settings | named | _dots(settings))
        self.programs.append(running)
        running.start()
        return running

    def call(self, *arguments, code=0, **settings):
        """Runs a subcommand to its end; returns what it printed on stdout."""
        done = program.call(BINARY, arguments, self.settings | _dots(settings))
        if done.returncode != code:
            raise Failure(f"slipstream {' '.join(arguments)}: exit code {done.returncode}, not {code}:\n{done.stderr}")
        return done.stdout

    def make_topics(self, **settings):
        self.call("topics", "create", **settings)

    def state(self, **settings):
        """Every cell of `state show`, by (agency, service, channel)."""
        cells = {}
        for line in self.call("state", "show", **settings).splitlines():
            cell = json.loads(line)
            cells[cell["agency"], cell["service"], cell["channel"]] = cell
        return cells

    # ---- waiting ----

    def until(self, what, probe, seconds=30):
        """Returns the first true answer of the probe. Fails at the deadline, or when a process ends that should run."""
        deadline = time.monotonic() + seconds
        while True:
            answer = probe()
            if answer:
                return answer
            for running in self.programs:
                if running.has_died():
                    raise Failure(f"{what}: meanwhile {running.instance} ended with exit code {running.code()}")
            if time.monotonic() > deadline:
                seen = f"; last seen: {answer.seen}" if isinstance(answer, Not) else ""
                raise Failure(f"{what}: not within {seconds} s{seen}")
            time.sleep(POLL_S)

    def until_ready(self, *programs, seconds=60):
        for running in programs:
            self.until(f"{running.instance} is ready", running.ready, seconds)

    def until_applied(self, app=None, seconds=60):
        """Until score has applied all that stands in the sources now: by the offsets the two groups have committed."""
        app = app or self.settings["app"]
        self.until_taken_in(app, seconds)
        ends = self.kafka.ends(self.topic("signals"))
        self.until("score has applied everything", lambda: self.kafka.has_passed(f"{app}-score", ends), seconds)

    def until_taken_in(self, app=None, seconds=60):
        """Until intake has committed all that stands in the sources now."""
        app = app or self.settings["app"]
        ends = self.kafka.ends(*(self.topic(channel) for channel in messages.CHANNELS))
        self.until("intake has read everything", lambda: self.kafka.has_passed(f"{app}-intake", ends), seconds)

    def topic(self, name):
        default = f"interactions.{name}" if name in messages.CHANNELS else f"cx.{name}"
        return self.settings.get(f"topics.{name}", default)

    def own_topics(self, prefix):
        """Topics of this part of the scenario's own."""
        for name in (*messages.CHANNELS, "signals", "aggregates", "scores", "alerts", "state", "deadletter"):
            self.settings[f"topics.{name}"] = f"{prefix}.{name}"
        self.settings["app"] = prefix

    # ---- finding ----

    def measured(self, what, value):
        print(f"  {what}: {value}", flush=True)

    def true(self, what, holds, seen=""):
        if holds:
            print(f"  ok: {what}", flush=True)
        else:
            self.failures.append(what)
            print(f"  FAILED: {what}{': ' if seen != '' else ''}{seen}", flush=True)
        return bool(holds)

    def same(self, what, got, expected):
        """Equal; of what differs in mappings, the first few entries are shown."""
        if got == expected:
            return self.true(what, True)
        if isinstance(got, dict) and isinstance(expected, dict):
            keys = [key for key in {**expected, **got} if got.get(key) != expected.get(key)]
            shown = [f"{key}: got {got.get(key)}, expected {expected.get(key)}" for key in keys[:DIFFERENCES_SHOWN]]
            return self.true(what, False, f"{len(keys)} differ\n    " + "\n    ".join(shown))
        return self.true(what, False, f"got {got}, expected {expected}")

    def accounts(self, *programs):
        """On both stages, what was read is what was applied, late, duplicate or dead-lettered."""
        for running in programs:
            metrics = running.metrics()
            for stage in ("intake", "score"):
                read = metrics.sum("slipstream_records_read_total", stage=stage)
                parts = metrics.sum("slipstream_records_total", stage=stage)
                self.same(f"{running.instance}: {stage} read = applied + late + duplicate + dead-lettered", read, parts)

    # ---- ending ----

    def end(self, failed):
        for running in self.programs:
            running.kill()
        if failed:
            for running in self.programs:
                print(f"---- the end of what {running.instance} said ----\n{running.tail()}", flush=True)
        if self.kafka:
            self.kafka.close()


def iso(us):
    """Microseconds since the epoch as slipstream prints them, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(us // 10**6))


def microseconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) * 10**6


def _dots(settings):
    return {name.replace("__", "."): str(value) for name, value in settings.items()}


def _guard(name):
    """A process of its own that takes the stack down when we are gone. Returns where to tell it that we did so."""
    ours, theirs = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.close(theirs)
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in range(3):
                os.dup2(null, descriptor)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            if os.read(ours, 1) == b"":
                subprocess.run([STACK, "down", "--name", name])
        os._exit(0)
    os.wait()
    os.close(ours)
    return theirs


def _catch_signals():
    def stop(number, _frame):
        for other in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(other, signal.SIG_IGN)  # what is being cleaned up is cleaned up
        raise Failure("it takes too long" if number == signal.SIGALRM else f"ended by signal {number}")

    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    signal.alarm(LIMIT_S)


def _folder(name, unique):
    """For this run's logs; those that earlier failures left are deleted."""
    root = SOURCE / "build/e2e"
    for older in root.glob(f"e2e-{name}-*"):
        if not _lives(int(older.name.rsplit("-", 1)[1])):
            shutil.rmtree(older)
    folder = root / unique
    folder.mkdir(parents=True)
    return folder


def main(run, name, parts=PARTS):
    """Runs the scenario and exits: 0 when every check held."""
    began = time.monotonic()
    unique = f"e2e-{name}-{os.getpid()}"
    folder = _folder(name, unique)
    guard = _guard(unique) if parts else None
    _catch_signals()
    stack = scenario = None
    failed = True
    try:
        if parts:
            stack = Stack(unique, parts)
            print(f"{name}: the stack is up after {stack.seconds:.1f} s", flush=True)
        scenario = Scenario(name, folder, stack)
        run(scenario)
        failed = bool(scenario.failures)
    except Failure as failure:
        print(f"  FAILED: {failure}", flush=True)
    except Exception:
        traceback.print_exc(file=sys.stdout)
    finally:
        signal.alarm(0)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if scenario:
            scenario.end(failed)
        if parts:
            subprocess.run([STACK, "down", "--name", unique], stderr=subprocess.DEVNULL)
            os.write(guard, b".")
        if failed:
            print(f"logs are in {folder.relative_to(SOURCE)}", flush=True)
        else:
            shutil.rmtree(folder)
    print(f"{name}: {'FAILED' if failed else 'passed'} after {time.monotonic() - began:.1f} s", flush=True)
    sys.exit(1 if failed else 0)
