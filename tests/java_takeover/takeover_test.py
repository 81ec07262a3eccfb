#!/usr/bin/env python3
"""millstream takes an application over from the real Kafka Streams: takeover_test.py BUILD.

The same topology runs in Java first and is closed; then millstream goes on from the committed offsets
with its stores restored from the changelogs that Java wrote (timestamped key-value and windowed), and
both halves together must be what the verifier computes from the input."""

import os
import pathlib
import subprocess
import sys
import types

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "torture"))
import on_kafka  # noqa: E402
from on_kafka import service  # noqa: E402
from service import base  # noqa: E402

RECORDS = 20_000


def class_path():
    """Where the jars and the compiled program are."""
    jars = base.cache_folder() / "kafka-streams-4.1.0"
    with base.made_once(jars) as made:
        if made:
            base.run_tool(["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"),
                           "dependency:copy-dependencies", f"-DoutputDirectory={made}"],
                          "fetching Kafka Streams' jars with Maven")
    return f"{jars}/*"


class JavaInstance(on_kafka.Instance):
    """The Java application; it is started and stopped as ours."""

    def start(self):
        classes = self.torture.folder / "classes"
        base.run_tool(["javac", "-cp", class_path(), "-d", str(classes),
                       str(HERE / "TortureApp.java")], "compiling TortureApp.java")
        command = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-cp", f"{class_path()}:{classes}",
                   "TortureApp", *(f"{key}={value}" for key, value in self.settings.items())]
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out,
                                            preexec_fn=service.die_with(os.getpid()))


def processed(torture, records):
    torture.produce(name=f"p{records}", records=RECORDS, keys=500, groups=20, seed=records)
    while torture.producing():
        torture.sleep(0.2)
    assert torture.wait_until_processed(), "not everything was processed"


def check_windows(torture):
    """Each window's updates count from 1, in Java's half and on in ours; together all inputs."""
    newest = {}
    for row in torture.rows_of("windowed"):
        count = int(row[4].split("|")[0])
        assert count == newest.get(row[3], 0) + 1, f"{row[3]}: {count} after {newest.get(row[3])}"
        newest[row[3]] = count
    inputs = len(torture.rows_of("input"))
    assert sum(newest.values()) == inputs, f"{sum(newest.values())} of {inputs} are in windows"
    return len(newest)


def main(build):
    options = types.SimpleNamespace(build=build, seed=1)
    with (service.Kafka(settings=on_kafka.BROKER) as kafka,
          on_kafka.Torture(options, kafka.bootstrap) as torture):
        torture.make_topics()
        torture.run("make_topics", kafka.bootstrap, on_kafka.PARTITIONS, "windowed")
        settings = {**on_kafka.SETTINGS, "session.timeout.ms": 6000, "torture.windows": "true"}
        on_kafka.SETTINGS.update(settings)
        java = JavaInstance(torture, "java")
        torture.instances.append(java)
        java.start()
        processed(torture, 1)
        by_java = len(torture.rows_of("counts"))
        java.stop()
        torture.instances.clear()

        torture.start_instances(1)
        torture.watch()
        processed(torture, 2)
        windows = check_windows(torture)
        torture.dump_state("state")
        torture.restore_elsewhere()
        figures, ok = torture.verdict()
        print(f"{by_java} of {figures['inputs']} inputs counted by Kafka Streams, the rest by "
              f"millstream; {windows} windows; {figures}")
        return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
