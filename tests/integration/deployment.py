"""The service as docker-compose.yml describes it, without containers: the same program, arguments,
settings and environment; only hosts, ports and folders are this machine's."""

import json
import pathlib
import re
import shutil
import subprocess
import time

from program import DEADLINE, DEPLOY, ROOT, SAMPLE, Program, service, settings
from service.deploy_tools import compose_config

USER, PASSWORD, RECIPIENT = "me@example.org", "an-app-password", "alerts@example.com"
TOKEN = "a-token-for-the-tests"
RATE = 2000  # records a second, so that faults fall into work
PARTITIONS = 6
DETECTORS = ("first", "second")
ALERTER = "alerter"
# Only that a dead member is soon noticed, mails don't wait, and topics can be read without the
# program's code.
FASTER = {"anomaly.format": "json", "session.timeout.ms": 6000, "alert.group_wait": "1s",
          "alert.group_interval": "1s", "alert.max_per_hour": 0, "alert.retry_first": "500ms",
          "alert.retry_last": "2s", "smtp.starttls": "required",
          # The sample's few series fall into two of four partitions: one of two detectors had no work.
          "anomaly.partitions": PARTITIONS}
PLACES_OF_KAFKA = ("listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs", "node.id",
                   "listener.security.protocol.map", "controller.listener.names",
                   "inter.broker.listener.name", "process.roles")


def properties(path, separator="="):
    """A file of settings as a dictionary."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return {name.strip(): value.strip() for name, _, value in
            (line.partition(separator) for line in lines if line and not line.startswith("#"))}


def kafka_settings():
    found = properties(DEPLOY / "kafka" / "server.properties")
    return {name: value for name, value in found.items() if name not in PLACES_OF_KAFKA}


def redis_settings(password):
    found = properties(DEPLOY / "redis" / "redis.conf", " ")
    return {**{name: value for name, value in found.items() if name not in ("bind", "port", "dir")},
            "requirepass": password}


def example_environment():
    return properties(ROOT / ".env.example")


def prometheus_config(targets):
    """deploy/prometheus/prometheus.yml with these targets in place of the containers' names, and quicker."""
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    text, count = re.subn(r"    dns_sd_configs:\n(      .*\n)+",
                          f"    static_configs:\n      - targets: {json.dumps(targets)}\n", text)
    assert count == 1, text
    for there, here in ((r"rules/\*\.yml", str(DEPLOY / "prometheus" / "rules" / "*.yml")),
                        (r"scrape_interval: \d+s", "scrape_interval: 500ms"),
                        (r"scrape_timeout: \d+s", "scrape_timeout: 500ms"),
                        (r"evaluation_interval: \d+s", "evaluation_interval: 1s")):
        text, count = re.subn(there, here, text)
        assert count == 1, there
    return text


def first_part(data, part, folder):
    """A copy of a data set that ends when `part` of its records have happened: what a replay begins with."""
    files = {path.relative_to(data): path.read_text().splitlines()
             for path in sorted((data / "data").rglob("*.csv"))}
    times = sorted(line.split(",")[0] for lines in files.values() for line in lines[1:])
    end = times[int(len(times) * part)]
    for name, lines in files.items():
        rows = [line for line in lines[1:] if line.split(",")[0] < end]
        if rows:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("\n".join([lines[0], *rows, ""]))
    shutil.copytree(data / "labels", folder / "labels")
    return folder


