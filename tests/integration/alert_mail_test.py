#!/usr/bin/env python3
"""`anomaly alert` with a real Redis and a real mail server: encryption, log-in, faults, stopping.

    alert_mail_test.py ANOMALY
"""

import email
import email.policy
import json
import signal
import subprocess
import sys
import unittest

from program import Program, service, settings, terminate, wait_until

USER, PASSWORD = "me@example.org", "abcd efgh ijkl mnop"  # as Google shows an app password
APP_PASSWORD = PASSWORD.replace(" ", "")
HOUR = 3_600_000
START = 1_397_114_100_000  # 2014-04-10 07:15 UTC


def parse(mail):
    return email.message_from_bytes(mail, policy=email.policy.default)


def body(message, kind):
    return message.get_body((kind,)).get_content()


class AlertTest(unittest.TestCase):
    binary = None

    def setUp(self):
        self.program = self.enterContext(Program(self.binary))

    def start_smtp(self, **options):
        return self.enterContext(service.Smtp(**options))

    def write_env(self, user=USER, password=PASSWORD):
        (self.program.folder / ".env").write_text(
            f"GMAIL_USER={user}\nGMAIL_PASS={password}\nALERT_RECIPIENT=alerts@domain.com\n")


class TestMail(AlertTest):
    """`anomaly alert --test-mail`, with the seed's .env."""

    def send(self, smtp, **more):
        values = {"smtp.url": smtp.url, "smtp.starttls": "required", "smtp.ca.file": smtp.ca_file}
        return self.program.call("alert", "--test-mail", *settings({**values, **more}))

    def test_goes_out_encrypted_and_logged_in(self):
        self.write_env()
        for tls in ("starttls", "implicit"):
            with self.subTest(tls):
                smtp = self.start_smtp(user=USER, password=APP_PASSWORD, tls=tls)
                result = self.send(smtp)
                self.assertEqual(result.returncode, 0, result.stderr)
                mail, = map(parse, smtp.mails())
                self.assertEqual(mail["From"], USER)
                self.assertEqual(mail["To"], "alerts@domain.com")
                self.assertIn("test mail", mail["Subject"])
                self.assertNotIn(APP_PASSWORD, result.stdout + result.stderr)

    def test_a_refused_password_is_answered_with_the_app_password(self):
        self.write_env(password="not-the-one")
        smtp = self.start_smtp(user=USER, password=APP_PASSWORD, tls="starttls")
        result = self.send(smtp)
        self.assertEqual(result.returncode, 1)
        self.assertIn("5.7.8", result.stderr)
        self.assertIn("app password", result.stderr)
        self.assertNotIn("not-the-one", result.stderr)
        self.assertEqual(smtp.mails(), [])

    def test_nothing_is_sent_to_a_server_that_nobody_vouches_for(self):
        self.write_env()
        for tls in ("starttls", "implicit"):
            with self.subTest(tls):
                smtp = self.start_smtp(user=USER, password=APP_PASSWORD, tls=tls)
                result = self.program.call("alert", "--test-mail", *settings(
                    {"smtp.url": smtp.url, "smtp.starttls": "required"}))
                self.assertEqual(result.returncode, 1)
                self.assertIn("smtp.ca.file", result.stderr)
                self.assertEqual(smtp.mails(), [])

    def test_nothing_is_sent_in_plain_text(self):
        self.write_env()
        smtp = self.start_smtp()
        result = self.program.call("alert", "--test-mail", *settings(
            {"smtp.url": smtp.url, "smtp.starttls": "required"}))
        self.assertEqual(result.returncode, 1)
        self.assertIn("STARTTLS", result.stderr)
        self.assertEqual(smtp.mails(), [])

    def test_is_a_file_where_there_are_no_credentials(self):
        result = self.program.call("alert", "--test-mail")
        self.assertEqual(result.returncode, 0, result.stderr)
        file, = (self.program.folder / "mails").glob("*.eml")
        self.assertIn("test mail", parse(file.read_bytes())["Subject"])


