"""Redis, keeping nothing on disk."""

import socket

from .base import Process, Service, free_port

START_SECONDS = 20


def ping(port):
    with socket.create_connection(("127.0.0.1", port), 1) as connection:
        connection.settimeout(2)
        connection.sendall(b"PING\r\n")
        return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))


class Redis(Service):
    """Redis(settings={"maxmemory": "1mb"}): settings as in redis.conf."""

    name = "redis"

    def __init__(self, settings=None):
        super().__init__()
        self.settings = settings or {}
        self.port = None
        self.process = None

    def environment(self):
        return {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(self.port),
                "REDIS_URL": f"redis://127.0.0.1:{self.port}"}

    def kill(self):
        self.process.kill()

    def restart(self):
        """Start it again, empty, on its port."""
        self.process.stop()
        self._launch()

    def _start(self):
        self.port = free_port()
        self._launch()

    def _launch(self):
        settings = {"port": self.port, "bind": "127.0.0.1", "save": '""', "appendonly": "no",
                    "dir": self.folder, "daemonize": "no", **self.settings}
        file = self.folder / "redis.conf"
        file.write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
        self.process = Process(["redis-server", file], self.folder / "redis.log", self.folder)
        self.process.wait_ready(lambda: ping(self.port), START_SECONDS, "Redis")

    def _processes(self):
        return [self.process] if self.process else []