class Deployment:
    """Real Kafka, Redis, mail server and Prometheus, and what Compose would run beside them."""

    def __init__(self, binary, reader, data=SAMPLE):
        self.data = pathlib.Path(data).resolve()
        self.began = time.monotonic()
        self.reader = pathlib.Path(reader).resolve()
        self.program = Program(binary)
        self.example = example_environment()
        self.kafka = service.Kafka(settings=kafka_settings())
        self.redis = service.Redis(settings=redis_settings(self.example["REDIS_PASSWORD"]))
        self.smtp = service.Smtp(user=USER, password=PASSWORD, tls="starttls")
        self.ports = {name: service.free_port() for name in (*DETECTORS, ALERTER)}
        self.prometheus = service.Prometheus(
            config=prometheus_config([f"127.0.0.1:{port}" for port in self.ports.values()]),
            files={"http-token": TOKEN})
        self.parts = (self.kafka, self.redis, self.smtp, self.prometheus, self.program)

    def __enter__(self):
        entered = []
        try:
            for part in self.parts:
                part.__enter__()
                entered.append(part)
            self.services = self._compose()
        except BaseException as error:
            for part in reversed(entered):
                part.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(self, *error):
        for part in reversed(self.parts):
            part.__exit__(*error)

    @property
    def folder(self):
        return self.program.folder

    def url(self, name):
        return f"http://127.0.0.1:{self.ports[name]}"

    def _compose(self):
        environment = {**self.example, "GMAIL_USER": USER, "GMAIL_PASS": PASSWORD,
                       "ALERT_RECIPIENT": RECIPIENT, "SMTP_URL": self.smtp.url,
                       "HTTP_TOKEN": TOKEN}
        project, errors = compose_config(ROOT, environment)
        assert project, errors
        return project["services"]

    def _here(self, text, name):
        """A text of docker-compose.yml or of a file that it mounts, for this machine."""
        port = self.ports.setdefault(name, service.free_port())
        for there, here in (("kafka:9092", self.kafka.bootstrap),
                            ("@redis:6379", f"@127.0.0.1:{self.redis.port}"),
                            ("http.port=8000", f"http.port={port}"),
                            ("/etc/anomaly", str(self.folder / f"{name}-etc")),
                            ("/var/lib/anomaly", str(self.folder / name)),
                            ("/model/", f"{self.folder}/model/"), ("/data", str(ROOT / "data"))):
            text = text.replace(there, here)
        return text

    def command(self, which, name):
        """A service's command line and environment; its mounted settings are written."""
        etc = self.folder / f"{name}-etc"
        etc.mkdir(exist_ok=True)
        for file in (DEPLOY / "anomaly").glob("*.properties"):
            (etc / file.name).write_text(self._here(file.read_text(), name))
        compose = self.services[which]
        return ([self._here(word, name) for word in compose["command"]],
                {key: self._here(value, name) for key, value in compose["environment"].items()})

    def start(self, which, name=None, more=(), change=lambda words: words):
        name = name or which
        words, environment = self.command(which, name)
        extra = {**FASTER, "smtp.ca.file": self.smtp.ca_file}
        return self.program.start(name, *change(words), *settings(extra), *more,
                                  environment=environment)

    def start_producer(self, part=1.0, rate=RATE, loop=False):
        """Compose's, but faster, and over the data once or over a first part of them."""
        data = self.data
        if part < 1:
            data = self.folder / f"data-{part}"
            if not data.exists():
                first_part(self.data, part, data)

        def change(words):
            words = [word for word in words if loop or word != "--loop"]
            words[words.index("--rate") + 1] = str(rate)
            return [*words, "--data", str(data)]
        return self.start("producer", change=change)

    def train(self):
        words, environment = self.command("trainer", "trainer")
        words[words.index("--tune") + 1] = "0"  # as the demo against which scores are held
        result = self.program.call(*words, "--data", str(self.data), environment=environment)
        assert result.returncode == 0, result.stderr

    def ask(self, *words):
        with self.connect_to_redis() as redis:
            return redis.ask(*words)

    def connect_to_redis(self):
        return service.RedisConnection(self.redis.port, password=self.example["REDIS_PASSWORD"])

    def read_topic(self, topic):
        """The committed records, by a reader of its own: dictionaries with partition and offset."""
        rows = []
        for line in self._lines(topic):
            partition, offset, _, key, value = line.split("\t")
            rows.append({**json.loads(unescape(value)), "partition": int(partition),
                         "offset": int(offset), "key": unescape(key)})
        return rows

    def count(self, topic):
        """How many committed records there are; 0 while nobody answers."""
        return len(self._lines(topic))

    def _lines(self, topic):
        result = subprocess.run([self.reader, self.kafka.bootstrap, topic], capture_output=True,
                                text=True, timeout=DEADLINE)
        return result.stdout.split("\n")[:-1] if result.returncode == 0 else []


def unescape(text):
    for escaped, plain in (("\\t", "\t"), ("\\n", "\n"), ("\\r", "\r"), ("\\\\", "\\")):
        text = text.replace(escaped, plain)
    return text
