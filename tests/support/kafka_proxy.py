#!/usr/bin/env python3
"""A proxy of Kafka's protocol that can hold, drop, repeat, delay and cut single requests and answers.

    kafka_proxy.py PORT:BROKER_PORT... --control PORT

Each PORT leads to the broker's listener at BROKER_PORT, which must advertise PORT. The control port
takes a line a command and answers one:

    rule ACTION API DIRECTION [count=N] [skip=N] [seconds=S] [client=PREFIX]   ok ID
    release [N]            let go what is held, or the N oldest of it    ok NUMBER
    done ID                how often a rule has acted                   ok NUMBER
    answered               how many requests that were held have been answered   ok NUMBER
    clear                  forget all rules and let go                  ok NUMBER
    cut                    close every connection                       ok NUMBER
    silence SECONDS [PREFIX]   pass nothing on, in no direction, of these clients   ok 0

ACTION   hold     keep it until `release`, or for `seconds`; what comes later passes it
         drop     swallow it
         repeat   send a request twice (the second answer is swallowed)
         delay    keep it, and what comes after it on its connection, for `seconds`
         cut      close the connection in its place
API      the request's API key: 0 Produce, 1 Fetch, 3 Metadata, 8 OffsetCommit, 9 OffsetFetch,
         10 FindCoordinator, 11 JoinGroup, 12 Heartbeat, 14 SyncGroup, 22 InitProducerId,
         24 AddPartitionsToTxn, 25 AddOffsetsToTxn, 26 EndTxn, 28 TxnOffsetCommit; -1: any
DIRECTION  request or response. A request that is held is delivered even if its client has gone:
         that is what makes it dangerous.
"""

import argparse
import asyncio
import contextlib
import itertools
import struct

BIG = 1 << 30


class Rule:
    def __init__(self, action, api, direction, count=1, skip=0, seconds=BIG, client=""):
        if action not in ("hold", "drop", "repeat", "delay", "cut"):
            raise ValueError(f"there is no action {action}")
        if direction not in ("request", "response"):
            raise ValueError(f"there is no direction {direction}")
        self.action, self.api, self.direction = action, int(api), direction
        self.left, self.skip = int(count), int(skip)
        self.seconds, self.client = float(seconds), client
        self.done = 0

    def takes(self, api, direction, client):
        """Whether it acts on this frame; counts down if so."""
        if self.left == 0 or direction != self.direction or self.api not in (-1, api):
            return False
        if not client.startswith(self.client):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.left -= 1
        self.done += 1
        return True


class Connection:
    """One client's connection, and the one to the broker that stands for it."""

    def __init__(self, proxy, client, broker):
        self.proxy = proxy
        self.client_reader, self.client_writer = client
        self.broker_reader, self.broker_writer = broker
        self.asked = {}  # correlation id → (API key, client id)
        self.swallow = {}  # correlation id → how many answers
        self.late = set()  # correlation ids of requests that are or were held
        self.held = 0
        self.name = ""  # the client's id, once it has said it

    async def run(self):
        forward = asyncio.create_task(self.pump(self.client_reader, self.on_request))
        backward = asyncio.create_task(self.pump(self.broker_reader, self.on_response))
        self.tasks = (forward, backward)
        await forward
        # A request that is held outlives its client.
        if self.held:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(backward), 120)
        self.close()

    def close(self):
        for task in self.tasks:
            task.cancel()
        for writer in (self.client_writer, self.broker_writer):
            with contextlib.suppress(Exception):
                writer.close()
        self.proxy.connections.discard(self)

    async def pump(self, reader, handle):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                size, = struct.unpack(">i", await reader.readexactly(4))
                frame = await reader.readexactly(size)
                while self.proxy.is_silenced(self.name):
                    await asyncio.sleep(0.02)
                await handle(frame)
        with contextlib.suppress(Exception):
            if reader is self.broker_reader:
                self.client_writer.close()
            elif not self.held:
                self.broker_writer.close()

    @staticmethod
    async def send(writer, frame):
        writer.write(struct.pack(">i", len(frame)) + frame)
        await writer.drain()

    async def on_request(self, frame):
        api, _, correlation, length = struct.unpack_from(">hhih", frame)
        client = frame[10:10 + length].decode(errors="replace") if length > 0 else ""
        self.asked[correlation] = (api, client)
        self.name = client
        await self.act(self.proxy.rule_for(api, "request", client), frame, self.broker_writer,
                       correlation)

    async def on_response(self, frame):
        correlation, = struct.unpack_from(">i", frame)
        if self.swallow.get(correlation, 0) > 0 and correlation not in self.asked:
            self.swallow[correlation] -= 1
            return
        api, client = self.asked.pop(correlation, (-1, ""))
        if correlation in self.late:
            self.late.discard(correlation)
            self.proxy.answered += 1
        await self.act(self.proxy.rule_for(api, "response", client), frame, self.client_writer,
                       correlation)

    async def act(self, rule, frame, writer, correlation):
        if rule is None:
            await self.send(writer, frame)
        elif rule.action == "drop":
            return
        elif rule.action == "repeat":
            if rule.direction == "request":
                self.swallow[correlation] = self.swallow.get(correlation, 0) + 1
                await self.send(writer, frame)
            await self.send(writer, frame)
        elif rule.action == "delay":
            await asyncio.sleep(rule.seconds)
            await self.send(writer, frame)
        elif rule.action == "hold":
            if rule.direction == "request":
                self.late.add(correlation)
            self.proxy.hold(self, writer, frame, rule.seconds)
        else:
            raise ConnectionError("cut by a rule")