class AlertsFromRedis(AlertTest):
    """Pub/Sub, with refill from the stream; the mails' way through a server's faults."""

    def setUp(self):
        super().setUp()
        self.redis = self.enterContext(service.Redis())
        self.ask = self.enterContext(service.RedisConnection(self.redis.port)).ask
        self.smtp = self.start_smtp(user=USER, password=APP_PASSWORD, tls="starttls")
        self.write_env()
        self.offset = 0
        self.write_recent("web/cpu")

    def start_alert(self, **more):
        values = {"alert.source": "redis", "redis.url": f"redis://127.0.0.1:{self.redis.port}",
                  "smtp.url": self.smtp.url, "smtp.starttls": "required",
                  "smtp.ca.file": self.smtp.ca_file, "state.dir": "state",
                  "alert.group_wait": "200ms", "alert.group_interval": "200ms",
                  "alert.retry_first": "200ms", "alert.retry_last": "500ms",
                  "page.url": "http://localhost:8000/"}
        process = self.program.start("alert", "alert", *settings({**values, **more}))
        self.program.wait_for_log("alert", "alerts are mailed")
        return process

    def write_recent(self, series):
        for i in range(-30, 6):
            value = 95 if 0 <= i < 3 else 40
            self.ask("LPUSH", f"anomaly:recent:{series}", json.dumps(
                {"timestamp": START + i * 300_000, "value": value, "score": 0.5, "anomaly": i == 0}))

    def write_alert(self, name, series="web/cpu", score=0.83, publish=True):
        """As the sink does: an entry with the offset in its id, the mark, a message."""
        alert = json.dumps({
            "id": name, "series": series, "start_ms": START, "end_ms": START + 600_000,
            "peak_ms": START + 300_000, "peak_score": score, "peak_value": 95.5,
            "peak_expected": 40.25, "count": 3, "threshold": 0.6, "model_version": "m",
            "contributions": [{"feature": "level", "amount": 0.2}], "produced_at_ms": 0})
        self.ask("XADD", "anomaly:stream:alerts:0", f"{self.offset}-1", "series", series,
                 "timestamp", START + 600_000, "json", alert)
        self.offset += 1
        self.ask("HSET", "anomaly:mark:alerts:0", "lineage", "x", "next", self.offset)
        if publish:
            self.ask("PUBLISH", "anomaly:alerts", alert)

    def wait_for_mails(self, count):
        wait_until(lambda: len(self.smtp.mails()) >= count,
                   lambda: f"{count} mails; there are {len(self.smtp.mails())}", 30)
        return [parse(mail) for mail in self.smtp.mails()]

    def test_a_mail_says_what_happened_when_and_how_bad(self):
        self.start_alert()
        self.write_alert("a1")
        mail, = self.wait_for_mails(1)
        self.assertIn("web/cpu", mail["Subject"])
        text, html = body(mail, "plain"), body(mail, "html")
        for part in (text, html):
            for fact in ("2014-04-10 07:15 UTC", "2014-04-10 07:25 UTC", "0.83", "threshold 0.6",
                         "3 anomalous records", "95.5", "40.25", "level"):
                self.assertIn(fact, part)
        self.assertRegex(text, "[▁▂▃▄▅▆▇█]{20}")
        self.assertGreater(html.count("<td"), 30)
        self.assertIn("http://localhost:8000/#series=", html)
        self.assertRegex(mail["Message-ID"], r"^<[0-9a-f]{40}@example.org>$")

    def test_alerts_of_a_group_share_a_mail(self):
        self.start_alert(**{"alert.group_wait": "2s", "alert.min_score": "0.5"})
        for name, series, score in (("a", "web/cpu", 0.7), ("b", "web/net", 0.9),
                                    ("c", "db/disk", 0.6), ("d", "db/disk", 0.4)):
            self.write_alert(name, series, score)
        mails = self.wait_for_mails(2)
        self.assertCountEqual([mail["Subject"] for mail in mails], [
            "[anomaly] 2 alerts in web, highest score 0.9 (web/net)",
            "[anomaly] db/disk: anomaly, score 0.6 at 2014-04-10 07:20 UTC"])

    def test_what_was_published_while_nobody_listened_is_read_from_the_stream(self):
        self.write_alert("before", publish=False)
        process = self.start_alert()
        self.wait_for_mails(1)
        self.assertEqual(terminate(process), 0)
        self.write_alert("between", publish=False)
        self.start_alert()
        mails = self.wait_for_mails(2)
        self.assertNotEqual(mails[0]["Message-ID"], mails[1]["Message-ID"])

    def test_redis_may_go_away_and_come_back_empty(self):
        self.start_alert()
        self.write_alert("one")
        self.wait_for_mails(1)
        self.redis.kill()
        self.program.wait_for_log("alert", "redis can't be read")
        self.redis.restart()
        self.ask = self.enterContext(service.RedisConnection(self.redis.port)).ask
        self.offset = 0
        self.write_alert("one")  # the sink writes it all again
        self.write_alert("two", series="web/net")
        mails = self.wait_for_mails(2)
        self.assertIn("web/net", mails[1]["Subject"])
        self.assertEqual(len(mails), 2)

    def test_a_mail_is_kept_while_the_server_is_down(self):
        self.smtp.kill()
        process = self.start_alert()
        self.write_alert("kept")
        self.program.wait_for_log("alert", "alert mail not sent")
        self.assertEqual(terminate(process), 0)
        self.start_alert()
        self.smtp.restart()
        mails = self.wait_for_mails(1)
        self.assertIn("web/cpu", mails[0]["Subject"])

    def test_after_an_unknown_outcome_the_same_mail_comes_again(self):
        self.smtp.cut_after_dot(2)
        self.start_alert()
        self.write_alert("cut")
        mails = self.wait_for_mails(3)
        self.assertEqual(len({mail["Message-ID"] for mail in mails}), 1)
        self.assertEqual(len(set(self.smtp.mails())), 1, "the same bytes")
        wait_until(lambda: "alert mail sent" in self.program.log("alert"), "it is known as sent", 30)
        self.assertEqual(len(self.smtp.mails()), 3)

    def test_a_killed_process_repeats_at_most_the_mail_that_was_under_way(self):
        process = self.start_alert()
        for i in range(3):
            self.write_alert(f"k{i}", series=f"s{i}/x")
        self.wait_for_mails(1)
        process.kill()
        process.wait()
        self.start_alert()
        wait_until(lambda: len({parse(mail)["Message-ID"] for mail in self.smtp.mails()}) == 3,
                   "three different mails", 30)
        self.assertLessEqual(len(self.smtp.mails()), 4)


