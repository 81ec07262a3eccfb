"""Apache Kafka 4.1.0 in KRaft mode, of one or more nodes, each broker and controller."""

import os
import shlex
import socket
import struct
import sys

from .base import (SUPPORT, Process, Service, ServiceError, cache_folder, free_port, made_once,
                   receive_exactly, run_tool)

VERSION = "4.1.0"
CLUSTER_ID = "millstreamtestsAAAAAAA"  # 22 characters of base64: any will do
JAVA_OPTIONS = "-Xms128m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto"
START_SECONDS = 180  # a busy machine needs a minute
API_VERSIONS, METADATA, INIT_PRODUCER_ID = 18, 3, 22

# For tests: nothing waits, little is kept in memory, a dead member or transaction is soon noticed.
SETTINGS = {
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1000,
    "group.consumer.min.session.timeout.ms": 1000,
    "group.consumer.min.heartbeat.interval.ms": 100,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
    "num.partitions": 4,
    "log.cleaner.dedupe.buffer.size": 2 << 20,
    "log.cleaner.backoff.ms": 1000,
    "log.segment.delete.delay.ms": 1000,
    # The tests' records are of 1970: seven days would delete them at the first look.
    "log.retention.ms": -1,
    "log.initial.task.delay.ms": 1000,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "controlled.shutdown.enable": "false",
}


def jars():
    """The folder of the broker's jars, from the cache or else from Maven."""
    folder = cache_folder() / f"kafka-{VERSION}"
    with made_once(folder) as made:
        if made:
            run_tool(["mvn", "-q", "-B", "-f", str(SUPPORT / "kafka" / "pom.xml"),
                      "dependency:copy-dependencies", f"-DoutputDirectory={made}"],
                     "fetching Kafka's jars with Maven")
    return folder


def java(*arguments):
    options = shlex.split(os.environ.get("MILLSTREAM_KAFKA_JAVA_OPTIONS", JAVA_OPTIONS))
    log = f"-Dlog4j2.configurationFile={SUPPORT / 'kafka' / 'log4j2.xml'}"
    return ["java", *options, log, "-cp", f"{jars()}/*", *arguments]


def request(port, key, version, body=b""):
    """Send one request of Kafka's protocol, and return the answer's body."""
    message = struct.pack(">hhih", key, version, 1, -1) + body
    with socket.create_connection(("127.0.0.1", port), 1) as connection:
        connection.settimeout(5)
        connection.sendall(struct.pack(">i", len(message)) + message)
        size, = struct.unpack(">i", receive_exactly(connection, 4))
        return receive_exactly(connection, size)[4:]


def answers_api_versions(port):
    error, = struct.unpack_from(">h", request(port, API_VERSIONS, 0))
    return error == 0


def brokers_known_by(port):
    """How many brokers the one at `port` knows of; Metadata version 1, of no topic."""
    count, = struct.unpack_from(">i", request(port, METADATA, 1, struct.pack(">i", 0)))
    return count


def gives_producer_ids(port):
    """Whether idempotent producers can begin: a broker just started fetches a block of ids first."""
    body = struct.pack(">hi", -1, 60_000)
    _, error = struct.unpack_from(">ih", request(port, INIT_PRODUCER_ID, 0, body))
    return error == 0


