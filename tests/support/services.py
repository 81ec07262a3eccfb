#!/usr/bin/env python3
"""Run a command beside real servers: services.py kafka+redis -- COMMAND ARGS.

Starts the services (kafka, redis, smtp, prometheus), runs COMMAND with an environment that says where
they are, stops them, and exits with COMMAND's status:

  kafka       KAFKA_BOOTSTRAP; with --kafka-proxy also KAFKA_PROXIED, the same through a proxy of
              Kafka's protocol, and KAFKA_PROXY_CONTROL, the port for its commands (kafka_proxy.py)
  redis       REDIS_HOST, REDIS_PORT, REDIS_URL
  smtp        SMTP_URL, SMTP_MAIL_DIR (a file for each mail that came)
  prometheus  PROMETHEUS_URL, PROMETHEUS_TARGETS_FILE (write what to scrape, as for file_sd)

Exit status 2: usage; 3: a service didn't start. As a library: `from service import Kafka`.
"""

import argparse
import os
import signal
import subprocess
import sys

import service


def parse(arguments):
    parser = argparse.ArgumentParser(prog="services.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kafka-nodes", type=int, default=1, metavar="N", help="default: 1")
    parser.add_argument("--kafka-proxy", action="store_true")
    parser.add_argument("services", help="names joined by +: " + ", ".join(service.ALL))
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND ...")
    options = parser.parse_args(arguments)
    options.services = options.services.split("+")
    if unknown := [name for name in options.services if name not in service.ALL]:
        parser.error(f"there is no service {unknown[0]}: take some of {', '.join(service.ALL)}")
    options.command = options.command[options.command[:1] == ["--"]:]
    if not options.command:
        parser.error("no command to run: services.py kafka -- COMMAND ARGS")
    return options


def make(name, options):
    if name == "kafka":
        return service.Kafka(options.kafka_nodes, proxy=options.kafka_proxy)
    return service.ALL[name]()


def run_command(command, environment):
    try:
        process = subprocess.Popen(command, env={**os.environ, **environment},
                                   preexec_fn=service.die_with(os.getpid()))
    except OSError as error:
        print(f"services.py: {command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    try:
        status = process.wait()
    except BaseException:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
        raise
    if status >= 0:
        return status
    print(f"services.py: {command[0]} was ended by {signal.Signals(-status).name}", file=sys.stderr)
    return 128 - status


def run(options):
    started = []
    status = 1
    try:
        environment = {}
        for name in options.services:
            started.append(make(name, options))
            started[-1].start()
            environment |= started[-1].environment()
        status = run_command(options.command, environment)
    finally:
        for one in reversed(started):
            one.stop(keep_logs=status != 0)
    return status


def main(arguments):
    options = parse(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run(options)
    except service.ServiceError as error:
        print(f"services.py: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