class Stopping(AlertTest):
    def setUp(self):
        super().setUp()
        self.redis = self.enterContext(service.Redis())

    def start_alert(self, **more):
        values = {"alert.source": "redis", "redis.url": f"redis://127.0.0.1:{self.redis.port}",
                  "state.dir": "state", **more}
        process = self.program.start("alert", "alert", *settings(values))
        self.program.wait_for_log("alert", "alerts are mailed")
        return process

    def test_sigterm_and_sigint_end_it_with_status_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.start_alert()
            process.send_signal(number)
            self.assertEqual(process.wait(30), 0)

    def test_a_second_signal_leaves_at_once(self):
        smtp = self.start_smtp()
        smtp.process.signal(signal.SIGSTOP)  # so that the mail under way doesn't end
        self.addCleanup(smtp.process.signal, signal.SIGCONT)
        process = self.start_alert(**{"smtp.url": smtp.url, "alert.group_wait": "0ms"})
        with service.RedisConnection(self.redis.port) as redis:
            redis.ask("HSET", "anomaly:mark:alerts:0", "next", 1)
            redis.ask("XADD", "anomaly:stream:alerts:0", "0-1", "series", "s", "timestamp", START,
                      "json", json.dumps({"id": "a", "series": "s", "start_ms": START,
                                          "end_ms": START, "count": 1, "peak_score": 0.9}))
            redis.ask("PUBLISH", "anomaly:alerts", "look")
        state = self.program.folder / "state" / "alert" / "alerts.json"
        wait_until(lambda: state.exists() and '"outbox":[{' in state.read_text(),
                   "the mail is to be sent", 30)
        process.send_signal(signal.SIGTERM)
        self.program.wait_for_log("alert", "a signal came")
        with self.assertRaises(subprocess.TimeoutExpired, msg="it finishes what is under way"):
            process.wait(1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(1), -signal.SIGTERM)

    def test_settings_that_cannot_work_are_told_at_the_start(self):
        for values, words in (
                ({"redis.url": "rediss://localhost"}, ["rediss://", "TLS", "plain"]),
                ({"redis.url": ""}, ["redis.url"]),
                ({"alert.source": "carrier-pigeon"}, ["alert.source", "kafka", "redis"]),
                ({"alert.group_wait": "soon"}, ["alert.group_wait", "30s"]),
                ({"smtp.url": "http://x"}, ["smtp.url", "smtps://"])):
            with self.subTest(values):
                result = self.program.call("alert", *settings(
                    {"alert.source": "redis", "redis.url": "redis://localhost", **values}))
                self.assertEqual(result.returncode, 2)
                for word in words:
                    self.assertIn(word, result.stderr)


if __name__ == "__main__":
    AlertTest.binary = sys.argv.pop(1)
    unittest.main()
