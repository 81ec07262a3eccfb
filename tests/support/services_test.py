"""The services that tests start: they answer, they stop, and no process stays whatever happens."""

import contextlib
import json
import os
import pathlib
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
import urllib.request

from service import Kafka, Prometheus, Redis, ServiceError, Smtp
from service.base import Service, free_port, wait_until
from service.kafka import answers_api_versions, brokers_known_by
from service.redis import ping

COMMAND = [sys.executable, pathlib.Path(__file__).with_name("services.py")]


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A zombie that its new parent hasn't collected yet is as good as gone.
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


class KafkaAndRedis(unittest.TestCase):
    def test_answer_until_stopped_and_leave_nothing(self):
        with Kafka() as kafka, Redis() as redis:
            pids = kafka.pids() + redis.pids()
            folders = [kafka.folder, redis.folder]
            port = int(kafka.bootstrap.rpartition(":")[2])
            self.assertTrue(answers_api_versions(port))
            self.assertEqual(brokers_known_by(port), 1)
            self.assertTrue(ping(redis.port))
        self.assertEqual([pid for pid in pids if not is_gone(pid)], [])
        self.assertEqual([folder for folder in folders if folder.exists()], [])

    def test_three_nodes_know_each_other_and_one_comes_back(self):
        with Kafka(nodes=3) as kafka:
            ports = [node.port for node in kafka.nodes]
            kafka.kill_node(2)
            wait_until(lambda: brokers_known_by(ports[0]) == 2, 60, "the others notice")
            kafka.restart_node(2)
            wait_until(lambda: [brokers_known_by(port) for port in ports] == [3, 3, 3], 30,
                       "all know all")


