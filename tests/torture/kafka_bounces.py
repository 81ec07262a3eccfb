#!/usr/bin/env python3
"""Broker bounces under exactly-once: three brokers with replication 3, of which one after the other is
ended and started again, a third of them by kill -9."""

import sys
import time

import on_kafka

NODES = 3


def main():
    options = on_kafka.arguments(__doc__, bounces=12, rate=1000)
    on_kafka.fit(options, options.bounces * 20, "bounces")
    began = time.monotonic()
    killed = 0
    with (on_kafka.service.Kafka(NODES, settings=on_kafka.BROKER) as kafka,
          on_kafka.Torture(options, kafka.bootstrap) as torture):
        torture.make_topics()
        torture.start_instances(2)
        torture.watch()
        torture.produce(records=options.bounces * 14 * options.rate, rate=options.rate, keys=2000,
                        groups=100, seed=options.seed)
        torture.sleep(5)
        for number in range(options.bounces):
            node = torture.random.randint(1, NODES)
            if number % 3 == 0:
                kafka.kill_node(node)
                killed += 1
                torture.sleep(torture.random.uniform(0, 6))
            kafka.restart_node(node)
            torture.sleep(torture.random.uniform(3, 8))
        figures, ok = torture.finish()
        figures = {"bounces": options.bounces, "killed": killed, **figures,
                   "seconds": round(time.monotonic() - began)}
    return on_kafka.report("kafka_bounces", figures, ok)


if __name__ == "__main__":
    sys.exit(main())
