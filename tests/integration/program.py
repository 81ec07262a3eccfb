"""The anomaly binary as tests run it: in a folder of its own, its logs shown when a test fails."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
import service  # noqa: E402

SAMPLE = ROOT / "data" / "sample"
DEPLOY = ROOT / "deploy"
DEADLINE = 150


def settings(values):
    """A dictionary as -X arguments."""
    return [word for name, value in values.items() for word in ("-X", f"{name}={value}")]


def wait_until(condition, what, seconds=DEADLINE, interval=0.1):
    """Ask until it's true; its last value. `what` may be a function of that, for the message."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(interval)
    return value


class Program:
    """`with Program(binary) as program:` removes its folder, and kills what still runs."""

    def __init__(self, binary):
        self.binary = pathlib.Path(binary).resolve()
        self.running = []
        self._log_begins = {}

    def __enter__(self):
        self._temporary = tempfile.TemporaryDirectory(prefix="millstream-anomaly-")
        self.folder = pathlib.Path(self._temporary.name)
        return self

    def __exit__(self, kind, *_):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()
        if kind is not None:
            for log in sorted(self.folder.glob("*.log")):
                print(f"---- {log.name}\n{log.read_text()[-4000:]}", file=sys.stderr)
        self._temporary.cleanup()

    def call(self, *arguments, environment=None):
        """Run to the end: the finished process with its output."""
        return subprocess.run([self.binary, *arguments], cwd=self.folder, capture_output=True,
                              text=True, timeout=DEADLINE,
                              env={**os.environ, **(environment or {})})

    def run(self, *arguments):
        result = self.call(*arguments)
        assert result.returncode == 0, f"{arguments[0]}: {result.stderr[-2000:]}"
        return result.stdout

    def start(self, name, *arguments, environment=None):
        """Start a service; its output goes to NAME.log."""
        with open(self.folder / f"{name}.log", "a") as log:
            self._log_begins[name] = log.tell()
            process = subprocess.Popen([self.binary, *arguments], cwd=self.folder, stdout=log,
                                       stderr=log, env={**os.environ, **(environment or {})},
                                       preexec_fn=service.die_with(os.getpid()))
        self.running.append(process)
        return process

    def log(self, name):
        """What the service has said since it was last started."""
        return (self.folder / f"{name}.log").read_bytes()[self._log_begins[name]:].decode()

    def wait_for_log(self, name, text, seconds=DEADLINE):
        wait_until(lambda: text in self.log(name), f'"{text}" in {name}.log', seconds)


def terminate(process, seconds=60):
    """SIGTERM, as Docker's stop: its exit status."""
    process.send_signal(signal.SIGTERM)
    return process.wait(seconds)