class OneService(unittest.TestCase):
    def test_redis_comes_back_empty_on_its_port(self):
        with Redis() as redis:
            port = redis.port
            self.assertEqual(self.ask(port, "SET k v"), "+OK")
            redis.kill()
            with self.assertRaises(OSError):
                ping(port)
            redis.restart()
            self.assertEqual(redis.port, port)
            self.assertEqual(self.ask(port, "GET k"), "$-1")

    def ask(self, port, command):
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(command.encode() + b"\r\n")
            return connection.makefile().readline().strip()

    def test_smtp_keeps_mails_and_asks_for_the_password(self):
        with Smtp(user="u", password="p") as smtp:
            with smtplib.SMTP("127.0.0.1", smtp.port, timeout=10) as client:
                with self.assertRaises(smtplib.SMTPException):
                    client.sendmail("a@example.org", ["b@example.org"], "Subject: no\r\n\r\nno")
                client.login("u", "p")
                client.sendmail("a@example.org", ["b@example.org"], "Subject: yes\r\n\r\nyes")
            self.assertEqual(len(smtp.mails()), 1)
            self.assertIn(b"Subject: yes", smtp.mails()[0])

    def test_smtp_encrypts_from_the_first_byte_or_after_starttls(self):
        for tls, connect in (("starttls", smtplib.SMTP), ("implicit", smtplib.SMTP_SSL)):
            with self.subTest(tls), Smtp(user="u", password="p", tls=tls) as smtp:
                trusting = ssl.create_default_context(cafile=smtp.ca_file)
                options = {"context": trusting} if tls == "implicit" else {}
                with connect("localhost", smtp.port, timeout=10, **options) as client:
                    if tls == "starttls":
                        with self.assertRaises(smtplib.SMTPException):
                            client.login("u", "p")
                        client.starttls(context=trusting)
                    with self.assertRaisesRegex(smtplib.SMTPAuthenticationError, "5.7.8"):
                        client.login("u", "wrong")
                    client.login("u", "p")
                    client.sendmail("a@example.org", ["b@example.org"], "Subject: yes\r\n\r\nyes")
                self.assertEqual(len(smtp.mails()), 1)

    def test_smtp_hangs_up_after_the_final_dot_when_told_and_keeps_the_mail(self):
        with Smtp() as smtp:
            smtp.cut_after_dot(1)
            for _ in range(2):
                with contextlib.suppress(smtplib.SMTPServerDisconnected):
                    with smtplib.SMTP("127.0.0.1", smtp.port, timeout=10) as client:
                        client.sendmail("a@example.org", ["b@example.org"], "Subject: s\r\n\r\nx")
            self.assertEqual(len(smtp.mails()), 2)

    def test_prometheus_scrapes_what_its_file_names(self):
        with Prometheus() as prometheus:
            prometheus.scrape(f"127.0.0.1:{prometheus.port}")
            query = prometheus.url + "/api/v1/query?" + urllib.parse.urlencode({"query": "up == 1"})

            def is_up():
                with urllib.request.urlopen(query, timeout=5) as answer:
                    return json.load(answer)["data"]["result"]

            wait_until(is_up, 30, "the target is up")

    def test_a_server_that_ends_at_once_is_told_with_its_log(self):
        with self.assertRaisesRegex(ServiceError, "(?s)Redis: it ended with.*nonsense"):
            Redis(settings={"nonsense": "1"}).start()

    def test_another_port_is_tried_when_one_is_taken(self):
        attempts = []

        class Unlucky(Service):
            name = "unlucky"

            def _start(self):
                attempts.append(self.folder)
                if len(attempts) < 3:
                    raise ServiceError("bind: Address already in use")

            def _processes(self):
                return []

        with Unlucky():
            self.assertEqual(len(attempts), 3)
            self.assertEqual([folder.exists() for folder in attempts], [False, False, True])

    def test_ports_are_given_once(self):
        ports = [free_port() for _ in range(50)]
        self.assertEqual(len(set(ports)), 50)


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.environment = {**os.environ, "TMPDIR": folder.name}
        self.folder = pathlib.Path(folder.name)

    def run_it(self, *arguments):
        return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=120,
                              env=self.environment)

    def test_gives_the_environment_and_the_exit_status(self):
        result = self.run_it("redis", "--", "sh", "-c", "echo at $REDIS_PORT; exit 7")
        self.assertRegex(result.stdout, r"at \d+")
        self.assertEqual(result.returncode, 7)
        self.assertIn("logs kept in", result.stdout)

    def test_leaves_no_folder_after_success(self):
        self.assertEqual(self.run_it("redis", "--", "true").returncode, 0)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_refuses_an_unknown_service_and_a_missing_command(self):
        for arguments in (["rabbit", "--", "true"], ["redis"], ["redis", "--"]):
            self.assertEqual(self.run_it(*arguments).returncode, 2, arguments)

    def test_says_when_a_service_cannot_start(self):
        self.environment["PATH"] = ""
        result = self.run_it("redis", "--", "true")
        self.assertEqual(result.returncode, 3)
        self.assertIn("redis-server isn't installed", result.stderr)

    def test_takes_everything_with_it_when_it_is_killed(self):
        self.expect_all_gone_after(signal.SIGKILL)

    def test_takes_everything_with_it_when_it_is_terminated(self):
        self.expect_all_gone_after(signal.SIGTERM)

    def expect_all_gone_after(self, number):
        script = "import os, time; print(os.getpid(), os.environ['REDIS_PORT'], flush=True); time.sleep(300)"
        with subprocess.Popen([*COMMAND, "redis", "--", sys.executable, "-c", script], text=True,
                              stdout=subprocess.PIPE, env=self.environment) as wrapper:
            pid, port = map(int, wrapper.stdout.readline().split())
            self.assertTrue(ping(port))
            wrapper.send_signal(number)
            wrapper.wait(30)
        wait_until(lambda: is_gone(pid), 10, "the command is gone")
        wait_until(lambda: self.refuses(port), 10, "Redis is gone")

    def refuses(self, port):
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", port)) != 0


if __name__ == "__main__":
    unittest.main()
