#!/usr/bin/env python3
"""Restarts after kill -9 with a million keys in the store, under static membership: only the tail of
each changelog is replayed, and the instance is ready in under two seconds."""

import re
import statistics
import sys
import time

import on_kafka

READY_SECONDS = 2.0
READY = re.compile(rb"to=RUNNING")
RESTORES = re.compile(rb"event=\"restores a store\".* from=(\d+) to=(\d+)")


def wait_until_ready(instance, offset):
    """Wait until the log says so behind `offset`; what was replayed until then, in offsets."""
    deadline = time.monotonic() + on_kafka.CATCH_UP
    while time.monotonic() < deadline:
        with open(instance.log, "rb") as log:
            log.seek(offset)
            text = log.read()
        if READY.search(text):
            return sum(int(end) - int(begin) for begin, end in RESTORES.findall(text))
        time.sleep(0.005)
    raise RuntimeError("the instance isn't ready")


def restart(torture, instance):
    """Seconds until it's ready again, and what was replayed."""
    instance.kill()
    offset = instance.log.stat().st_size
    began = time.monotonic()
    instance.start()
    replayed = wait_until_ready(instance, offset)
    return time.monotonic() - began, replayed


def main():
    options = on_kafka.arguments(__doc__, keys=1_000_000, restarts=5, rate=500)
    if options.minutes is not None and options.minutes < 5:
        options.keys = int(options.keys * options.minutes / 5)
    began = time.monotonic()
    with (on_kafka.service.Kafka(settings=on_kafka.BROKER) as kafka,
          on_kafka.Torture(options, kafka.bootstrap) as torture):
        torture.make_topics()
        torture.start_instances(1, group__instance__id="only", session__timeout__ms=30_000)
        torture.watch()
        torture.produce(name="fill", records=options.keys, keys=options.keys, in_turn=1,
                        groups=100, seed=options.seed)
        while torture.producing():
            torture.sleep(0.5)
        filled = torture.wait_until_processed(seconds=1200)
        torture.produce(name="more", records=options.restarts * 10 * options.rate,
                        rate=options.rate, keys=options.keys, groups=100, seed=options.seed)
        seconds, replayed = [], []
        for _ in range(options.restarts):
            torture.sleep(torture.random.uniform(5, 8))
            took, tail = restart(torture, torture.instances[0])
            seconds.append(round(took, 2))
            replayed.append(tail)
        figures, ok = torture.finish()
        quick = statistics.median(seconds) < READY_SECONDS
        # The five or eight seconds between two restarts change so many rows at most.
        tails_only = max(replayed) < 3 * 10 * options.rate * 3
        ok = ok and filled and quick and tails_only
        torture.failed = not ok
        figures = {"keys": options.keys, "restarts": options.restarts, "ready_seconds": seconds,
                   "replayed_offsets": replayed, **figures,
                   "seconds": round(time.monotonic() - began)}
    return on_kafka.report("kafka_restart", figures, ok)


if __name__ == "__main__":
    sys.exit(main())
