"""A small Redis client, so that tests look at Redis with none of the program's code."""

import socket


class RedisConnection:
    """`connection.ask("HGET", key, field)`: text, int, None or a list; an error raises."""

    def __init__(self, port, user="", password="", timeout=10):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._in = self._socket.makefile("rb")
        if password:
            self.ask("AUTH", *filter(None, (user, password)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._in.close()
        self._socket.close()

    def ask(self, *words):
        encoded = [str(word).encode() for word in words]
        self._socket.sendall(b"*%d\r\n" % len(encoded) +
                             b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
        return self._read()

    def message(self, timeout):
        """The next message of a subscription, or None."""
        self._socket.settimeout(timeout)
        try:
            return self._read()
        except TimeoutError:
            return None

    def _read(self):
        line = self._in.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2].decode()
        if kind == b"-":
            raise RuntimeError(rest)
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == "-1" else self._in.read(int(rest) + 2)[:-2].decode()
        return None if rest == "-1" else [self._read() for _ in range(int(rest))]
