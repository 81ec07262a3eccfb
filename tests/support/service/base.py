"""What every service has: processes that die with the test, a folder, ports, waiting."""

import contextlib
import ctypes
import fcntl
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

SUPPORT = pathlib.Path(__file__).resolve().parents[1]
STARTS = 3  # since another program can take a port between our look and the server's bind
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_ports_given = set()


class ServiceError(Exception):
    pass


def cache_folder():
    default = pathlib.Path.home() / ".cache" / "millstream"
    return pathlib.Path(os.environ.get("MILLSTREAM_CACHE") or default)


@contextlib.contextmanager
def made_once(folder):
    """Yields None when the folder is there, else a new one to fill, which then becomes it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(folder.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():
            yield None
            return
        made = pathlib.Path(tempfile.mkdtemp(prefix=folder.name + ".", dir=folder.parent))
        try:
            yield made
            made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def run_tool(arguments, what):
    try:
        result = subprocess.run(arguments, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise ServiceError(f"{what}: {arguments[0]} isn't installed; ./run test installs it") from None
    if result.returncode != 0:
        raise ServiceError(f"{what} failed:\n{(result.stdout + result.stderr)[-2000:]}")


def free_port():
    """A port that nothing listens on, outside the range of outgoing connections."""
    while True:
        port = random.randrange(15000, 32000)
        if port in _ports_given:
            continue
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                _ports_given.add(port)
                return port


def wait_until(condition, seconds, what):
    """Poll until `condition()` is true; OSErrors count as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            if condition():
                return
        if time.monotonic() > deadline:
            raise ServiceError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def receive_exactly(connection, count):
    data = b""
    while len(data) < count:
        if not (more := connection.recv(count - len(data))):
            raise ConnectionError("the connection was closed")
        data += more
    return data


def die_with(parent):
    """For a child, as preexec_fn: be killed when the parent dies, however it dies."""
    def prepare():
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
    return prepare


class Process:
    """A server's process. Start it in the main thread: it's killed when that thread ends."""

    def __init__(self, arguments, log, folder):
        self.arguments = [str(a) for a in arguments]
        self.log = log
        with open(log, "ab") as out:
            try:
                self._process = subprocess.Popen(
                    self.arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder,
                    start_new_session=True, preexec_fn=die_with(os.getpid()))
            except FileNotFoundError:
                raise ServiceError(
                    f"{self.arguments[0]} isn't installed; ./run test installs it") from None
        self.pid = self._process.pid

    def is_alive(self):
        return self._process.poll() is None

    def signal(self, number):
        if self.is_alive():
            self._process.send_signal(number)

    def kill(self):
        """kill -9, and wait until it's gone."""
        self.signal(signal.SIGKILL)
        self._process.wait()

    def stop(self, seconds=10):
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGCONT)
            self.kill()

    def wait_ready(self, is_ready, seconds, what):
        def ready_or_dead():
            return not self.is_alive() or is_ready()
        wait_until(ready_or_dead, seconds, what)
        if not self.is_alive():
            raise ServiceError(f"{what}: it ended with {self._process.returncode}:\n{tail(self.log)}")


def tail(file, lines=40):
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])


class Service:
    """One server. `with Redis() as redis:` starts and stops it; redis.environment() says where it is.

    Subclasses have a `name` and implement _start (which may be called again after it failed),
    _processes and environment.
    """

    name = ""

    def __init__(self):
        self.folder = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        self.stop(keep_logs=kind is not None)

    def environment(self):
        raise NotImplementedError

    def start(self):
        for attempt in range(1, STARTS + 1):
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"millstream-{self.name}-"))
            try:
                self._start()
                return
            except ServiceError as error:
                self.stop(keep_logs=attempt == STARTS)
                if attempt == STARTS or "in use" not in str(error):
                    raise
            except BaseException:
                self.stop()
                raise

    def stop(self, keep_logs=False):
        for process in self._processes():
            process.stop()
        if self.folder is None:
            return
        if keep_logs:
            self._remove_all_but_logs()
            print(f"{self.name}: logs kept in {self.folder}", flush=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder = None

    def pids(self):
        return [process.pid for process in self._processes()]

    def _remove_all_but_logs(self):
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.suffix not in (".log", ".properties", ".conf", ".yml"):
                path.unlink()

    def _start(self):
        raise NotImplementedError

    def _processes(self):
        raise NotImplementedError
