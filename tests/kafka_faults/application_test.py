#!/usr/bin/env python3
"""What an application does on a real Kafka beside processing: application_test.py BUILD [TESTS].

Static membership, internal topics that are checked and purged, state that is cleaned up, offsets that
the broker would forget, settings that can't be changed, memory that stays within its budget."""

import pathlib
import re
import signal
import sys
import time
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "torture"))
import on_kafka  # noqa: E402
from on_kafka import service  # noqa: E402
from service.base import wait_until  # noqa: E402

MEGABYTE = 1 << 20
RUNNING = "to=RUNNING"
# Beside the budget: code, stacks, librdkafka's and RocksDB's own, the allocator's slack.
OVERHEAD = 128 * MEGABYTE


class ApplicationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kafka = cls.enterClassContext(service.Kafka(
            settings={**on_kafka.BROKER, "offsets.retention.minutes": 1}))

    def setUp(self):
        options = types.SimpleNamespace(build=BUILD, seed=1)
        self.torture = self.enterContext(on_kafka.Torture(options, self.kafka.bootstrap))
        self.application = self.id().rsplit(".", 1)[-1]
        self.torture.make_topics()

    def start(self, name="0", **settings):
        settings = {key.replace("__", "."): value for key, value in settings.items()}
        settings = {"application.id": self.application, **settings}
        instance = on_kafka.Instance(self.torture, name, **settings)
        self.torture.instances.append(instance)
        instance.start()
        return instance

    def wait(self, condition, what, seconds=60):
        wait_until(condition, seconds, what)

    def wait_running(self, instance, times=1):
        self.wait(lambda: instance.count_in_log(RUNNING) >= times, "RUNNING")

    def feed(self, records, **options):
        self.torture.produce(name=f"{self.application}-{time.monotonic_ns()}", records=records,
                             seed=1, **options)
        self.wait(lambda: not self.torture.producing(), "produced")

    def committed(self, *topics, application=None):
        """The group's committed offsets, by topic and partition; -1: none."""
        file = self.torture.folder / "offsets.tsv"
        file.unlink(missing_ok=True)
        watcher = self.torture.spawn("watch_offsets", self.kafka.bootstrap,
                                     application or self.application, file, 60_000, *topics)
        self.wait(lambda: len(file.read_text().splitlines()) >= len(topics) * on_kafka.PARTITIONS,
                  "offsets read")
        watcher.kill()
        watcher.wait()
        rows = [line.split("\t") for line in file.read_text().splitlines()]
        return {(row[0], int(row[1])): int(row[2]) for row in rows}

    def wait_processed(self):
        """Until the groups behind the repartition topic have seen everything."""
        acknowledged = self.torture.sent()["input", "acked"]
        repartition = f"{self.application}-by-group-repartition"

        def seen():
            # The end of the last transaction may be seen a little later than its acknowledgement.
            inputs = len(self.torture.rows_of("input"))
            if inputs < acknowledged:
                return False
            rows = self.torture.rows_of(f"{self.application}-groups-changelog")
            last = {row[3]: int(row[4].split("|")[0]) for row in rows}
            return sum(last.values()) == inputs
        self.wait(seen, f"{acknowledged} records behind {repartition}", 120)

    def refused(self, **settings):
        """What an instance that must not start says."""
        instance = self.start(**settings)
        self.torture.instances.remove(instance)
        self.assertEqual(instance.process.wait(60), 2, instance.log.read_text())
        return instance.log.read_text()

    def test_a_static_member_gets_its_tasks_back_at_once(self):
        settings = {"session__timeout__ms": 45_000}
        first = self.start("0", group__instance__id="a", **settings)
        second = self.start("1", group__instance__id="b", **settings)
        self.wait_running(first)
        self.wait_running(second)
        time.sleep(2)  # let the group settle
        rebalances = second.count_in_log("to=REBALANCING")
        first.kill()
        began = time.monotonic()
        before = first.count_in_log(RUNNING)
        first.start()
        self.wait_running(first, before + 1)
        self.assertLess(time.monotonic() - began, 15, "it waited for its session to end")
        self.assertEqual(second.count_in_log("to=REBALANCING"), rebalances, "others were disturbed")

    def test_processed_records_of_repartition_topics_are_deleted(self):
        instance = self.start(repartition__purge__interval__ms=500)
        self.wait_running(instance)
        self.feed(5000)
        self.wait_processed()
        topic = f"{self.application}-by-group-repartition"
        self.wait(lambda: not self.torture.rows_of(topic), "purged")

    def test_internal_topics_that_do_not_fit_are_refused(self):
        self.torture.run("make_topics", self.kafka.bootstrap, 3, f"{self.application}-commits")
        text = self.refused()
        self.assertIn(f"{self.application}-commits has 3 partitions", text)
        other = f"{self.application}-2"
        self.torture.run("make_topics", self.kafka.bootstrap, on_kafka.PARTITIONS,
                         f"{other}-counts-changelog")
        text = self.refused(application__id=other)
        self.assertIn("cleanup.policy=delete", text)
        self.assertIn("set it to compact", text)

    def test_the_state_of_tasks_that_others_have_is_removed_after_a_delay(self):
        first = self.start("0", state__cleanup__delay__ms=2000)
        self.wait_running(first)
        self.feed(2000)
        self.wait_processed()

        def tasks():
            return {path.name for path in (first.state / self.application).iterdir()
                    if re.fullmatch(r"\d+_\d+", path.name)}
        self.assertEqual(len(tasks()), 16)
        foreign = first.state / self.application / "9_9"
        foreign.mkdir()
        (foreign / "photo.jpg").write_text("no state of ours")
        self.start("1", state__cleanup__delay__ms=2000)
        self.wait(lambda: len(tasks() - {"9_9"}) == 8, "state of moved tasks removed")
        self.assertTrue((foreign / "photo.jpg").exists())

    def test_offsets_of_idle_partitions_are_not_forgotten(self):
        """The broker forgets offsets after a minute; without the refresh they are gone."""
        uncured = f"{self.application}-uncured"
        cured = self.start("0", millstream__offsets__refresh__ms=5000)
        self.start("1", application__id=uncured)
        self.feed(2000)
        self.wait_processed()
        self.wait_running(cured)
        time.sleep(1)
        before = self.committed("input")
        self.assertNotIn(-1, before.values())

        def forgotten():
            return set(self.committed("input", application=uncured).values()) == {-1}
        self.wait(forgotten, "the broker forgets the offsets that nobody refreshes", 150)
        self.assertEqual(self.committed("input"), before)

    def test_a_member_that_lost_its_tasks_gets_them_back(self):
        only = self.start("0", session__timeout__ms=3000)
        self.wait_running(only)
        only.signal(signal.SIGSTOP)
        time.sleep(4)  # the session ends
        only.signal(signal.SIGCONT)
        self.wait_running(only, 2)
        self.feed(1000)
        self.wait_processed()
        self.assertTrue(only.is_alive())

    def test_settings_on_which_the_protocol_rests_are_refused_with_a_reason(self):
        for name, value, reason in (
                ("isolation.level", "read_uncommitted", "aborted"),
                ("enable.auto.commit", "true", "offsets are committed"),
                ("producer.acks", "1", "loss of a broker"),
                ("producer.enable.idempotence", "false", "twice"),
                ("transaction.timeout.ms", "60000", "take"),
                ("producer.socket.timeout.ms", "60000", "transaction"),
                ("consumer.group.id", "mine", "application.id"),
                ("producer.partitioner", "random", "Java")):
            text = self.refused(**{name.replace(".", "__"): value})
            self.assertIn(name, text)
            self.assertIn(reason, text)

    def test_memory_stays_within_its_budget(self):
        budget = 64 * MEGABYTE
        instance = self.start(millstream__memory__bytes=budget,
                              statestore__cache__max__bytes=0)
        self.feed(300_000, keys=300_000, in_turn=1)
        peak = 0

        def processed():
            nonlocal peak
            status = pathlib.Path(f"/proc/{instance.process.pid}/status").read_text()
            peak = max(peak, int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024)
            return sum(self.committed("input").values()) >= inputs
        inputs = len(self.torture.rows_of("input"))
        self.wait(processed, "processed", 240)
        print(f"peak resident {peak // MEGABYTE} MB with a budget of {budget // MEGABYTE} MB")
        self.assertLess(peak, budget + OVERHEAD)


