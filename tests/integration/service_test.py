#!/usr/bin/env python3
"""The whole service on real Kafka, Redis, mail server, Prometheus and browser, undisturbed and under faults,
checked from outside: the same end whatever happens.

    service_test.py ANOMALY READ_COMMITTED [--data FOLDER] [SCENARIO ...]

Scenarios: undisturbed, redis, smtp, detector, broker. Each runs what docker-compose.yml runs. The data
come in parts, and a fault waits for scores, not for time: what comes after it is yet to be produced.
"""

import argparse
import collections
import datetime
import email
import email.policy
import pathlib
import shutil
import signal
import tempfile
import threading
import time

import fold
import seen
from deployment import ALERTER, DETECTORS, PARTITIONS, RECIPIENT, TOKEN, USER, Deployment
from program import SAMPLE, Program, terminate, wait_until
from service.chromium import Chromium

KEYS = ("start_ms", "end_ms", "count", "peak_score", "peak_ms", "peak_value")


def expected_scores(binary):
    """Series and time → score, by the embedded demo, for the sample: it has one record a time."""
    return {(series, moment): score for series, moment, score in demo_scores(binary, SAMPLE)}


def demo_scores(binary, data):
    """(series, time, score) of each record, by the embedded demo."""
    with Program(binary) as program:
        program.run("demo", "--data", str(data), "--out", "demo", "--no-fetch", "--tune", "0")
        lines = (program.folder / "demo" / "scores.csv").read_text().splitlines()
    rows = [line.rsplit(",", 2) for line in lines]
    return [(series, int(moment), float(score)) for series, moment, score in rows
            if moment.lstrip("-").isdigit()]


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
    moved_to_now = False

    def __init__(self, deployment, expected):
        self.deployment = deployment
        self.expected = expected
        self.producer = None
        self.replayed = 0

    def run(self):
        self.deployment.train()
        self.listener = Listener(self.deployment.connect_to_redis())
        self.detectors = [self.deployment.start("detector", name) for name in DETECTORS]
        self.alerter = self.deployment.start("alerter", ALERTER)
        self.disturb()
        self.check_page()
        self.wait_for_scores(1)
        self.check_topics()
        self.check_redis()
        self.check_mails()
        self.check_prometheus()
        self.check_http()
        self.check_stop()

    def disturb(self):
        """The producer is told to stop in the middle; later it goes on where it was."""
        self.replay(0.3)
        self.end_replay()
        slow = self.deployment.start_producer(rate=200)
        self.wait_for_scores(0.31)
        assert terminate(slow) == 0
        self.deployment.program.wait_for_log("producer", "the replay ends; it goes on here next time")

    def replay(self, part):
        """Go on until this part of the data, and see half of what is new scored: the rest may be under way."""
        self.end_replay()
        begin, self.replayed = self.replayed, part
        self.producer = self.deployment.start_producer(part)
        self.wait_for_scores((begin + part) / 2)

    def end_replay(self):
        if self.producer:
            assert self.producer.wait(300) == 0, "produce failed"

    def wait_for_scores(self, part):
        wanted = int(len(self.expected) * part)
        wait_until(lambda: self.deployment.count("scores") >= wanted,
                   lambda: f"{wanted} scores; there are {self.deployment.count('scores')}", 240, 0.3)

    def check_page(self):
        """The last part of the replay in the browser: both detectors' pages."""
        self.end_replay()
        with Chromium() as page:
            self.producer = self.deployment.start_producer()
            tasks = [task for name in DETECTORS for task in self.tasks_on_page(page, name)]
            assert sorted(tasks) == [f"0_{n}" for n in range(PARTITIONS)], tasks
            self.end_replay()
            assert "the replay goes on where it was" in self.deployment.program.log("producer")
            page.wait_for("model.status.lag === 0")
            page.wait_for("[...document.querySelectorAll('.fate')].some(f => f.dataset.fate === 'alerted')")
            assert page.faults == [], page.faults
        print(f"  the page: tasks {', '.join(tasks)}, and it told of alerts")

    def tasks_on_page(self, page, name):
        seen.open_login(page, self.deployment.url(name))
        seen.log_in(page, TOKEN)
        page.wait_for("document.querySelector('#state b').textContent === 'RUNNING'")
        page.wait_for("document.getElementById('banner').hidden")
        page.wait_for(f"document.querySelectorAll('#tasks tbody tr').length === {PARTITIONS // len(DETECTORS)}")
        page.wait_for("model.status.totals.events_scored > 0")
        page.wait_for("document.querySelectorAll('.incident .spark path.value').length > 0")
        return page.evaluate("[...document.querySelectorAll('#tasks tbody tr')].map(r => r.dataset.task)")

    def check_topics(self):
        self.scores = self.deployment.read_topic("scores")
        # NAB has a few times twice in a series: what counts is how often each score is there.
        found = collections.Counter((row["series"], row["timestamp_ms"], row["score"]) for row in self.scores)
        wanted = collections.Counter(self.expected)
        assert found == wanted, (f"scored too often: {list((found - wanted).items())[:3]}, "
                                 f"missing: {list((wanted - found).items())[:3]}")
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

    def check_prometheus(self):
        prometheus = self.deployment.prometheus
        up = 'sum(up{job="anomaly"})'
        wait_until(lambda: self.asked(up) == 3, "Prometheus sees detectors and mailer", 30)
        span = f"{round(time.monotonic() - self.deployment.began) + 60}s"  # all of the run
        asked = seen.check_every_panel(prometheus, job="anomaly", interval=span, span=span)
        self.check_figures()
        print(f"  {asked} queries of the dashboards answered")

    def asked(self, expression):
        found = seen.query(self.deployment.prometheus, expression)
        return float(found[0]["value"][1]) if found else None

    def check_figures(self):
        """Without faults the counters are what the topics hold, and nothing alarms but the data."""
        for expression, least in (("sum(events_processed_total)", len(self.scores)),
                                  ("sum(redis_sink_rows_total)", len(self.scores) + len(self.alerts)),
                                  ("sum(alerts_received_total)", len(self.alerts)),
                                  ("sum(alert_mails_sent_total)", len(self.mails()))):
            wait_until(lambda e=expression, n=least: self.asked(e) >= n,
                       lambda e=expression, n=least: f"{e} is {self.asked(e)}, at least {n}", 20)
        assert self.asked("sum(alert_mails_sent_total)") == len(self.mails())
        alarms = seen.firing(self.deployment.prometheus)
        assert alarms <= {"AnomalyBurst"}, alarms

    def check_http(self):
        """Metrics are for those who have the token."""
        url = self.deployment.url("second")
        assert seen.status_of(url + "/livez") == 200
        assert seen.status_of(url + "/metrics") == 401
        assert seen.status_of(url + "/metrics", TOKEN) == 200

    def check_stop(self):
        """SIGTERM: everything that still runs ends by itself, and well."""
        running = [process for process in (*self.detectors, self.alerter) if process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(60) for process in running] == [0] * len(running)


