"""What the tortures on a real Kafka share: the torture application's instances, what feeds and watches
them, and the verdict of a verifier that shares no code with the framework (tests/verifier)."""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
import service  # noqa: E402

PARTITIONS = 8
APPLICATION = "torture"
SOURCES = ("input", "rates")
OUTPUTS = ("counts", "groups", "joined")
DUMPS = ("dump", "dump-counts", "dump-groups")
STORES = ("counts", "groups", "rates")
CATCH_UP = 240  # seconds
ENDING = 60  # seconds that starting, catching up and the verdict take

# Short, so that many faults fit into an hour.
BROKER = {
    "group.min.session.timeout.ms": 1000,
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 500,
    "offsets.retention.check.interval.ms": 5000,
}
SETTINGS = {
    "application.id": APPLICATION,
    "processing.guarantee": "exactly_once_v2",
    "commit.interval.ms": 100,
    "num.stream.threads": 2,
    "session.timeout.ms": 2500,
}


def arguments(description, **defaults):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", default=str(ROOT / "build"), help="default: build")
    parser.add_argument("--minutes", type=float, help="at most; default: as long as it takes")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=type(value), default=value,
                            help=f"default: {value}")
    return parser.parse_args()


def fit(options, seconds, *counts):
    """Scale the named counts down so that what would take `seconds` fits into --minutes."""
    if options.minutes is None:
        return
    share = min(1.0, max(20, options.minutes * 60 - ENDING) / seconds)
    for name in counts:
        setattr(options, name, max(1, int(getattr(options, name) * share)))


def report(name, figures, ok):
    """The one line that ./run torture reads."""
    print("TORTURE " + json.dumps({"name": name, "ok": ok, **figures}), flush=True)
    return 0 if ok else 1


class Instance:
    """One process of the torture application; it keeps its state directory over restarts."""

    def __init__(self, torture, name, **settings):
        self.torture = torture
        self.state = torture.folder / f"state-{name}"
        self.log = torture.folder / f"app-{name}.log"
        self.settings = {"bootstrap.servers": torture.bootstrap, "state.dir": self.state,
                         **SETTINGS, **settings}
        self.process = None

    def start(self):
        command = [self.torture.app,
                   *(f"{key}={value}" for key, value in self.settings.items())]
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out,
                                            preexec_fn=service.die_with(os.getpid()))

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=60):
        if not self.is_alive():
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            if self.process.wait(seconds) < 0:
                self.torture.unexpected_ends += 1  # it crashed while it closed
        except subprocess.TimeoutExpired:
            self.kill()

    def client_prefix(self):
        """What the client ids of this instance begin with."""
        name = (self.state / APPLICATION / "instance-id").read_text().strip()
        return f"{APPLICATION}-{name}"

    def count_in_log(self, text):
        return self.log.read_text(errors="replace").count(text) if self.log.exists() else 0