class Node:
    """One Kafka process: its ports stay the same when it's started again."""

    def __init__(self, number, folder):
        self.number = number
        self.port = free_port()
        self.controller_port = free_port()
        self.proxied_port = free_port()  # a second listener, which advertises the proxy's port
        self.proxy_port = free_port()
        self.data = folder / f"data-{number}"
        self.properties = folder / f"node-{number}.properties"
        self.log = folder / f"node-{number}.log"
        self.process = None

    def configure(self, nodes, settings):
        voters = ",".join(f"{n.number}@127.0.0.1:{n.controller_port}" for n in nodes)
        replicas = min(3, len(nodes))
        in_sync = max(1, replicas - 1)
        lines = {
            "process.roles": "broker,controller",
            "node.id": self.number,
            "controller.quorum.voters": voters,
            "listeners": (f"CLIENT://127.0.0.1:{self.port},CONTROL://127.0.0.1:{self.controller_port},"
                          f"PROXIED://127.0.0.1:{self.proxied_port}"),
            "advertised.listeners": (f"CLIENT://127.0.0.1:{self.port},"
                                     f"PROXIED://127.0.0.1:{self.proxy_port}"),
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROL:PLAINTEXT,PROXIED:PLAINTEXT",
            "inter.broker.listener.name": "CLIENT",
            "controller.listener.names": "CONTROL",
            "log.dirs": self.data,
            "default.replication.factor": replicas,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": replicas,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": in_sync,
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": in_sync,
            **SETTINGS, **settings,
        }
        self.properties.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))

    def format(self):
        run_tool(java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c",
                      str(self.properties)), "formatting Kafka's storage")

    def start(self):
        self.process = Process(java("kafka.Kafka", str(self.properties)), self.log, self.data.parent)

    def wait_ready(self, count):
        self.process.wait_ready(
            lambda: (answers_api_versions(self.port) and brokers_known_by(self.port) == count
                     and gives_producer_ids(self.port)),
            START_SECONDS, f"Kafka, node {self.number}")


class Kafka(Service):
    """Kafka(nodes=3, settings={"key": value}); nodes are numbered from 1.

    With `proxy`, all nodes can also be reached through a proxy (kafka_proxy.py): `proxied`.
    """

    name = "kafka"

    def __init__(self, nodes=1, settings=None, proxy=False):
        super().__init__()
        self.count = nodes
        self.settings = settings or {}
        self.nodes = []
        self.control_port = free_port() if proxy else None
        self._proxy = None

    @property
    def bootstrap(self):
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    @property
    def proxied(self):
        return ",".join(f"127.0.0.1:{node.proxy_port}" for node in self.nodes)

    def environment(self):
        environment = {"KAFKA_BOOTSTRAP": self.bootstrap}
        if self.control_port:
            environment |= {"KAFKA_PROXIED": self.proxied,
                            "KAFKA_PROXY_CONTROL": str(self.control_port)}
        return environment

    def proxy(self, command):
        """Give the proxy a command; the number that it answers."""
        with socket.create_connection(("127.0.0.1", self.control_port), 5) as connection:
            connection.sendall(command.encode() + b"\n")
            word, _, answer = connection.makefile().readline().strip().partition(" ")
        if word != "ok":
            raise ServiceError(f"the proxy: {command}: {answer}")
        return int(answer)

    def kill_node(self, number):
        self._node(number).process.kill()

    def signal_node(self, number, what):
        """Send a signal to a node; SIGSTOP and SIGCONT make a broker that doesn't answer."""
        self._node(number).process.signal(what)

    def restart_node(self, number):
        """Start a node that was killed, or stop it first, and wait until it answers."""
        node = self._node(number)
        node.process.stop()
        node.start()
        node.wait_ready(self.count)

    def _node(self, number):
        if not 1 <= number <= len(self.nodes):
            raise ServiceError(f"Kafka has no node {number}")
        return self.nodes[number - 1]

    def _start(self):
        self.nodes = [Node(number, self.folder) for number in range(1, self.count + 1)]
        for node in self.nodes:
            node.configure(self.nodes, self.settings)
            node.format()
            node.start()
        for node in self.nodes:
            node.wait_ready(self.count)
        if self.control_port:
            self._start_proxy()

    def _start_proxy(self):
        routes = [f"{node.proxy_port}:{node.proxied_port}" for node in self.nodes]
        self._proxy = Process([sys.executable, SUPPORT / "kafka_proxy.py", *routes, "--control",
                               self.control_port], self.folder / "proxy.log", self.folder)
        self._proxy.wait_ready(lambda: self.proxy("clear") == 0, 10, "the proxy of Kafka's protocol")

    def _processes(self):
        processes = [node.process for node in self.nodes if node.process]
        return [*processes, self._proxy] if self._proxy else processes