class RejoinTest(unittest.TestCase):
    def test_tasks_that_others_had_meanwhile_are_opened_anew(self):
        """A member that gave its tasks up for a rebalance hears of its outcome so late that the group
        has gone on without it. It gets some of the tasks again, but what it kept in memory is old."""
        kafka = self.enterContext(service.Kafka(settings=on_kafka.BROKER, proxy=True))
        options = types.SimpleNamespace(build=BUILD, seed=1)
        torture = self.enterContext(on_kafka.Torture(options, kafka.bootstrap))
        torture.make_topics()
        torture.start_instances(1, bootstrap__servers=kafka.proxied, session__timeout__ms=3000)
        late = torture.instances[0]
        wait_until(lambda: late.count_in_log(RUNNING) >= 1, 120, "RUNNING")
        torture.watch()
        self.feed(torture, "first")
        held = kafka.proxy(f"rule hold 11 response client={late.client_prefix()}")

        torture.start_instances(1, session__timeout__ms=3000)
        other = torture.instances[1]
        wait_until(lambda: other.count_in_log("a task runs") >= 16, 60, "the other has all tasks")
        self.assertEqual(kafka.proxy(f"done {held}"), 1)
        self.feed(torture, "second")
        kafka.proxy("clear")
        wait_until(lambda: other.count_in_log("a task is closed") >= 8, 60, "half of them given back")
        self.feed(torture, "third")
        torture.dump_state("state")
        torture.restore_elsewhere()

        figures, ok = torture.verdict()
        self.assertTrue(ok, figures)

    def feed(self, torture, name):
        torture.produce(name=name, records=3000, keys=200, groups=20, seed=len(name))
        while torture.producing():
            torture.sleep(0.1)
        self.assertTrue(torture.wait_until_processed())


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