class Faults(Scenario):
    """What the undisturbed run alone can promise."""

    def check_figures(self):
        pass


class RedisFaults(Faults):
    """Redis is killed and comes back; then it is emptied."""

    pub_sub_is_complete = False

    def disturb(self):
        self.replay(0.3)
        self.deployment.redis.kill()
        self.replay(0.5)  # detection goes on
        self.deployment.redis.restart()
        self.replay(0.7)
        self.deployment.ask("FLUSHALL")


class SmtpFaults(Faults):
    """The mail server is down for a while, then hangs up behind two mails' final dots."""

    def disturb(self):
        self.deployment.smtp.kill()
        self.replay(0.5)
        self.deployment.program.wait_for_log(ALERTER, "alert mail not sent")
        self.deployment.smtp.cut_after_dot(2)
        self.deployment.smtp.restart()

    def check_copies(self, by_id):
        copies = [len(copies) for copies in by_id.values()]
        assert sum(copies) == len(by_id) + 2, f"two mails come again: {copies}"


class DetectorFaults(Faults):
    """One of two detectors is killed, later started again; then the other is killed."""

    def disturb(self):
        self.replay(0.3)
        self.kill(0)
        self.replay(0.5)
        self.detectors[0] = self.deployment.start("detector", DETECTORS[0])
        self.replay(0.7)
        self.kill(1)
        self.detectors[1] = self.deployment.start("detector", DETECTORS[1])

    def kill(self, which):
        self.detectors[which].kill()
        self.detectors[which].wait()


class BrokerFaults(Faults):
    """The broker is restarted, and later killed and started again."""

    # A broker that starts forgets idempotent producers whose last record is old *by its own time*, and
    # then takes what they send again a second time: of the years-old sample, not of the detectors'
    # transactions. So this replay is of weeks around now.
    moved_to_now = True

    def disturb(self):
        self.replay(0.3)
        self.deployment.kafka.restart_node(1)
        self.replay(0.7)
        self.deployment.kafka.kill_node(1)
        self.deployment.kafka.restart_node(1)


def move_to_now(data, folder):
    """A copy of the data, later by whole weeks, so that they end in the week to come."""
    shutil.copytree(data, folder)
    files = list(pathlib.Path(folder).rglob("*.csv"))
    lines = {file: file.read_text().splitlines() for file in files}
    def time_of(line):
        return datetime.datetime.fromisoformat(line.split(",")[0])
    end = max(time_of(rows[-1]) for rows in lines.values())
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    shift = datetime.timedelta(weeks=(now - end).days // 7 + 1)
    for file, rows in lines.items():
        moved = [f"{time_of(row) + shift},{row.split(',', 1)[1]}" for row in rows[1:]]
        file.write_text("\n".join([rows[0], *moved]) + "\n")
    return folder


SCENARIOS = {"undisturbed": Scenario, "redis": RedisFaults, "smtp": SmtpFaults,
             "detector": DetectorFaults, "broker": BrokerFaults}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("binary")
    parser.add_argument("reader")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", default=list(SCENARIOS))
    parser.add_argument("--data", default=SAMPLE, help="a folder with NAB's layout; default: the sample")
    given = parser.parse_intermixed_args()
    for name in given.scenarios:
        began = time.monotonic()
        print(f"{name}: {SCENARIOS[name].__doc__}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            data = given.data
            if SCENARIOS[name].moved_to_now:
                data = move_to_now(data, pathlib.Path(folder) / "data")
            expected = demo_scores(given.binary, data)
            with Deployment(given.binary, given.reader, data) as deployment:
                SCENARIOS[name](deployment, expected).run()
        print(f"  {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
