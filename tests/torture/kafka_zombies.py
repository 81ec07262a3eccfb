#!/usr/bin/env python3
"""Instances that are stopped (SIGSTOP) for longer than session and transaction time-out while others
take their tasks over, and then go on (SIGCONT); and instances cut off from Kafka for 1 to 20 seconds."""

import signal
import sys
import time

import on_kafka

STOP_SECONDS = 13  # session 2.5 s, transaction 10 s


def stop_and_continue(torture, victim, _):
    victim.signal(signal.SIGSTOP)
    torture.sleep(STOP_SECONDS)
    victim.signal(signal.SIGCONT)


def cut_off(torture, victim, kafka):
    seconds = torture.random.uniform(1, 20)
    kafka.proxy(f"silence {seconds:.1f} {victim.client_prefix()}")
    if torture.random.random() < 0.5:
        kafka.proxy("cut")
    torture.sleep(seconds)


def main():
    options = on_kafka.arguments(__doc__, faults=30, rate=1000)
    on_kafka.fit(options, options.faults * 14, "faults")
    began = time.monotonic()
    stopped = 0
    with (on_kafka.service.Kafka(settings=on_kafka.BROKER, proxy=True) as kafka,
          on_kafka.Torture(options, kafka.bootstrap) as torture):
        torture.make_topics()
        on_kafka.SETTINGS |= {"bootstrap.servers": kafka.proxied, "socket.timeout.ms": 5000}
        torture.start_instances(3)
        torture.watch()
        torture.produce(records=options.faults * 12 * options.rate, rate=options.rate, keys=2000,
                        groups=100, seed=options.seed)
        torture.sleep(5)
        for number in range(options.faults):
            victim = torture.random.choice(torture.instances)
            fault = stop_and_continue if number % 2 == 0 else cut_off
            stopped += fault is stop_and_continue
            fault(torture, victim, kafka)
            torture.sleep(torture.random.uniform(1, 3))
        figures, ok = torture.finish()
        figures = {"stopped": stopped, "cut_off": options.faults - stopped, **figures,
                   "seconds": round(time.monotonic() - began)}
    return on_kafka.report("kafka_zombies", figures, ok)


if __name__ == "__main__":
    sys.exit(main())
