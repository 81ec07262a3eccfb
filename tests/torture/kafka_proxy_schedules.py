#!/usr/bin/env python3
"""Random, seeded schedules of held, dropped, repeated, delayed and cut requests between the instances
and a real Kafka, under exactly-once."""

import collections
import sys
import time

import on_kafka

# API key → how often it's chosen. Those of a transaction and of the group matter most.
REQUESTS = {0: 3, 1: 2, 3: 1, 9: 2, 10: 1, 11: 2, 12: 2, 14: 2, 22: 3, 24: 4, 25: 4, 26: 6, 28: 6}
ACTIONS = ("hold", "hold", "drop", "repeat", "delay", "cut")
# A repeated one of these does what the client asked for twice, by its own fault.
NEVER_REPEATED = (11, 14, 22)
SETTINGS = {"socket.timeout.ms": 2000}


def random_rule(dice):
    api = dice.choices(list(REQUESTS), list(REQUESTS.values()))[0]
    action = dice.choice(ACTIONS)
    if action == "repeat" and api in NEVER_REPEATED:
        action = "delay"
    direction = "request" if action == "repeat" else dice.choice(("request", "request", "response"))
    seconds = dice.uniform(0.1, 4 if action == "delay" else 6)
    return action, (f"rule {action} {api} {direction} count={dice.choice((1, 1, 1, 2, 5))} "
                    f"skip={dice.randrange(8)} seconds={seconds:.2f} client={on_kafka.APPLICATION}")


def run_schedule(torture, kafka, done):
    dice = torture.random
    rules = [random_rule(dice) for _ in range(dice.randint(1, 4))]
    numbers = [(action, kafka.proxy(rule)) for action, rule in rules]
    torture.sleep(dice.uniform(1.5, 4))
    if dice.random() < 0.1:
        done["cut all"] += 1
        kafka.proxy("cut")
    for action, number in numbers:
        done[action] += kafka.proxy(f"done {number}")
    kafka.proxy("clear")


def main():
    options = on_kafka.arguments(__doc__, schedules=150, rate=1000)
    on_kafka.fit(options, options.schedules * 3.5, "schedules")
    began = time.monotonic()
    done = collections.Counter()
    with (on_kafka.service.Kafka(settings=on_kafka.BROKER, proxy=True) as kafka,
          on_kafka.Torture(options, kafka.bootstrap) as torture):
        torture.make_topics()
        on_kafka.SETTINGS |= {"bootstrap.servers": kafka.proxied, **SETTINGS}
        torture.start_instances(2)
        torture.watch()
        torture.produce(records=int(options.schedules * 3.2 * options.rate), rate=options.rate,
                        keys=2000, groups=100, seed=options.seed)
        for _ in range(options.schedules):
            run_schedule(torture, kafka, done)
        figures, ok = torture.finish()
        ok = ok and all(done[action] > 0 for action in ACTIONS)
        figures = {"schedules": options.schedules, "faults": dict(done), **figures,
                   "seconds": round(time.monotonic() - began)}
    return on_kafka.report("kafka_proxy_schedules", figures, ok)


if __name__ == "__main__":
    sys.exit(main())
