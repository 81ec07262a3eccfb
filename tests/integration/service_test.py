#!/usr/bin/env python3
"""The whole service on real Kafka, Redis and mail server, undisturbed and under faults, checked from
outside: the same end whatever happens.

    service_test.py ANOMALY READ_COMMITTED [SCENARIO ...]

Scenarios: undisturbed, redis, smtp, detector, broker. Each runs what docker-compose.yml runs.
"""

import collections
import email
import email.policy
import signal
import sys
import threading
import time
import urllib.error
import urllib.request

import fold
from deployment import RECIPIENT, TOKEN, USER, Deployment
from program import SAMPLE, Program, terminate, wait_until

KEYS = ("start_ms", "end_ms", "count", "peak_score", "peak_ms", "peak_value")


def expected_scores(binary):
    """Series and time → score, by the embedded demo."""
    with Program(binary) as program:
        program.run("demo", "--data", str(SAMPLE), "--out", "demo", "--no-fetch", "--tune", "0")
        lines = (program.folder / "demo" / "scores.csv").read_text().splitlines()
    rows = [line.rsplit(",", 2) for line in lines]
    return {(series, int(moment)): float(score) for series, moment, score in rows
            if moment.lstrip("-").isdigit()}


class Listener(threading.Thread):
    """Everything that is published, from the first moment."""

    def __init__(self, connection):
        super().__init__(daemon=True)
        self.connection = connection
        self.messages = []
        connection.ask("SUBSCRIBE", "anomaly:alerts")
        self.start()

    def run(self):
        try:
            while True:
                message = self.connection.message(None)
                self.messages.append(message[2])
        except (OSError, ValueError, ConnectionError):
            pass