class Proxy:
    def __init__(self):
        self.rules = {}
        self.ids = itertools.count(1)
        self.connections = set()
        self.held = {}
        self.answered = 0
        self.silenced = []  # prefixes of client ids
        self.background = set()

    def rule_for(self, api, direction, client):
        return next((r for r in self.rules.values() if r.takes(api, direction, client)), None)

    def hold(self, connection, writer, frame, seconds):
        number = next(self.ids)
        connection.held += 1
        self.held[number] = (connection, writer, frame)

        async def expire():
            await asyncio.sleep(seconds)
            await self.let_go(number)
        if seconds < BIG:
            self.run(expire())

    def run(self, work):
        task = asyncio.create_task(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    async def let_go(self, number):
        connection, writer, frame = self.held.pop(number, (None, None, None))
        if writer is None:
            return
        connection.held -= 1
        with contextlib.suppress(ConnectionError, RuntimeError):
            await connection.send(writer, frame)

    async def release(self, most=BIG):
        numbers = list(self.held)[:most]
        for number in numbers:
            await self.let_go(number)
        return len(numbers)

    def is_silenced(self, client):
        return any(client.startswith(prefix) for prefix in self.silenced)

    async def silence(self, seconds, prefix=""):
        self.silenced.append(prefix)
        await asyncio.sleep(float(seconds))
        self.silenced.remove(prefix)

    async def command(self, line):
        name, *words = line.split()
        if name == "rule":
            action, api, direction, *named = words
            number = next(self.ids)
            self.rules[number] = Rule(action, api, direction, **dict(w.split("=", 1) for w in named))
            return number
        if name == "done":
            return self.rules[int(words[0])].done
        if name == "answered":
            return self.answered
        if name == "release":
            return await self.release(*map(int, words))
        if name == "clear":
            self.rules.clear()
            return await self.release()
        if name == "silence":
            self.run(self.silence(*words))
            return 0
        if name == "cut":
            connections = list(self.connections)
            for connection in connections:
                connection.close()
            return len(connections)
        raise ValueError(f"there is no command {name}")

    async def on_control(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            while line := (await reader.readline()).decode().strip():
                try:
                    answer = f"ok {await self.command(line)}"
                except Exception as error:  # said to whoever asked
                    answer = f"error {error}"
                writer.write(answer.encode() + b"\n")
                await writer.drain()
        writer.close()

    def connector(self, broker_port):
        async def on_client(reader, writer):
            try:
                broker = await asyncio.open_connection("127.0.0.1", broker_port)
            except OSError:
                writer.close()
                return
            connection = Connection(self, (reader, writer), broker)
            self.connections.add(connection)
            await connection.run()
        return on_client

    async def serve(self, routes, control):
        for port, broker_port in routes:
            await asyncio.start_server(self.connector(broker_port), "127.0.0.1", port)
        server = await asyncio.start_server(self.on_control, "127.0.0.1", control)
        async with server:
            await server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("routes", nargs="+", metavar="PORT:BROKER_PORT")
    parser.add_argument("--control", type=int, required=True)
    options = parser.parse_args()
    routes = [tuple(map(int, route.split(":"))) for route in options.routes]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(Proxy().serve(routes, options.control))


if __name__ == "__main__":
    main()
