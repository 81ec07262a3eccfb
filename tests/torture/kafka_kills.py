#!/usr/bin/env python3
"""kill -9 of a random one of three instances, again and again, under exactly-once on a real Kafka."""

import sys
import time

import on_kafka


def main():
    options = on_kafka.arguments(__doc__, kills=150, records=2_180_000, rate=3200)
    on_kafka.fit(options, options.records / options.rate, "records", "kills")
    began = time.monotonic()
    with (on_kafka.service.Kafka(settings=on_kafka.BROKER) as kafka,
          on_kafka.Torture(options, kafka.bootstrap) as torture):
        torture.make_topics()
        torture.start_instances(3)
        torture.watch()
        torture.produce(records=options.records, rate=options.rate, keys=20_000, groups=200,
                        seed=options.seed)
        kills = 0
        produced_at = time.monotonic() + options.records / options.rate
        while kills < options.kills and torture.producing():
            # So that all of them fall into the time in which records come; while one is away a second
            # passes on average.
            left = (produced_at - time.monotonic()) / (options.kills - kills + 5)
            pause = max(0.5, left - 1.0)
            torture.sleep(torture.random.uniform(0.1, 2 * pause - 0.1))
            victim = torture.random.choice(torture.instances)
            victim.kill()
            kills += 1
            time.sleep(torture.random.choice((0, 0, 0, 1, 4)))  # at times the others take over
            victim.start()
        figures, ok = torture.finish()
        figures = {"kills": kills, **figures, "seconds": round(time.monotonic() - began)}
    return on_kafka.report("kafka_kills", figures, ok)


if __name__ == "__main__":
    sys.exit(main())