class Scenario:
    """The undisturbed run; the others override `disturb`."""

    pub_sub_is_complete = True

    def __init__(self, deployment, expected):
        self.deployment = deployment
        self.expected = expected

    def run(self):
        self.deployment.train()
        self.listener = Listener(self.deployment.connect_to_redis())
        self.detectors = [self.deployment.start("detector", name) for name in ("first", "second")]
        self.alerter = self.deployment.start("alerter")
        self.producer = self.deployment.start_producer()
        self.disturb()
        assert self.producer.wait(300) == 0, "produce failed"
        self.wait_for_scores(1)
        self.check_topics()
        self.check_redis()
        self.check_mails()
        self.check_http()
        self.check_stop()

    def disturb(self):
        """The producer is told to stop in the middle, and goes on where it was."""
        self.wait_for_scores(0.3)
        assert terminate(self.producer) == 0
        self.producer = self.deployment.start_producer()
        self.deployment.program.wait_for_log("producer", "the replay goes on where it was")

    def wait_for_scores(self, part):
        wanted = int(len(self.expected) * part)
        seen = []

        def enough():
            seen[:] = self.deployment.read_topic("scores")
            return len(seen) >= wanted
        wait_until(enough, lambda: f"{wanted} scores; there are {len(seen)}", 180, 0.5)
        assert part == 1 or len(seen) < len(self.expected), "the fault came too late"
        return seen

    def check_topics(self):
        self.scores = self.deployment.read_topic("scores")
        found = {(row["series"], row["timestamp_ms"]): row["score"] for row in self.scores}
        assert len(found) == len(self.scores), f"{len(self.scores) - len(found)} scored twice"
        assert found == self.expected, "the scores aren't the demo's"
        anomalies = self.deployment.read_topic("anomalies")
        assert sorted((row["series"], row["timestamp_ms"]) for row in anomalies) == sorted(
            (row["series"], row["timestamp_ms"]) for row in self.scores if row["anomaly"])
        must, may = fold.incidents(anomalies, self.scores)
        assert must, "data without an incident shows nothing"
        wait_until(lambda: len(self.deployment.read_topic("alerts")) >= len(must),
                   f"{len(must)} alerts", 60, 0.5)
        self.alerts = self.deployment.read_topic("alerts")
        told = {(row["series"], row["start_ms"]): {key: row[key] for key in KEYS}
                for row in self.alerts}
        assert len(told) == len(self.alerts), "an incident was told twice"
        assert {**may, **must} | told == {**may, **must}, "an alert that isn't in the anomalies"
        assert must.items() <= told.items(), "an incident wasn't told"
        print(f"  {len(self.scores)} scores, {len(anomalies)} anomalies, {len(self.alerts)} alerts, "
              "each once")

    def check_redis(self):
        expected = fold.series_in_redis(self.scores)

        def equal():
            with self.deployment.connect_to_redis() as redis:
                return fold.read_series_of_redis(redis.ask) == expected
        wait_until(equal, lambda: f"Redis is the topic's fold: {self.difference(expected)}", 90, 0.5)
        by_partition = collections.defaultdict(dict)
        for row in self.alerts:
            by_partition[row["partition"]][row["offset"]] = {
                name: value for name, value in row.items()
                if name not in ("partition", "offset", "key")}

        def streams():
            with self.deployment.connect_to_redis() as redis:
                return {partition: fold.read_stream(redis.ask, partition)
                        for partition in by_partition}
        wait_until(lambda: streams() == by_partition, "the streams are the topic", 60, 0.5)
        if self.pub_sub_is_complete:
            wait_until(lambda: len(self.listener.messages) >= len(self.alerts), "all published", 30)
            assert len(set(self.listener.messages)) == len(self.listener.messages) == len(self.alerts)
        print(f"  Redis holds {len(expected)} series and {len(self.alerts)} alerts, as the topics")

    def difference(self, expected):
        with self.deployment.connect_to_redis() as redis:
            found = fold.read_series_of_redis(redis.ask)
        for series, what in expected.items():
            for name, left, right in zip(("recent", "scores", "state"), what,
                                         found.get(series, ((), {}, {}))):
                if left != right:
                    return f"{name} of {series}: {str(left)[:300]} but it is {str(right)[:300]}"
        return f"series {sorted(found)}"

    def mails(self):
        """Message-ID → the mail's bytes as they came, one entry for each time that it came."""
        by_id = collections.defaultdict(list)
        for mail in self.deployment.smtp.mails():
            by_id[email.message_from_bytes(mail)["Message-ID"]].append(mail)
        return by_id

    def check_mails(self):
        def told():
            texts = [self.parts(copies[0])[0] for copies in self.mails().values()]
            return [text for text in texts for _ in range(text.count("\n  how bad  "))]
        wait_until(lambda: len(told()) >= len(self.alerts),
                   lambda: f"mails of {len(self.alerts)} alerts; there are {len(told())}", 90, 0.5)
        assert len(told()) == len(self.alerts), f"{len(told())} in mails of {len(self.alerts)} alerts"
        by_id = self.mails()
        for copies in by_id.values():
            assert len(set(copies)) == 1, "the same Message-ID, but another mail"
        texts = [self.parts(copies[0]) for copies in by_id.values()]
        for alert in self.alerts:
            facts = (f"\n{alert['series']}\n  when     {fold.minute(alert['start_ms'])}",
                     f"score {alert['peak_score']:.4g} (threshold {alert['threshold']:.4g})")
            assert any(all(fact in text for fact in facts) for text, _ in texts), facts
        assert any("▁" in text for text, _ in texts), "no plot"
        assert all("<table" in html for _, html in texts)
        self.check_copies(by_id)
        print(f"  {len(by_id)} mails with {len(self.alerts)} alerts")

    def check_copies(self, by_id):
        assert all(len(copies) == 1 for copies in by_id.values()), "a mail came twice"

    def parts(self, mail):
        message = email.message_from_bytes(mail, policy=email.policy.default)
        assert message["From"] == USER and message["To"] == RECIPIENT
        return (message.get_body(("plain",)).get_content().replace("\r\n", "\n"),
                message.get_body(("html",)).get_content())

    def check_http(self):
        """Metrics are for those who have the token."""
        url = f"http://127.0.0.1:{self.deployment.ports['second']}"
        assert self.get(url + "/livez") == 200
        assert self.get(url + "/metrics") == 401
        assert self.get(url + "/metrics", TOKEN) == 200

    def get(self, url, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def check_stop(self):
        """SIGTERM: everything that still runs ends by itself, and well."""
        running = [process for process in (*self.detectors, self.alerter) if process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(60) for process in running] == [0] * len(running)


class RedisFaults(Scenario):
    """Redis is killed and comes back; then it is emptied."""

    pub_sub_is_complete = False

    def disturb(self):
        self.wait_for_scores(0.2)
        self.deployment.redis.kill()
        self.wait_for_scores(0.4)  # detection goes on
        self.deployment.redis.restart()
        self.wait_for_scores(0.6)
        self.deployment.ask("FLUSHALL")


class SmtpFaults(Scenario):
    """The mail server is down for a while, then hangs up behind two mails' final dots."""

    def disturb(self):
        self.deployment.smtp.kill()
        self.wait_for_scores(0.4)
        self.deployment.program.wait_for_log("alerter", "alert mail not sent")
        self.deployment.smtp.cut_after_dot(2)
        self.deployment.smtp.restart()

    def check_copies(self, by_id):
        copies = [len(copies) for copies in by_id.values()]
        assert sum(copies) == len(by_id) + 2, f"two mails come again: {copies}"


class DetectorFaults(Scenario):
    """One of two detectors is killed, later started again; then the other is killed."""

    def disturb(self):
        self.wait_for_scores(0.2)
        self.detectors[0].kill()
        self.wait_for_scores(0.45)
        self.detectors[0] = self.deployment.start("detector", "first")
        self.wait_for_scores(0.6)
        self.detectors[1].kill()
        self.detectors[1].wait()
        self.detectors[1] = self.deployment.start("detector", "second")


class BrokerFaults(Scenario):
    """The broker is restarted, and later killed and started again."""

    def disturb(self):
        self.wait_for_scores(0.25)
        self.deployment.kafka.restart_node(1)
        self.wait_for_scores(0.55)
        self.deployment.kafka.kill_node(1)
        time.sleep(1)
        self.deployment.kafka.restart_node(1)


SCENARIOS = {"undisturbed": Scenario, "redis": RedisFaults, "smtp": SmtpFaults,
             "detector": DetectorFaults, "broker": BrokerFaults}


def main(binary, reader, *names):
    expected = expected_scores(binary)
    for name in names or SCENARIOS:
        began = time.monotonic()
        print(f"{name}: {SCENARIOS[name].__doc__}", flush=True)
        with Deployment(binary, reader) as deployment:
            SCENARIOS[name](deployment, expected).run()
        print(f"  {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