class Torture:
    """A run: `with Torture(options, bootstrap) as torture:`; what it leaves is kept if it failed."""

    def __init__(self, options, bootstrap):
        self.bin = pathlib.Path(options.build).resolve() / "bin"
        self.bootstrap = bootstrap
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millstream-torture-"))
        # A copy, so that a build beside the run changes nothing of it.
        self.app = pathlib.Path(shutil.copy(self.bin / "torture_app", self.folder))
        self.random = random.Random(options.seed)
        self.seed = options.seed
        self.instances = []
        self.producers = []
        self.watcher = None
        self.dumped = {}
        self.failed = False
        self.unexpected_ends = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in [*self.producers, self.watcher]:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        for instance in self.instances:
            if instance.is_alive():
                instance.kill()
        if kind is not None or self.failed:
            print(f"seed {self.seed}; the evidence is in {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, program, *args, **more):
        result = subprocess.run([self.bin / program, *map(str, args)], capture_output=True,
                                text=True, **more)
        if result.returncode != 0:
            raise RuntimeError(f"{program}: {result.stderr[-2000:]}")
        return result.stdout

    def spawn(self, program, *args):
        return subprocess.Popen([self.bin / program, *map(str, args)],
                                preexec_fn=service.die_with(os.getpid()))

    def make_topics(self):
        self.run("make_topics", self.bootstrap, PARTITIONS, *SOURCES, *OUTPUTS, *DUMPS)

    def watch(self):
        self.watcher = self.spawn("watch_offsets", self.bootstrap, APPLICATION,
                                  self.folder / "committed.tsv", 500, *SOURCES)

    def produce(self, name="p", bootstrap=None, **options):
        text = [f"{key}={value}" for key, value in options.items()]
        sent = self.folder / f"sent-{name}.tsv"
        self.producers.append(self.spawn("produce_ids", bootstrap or self.bootstrap, sent,
                                         f"name={name}", *text))

    def producing(self):
        for process in self.producers:
            if process.poll() not in (None, 0):
                raise RuntimeError("a producer ended with an error")
        return any(process.poll() is None for process in self.producers)

    def start_instances(self, count, **settings):
        settings = {key.replace("__", "."): value for key, value in settings.items()}
        for number in range(len(self.instances), len(self.instances) + count):
            self.instances.append(Instance(self, number, **settings))
            self.instances[-1].start()

    def revive(self):
        """Start what ended by itself again; it should not have."""
        for instance in self.instances:
            if not instance.is_alive():
                self.unexpected_ends += 1
                instance.start()

    def sleep(self, seconds):
        """Sleep, and see to it that all instances live."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            time.sleep(min(rest, 0.2))
            self.revive()

    def sent(self):
        """How many records were sent, by topic and outcome."""
        counts = collections.Counter()
        for file in self.folder.glob("sent*.tsv"):
            with open(file) as lines:
                for line in lines:
                    fields = line.rstrip("\n").split("\t")
                    counts[fields[0], fields[4]] += 1
        return counts

    def rows_of(self, topic):
        text = self.run("read_committed", self.bootstrap, topic, 60)
        return [line.split("\t") for line in text.splitlines()]

    def save_topic(self, topic, name=None):
        file = self.folder / f"{name or topic}.tsv"
        with open(file, "wb") as out:
            subprocess.run([self.bin / "read_committed", self.bootstrap, topic, "60"], stdout=out,
                           check=True)
        with open(file, "rb") as lines:
            return sum(1 for _ in lines)

    def wait_until_processed(self, seconds=CATCH_UP):
        """Wait until each output has as many records as the input, or no more come."""
        expected = self.save_topic("input")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            # The outputs are only read once the offsets say that it's worth it.
            if self.is_committed("input") and all(self.save_topic(topic) >= expected
                                                  for topic in OUTPUTS):
                return True
            self.sleep(1)
        return False

    def is_committed(self, topic):
        """Whether the newest watched offsets are those behind the last record of a saved topic."""
        if self.watcher is None:
            return True
        ends, committed = {}, {}
        with open(self.folder / f"{topic}.tsv") as rows:
            for row in rows:
                partition, offset, _ = row.split("\t", 2)
                ends[partition] = int(offset) + 1
        with open(self.folder / "committed.tsv") as rows:
            for row in rows:
                if row.endswith("\n") and row.startswith(topic):
                    _, partition, offset = row.split("\t")
                    committed[partition] = int(offset)
        return all(committed.get(partition, -1) >= end for partition, end in ends.items())

    def dump_state(self, name):
        """Let the application write its stores to a topic, and keep what came since the last time."""
        self.run("poke", self.bootstrap, "dump-counts", "dump-groups")
        rows, before, same = [], -1, 0
        deadline = time.monotonic() + CATCH_UP
        while time.monotonic() < deadline and same < 4:
            rows = [row for row in self.rows_of("dump")
                    if int(row[1]) > self.dumped.get(row[0], -1)]
            stores = {row[3].split("|")[0] for row in rows}
            same = same + 1 if stores == set(STORES) and len(rows) == before else 0
            before = len(rows)
            time.sleep(1)
        for row in rows:
            self.dumped[row[0]] = max(self.dumped.get(row[0], -1), int(row[1]))
        state = sorted((*row[3].split("|"), row[4]) for row in rows)
        (self.folder / f"{name}.tsv").write_text("".join("\t".join(r) + "\n" for r in state))

    def restore_elsewhere(self, **settings):
        """All instances end; one without any state restores it from the changelogs, and dumps it."""
        for instance in self.instances:
            instance.stop()
        fresh = Instance(self, "fresh", **settings)
        self.instances = [*self.instances, fresh]
        fresh.start()
        with contextlib.ExitStack() as stack:
            stack.callback(fresh.stop)
            self.dump_state("state-restored")

    def verdict(self):
        """Collect the evidence and have it judged; the verifier's figures."""
        self.watcher.terminate()
        self.watcher.wait(60)
        for topic in (*SOURCES, *OUTPUTS):
            self.save_topic(topic)
        for store in STORES:
            self.save_topic(f"{APPLICATION}-{store}-changelog", f"{store}-changelog")
        result = subprocess.run([self.bin / "verify", self.folder, str(PARTITIONS)],
                                capture_output=True, text=True)
        lines = result.stdout.splitlines()
        for line in lines[:-1]:
            print(line, file=sys.stderr)
        if result.returncode == 2:
            raise RuntimeError(result.stderr)
        figures = json.loads(lines[-1])
        figures["wipes"] = sum(one.count_in_log("rebuilt") for one in self.instances)
        figures["ended_by_itself"] = self.unexpected_ends
        figures["seed"] = self.seed
        ok = result.returncode == 0 and figures["wipes"] == 0 and self.unexpected_ends == 0
        self.failed = not ok
        return figures, ok

    def finish(self):
        """From the end of the faults to the verdict."""
        while self.producing():
            self.sleep(0.5)
        if not self.wait_until_processed():
            print("not everything was processed in time", file=sys.stderr)
        self.dump_state("state")
        self.restore_elsewhere()
        return self.verdict()
