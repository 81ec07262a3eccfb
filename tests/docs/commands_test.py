#!/usr/bin/env python3
"""Every command that the documents show is run by a test.

  commands_test.py BUILD_DIR            each indented command is known here, with the test that runs it
  commands_test.py BUILD_DIR on-kafka   runs the README's four lines of "On Kafka" as they stand, with
                                        KAFKA_BOOTSTRAP in place of localhost:9092
  commands_test.py BUILD_DIR detectors  runs the comparison of the detectors, one seed, over NAB's files beside the
                                        project; exit status 77 if there are none
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"^    ((?:\./run|build/bin/|data/|bench/|python3 |docker |curl |cp |cmake |ctest |ninja ).*)$",
                     re.MULTILINE)
# What a command begins with, and the test that runs it; ./run's own commands are looked up in its help.
RUN_BY = {
    "build/bin/anomaly": "docs.on_kafka",
    "build/bin/conformance": "conformance",
    "cp .env.example .env": "compose",
    "docker compose": "compose",
    "python3 bench/detectors.py": "docs.detectors",
    "data/fetch-nab": "data.fetch_nab",
}


def commands():
    for name in DOCUMENTS:
        for match in COMMAND.finditer((ROOT / name).read_text()):
            yield name, re.sub(r"\s+#.*$", "", match.group(1)).strip()


def check_all_are_run(build):
    files = pathlib.Path(build).rglob("CTestTestfile.cmake")
    tests = {name for file in files for name in re.findall(r"add_test\(\[=\[(.+?)\]=\]", file.read_text())}
    help_text = subprocess.run([ROOT / "run", "help"], capture_output=True, text=True, check=True).stdout
    found = list(commands())
    assert len(found) > 10, f"only {len(found)} commands were found in the documents"
    for document, command in found:
        if command.startswith("./run "):
            name = command.split()[1]
            assert re.search(rf"^  {name}\b", help_text, re.MULTILINE), f"{document}: ./run help has no {name}"
            continue
        test = next((test for start, test in RUN_BY.items() if command.startswith(start)), None)
        assert test, f"{document}: no test runs `{command}`; add one, and say so in {__file__}"
        assert test in tests, f"{document}: `{command}` is run by {test}, which ctest doesn't know"
    print(f"{len(found)} commands in {len(DOCUMENTS)} documents, each run by a test")


def processed(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            tasks = re.findall(r"^events_processed_total(?:\{[^}]*\})? (\d+)", answer.read().decode(), re.MULTILINE)
            return sum(int(count) for count in tasks)
    except OSError:
        return 0


def run_on_kafka(build):
    """The lines one after the other; those that go on are stopped when the records are scored."""
    port = 20000 + os.getpid() % 20000
    lines = [command for document, command in commands()
             if document == "README.md" and command.startswith("build/bin/anomaly")]
    assert [line.split()[1] for line in lines] == ["train", "produce", "detect", "alert"], lines
    with tempfile.TemporaryDirectory(prefix="millstream-readme-") as folder:
        (pathlib.Path(folder) / "build").symlink_to(pathlib.Path(build).resolve())
        (pathlib.Path(folder) / "data").symlink_to(ROOT / "data")
        running = []
        for line in lines:
            words = line.replace("localhost:9092", os.environ["KAFKA_BOOTSTRAP"]).split()
            words += ["-X", f"state.dir={folder}/{words[1]}"] if words[1] in ("detect", "alert") else []
            words += ["-X", f"http.port={port}"] if words[1] == "detect" else []
            with open(pathlib.Path(folder) / f"{words[1]}.log", "w+") as log:
                process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log)
                if words[1] in ("train", "produce"):
                    status = process.wait(240)
                    log.seek(0)
                    assert status == 0, f"{line}: status {status}\n{log.read()[-2000:]}"
                else:
                    running.append((line, process))
        deadline = time.monotonic() + 120
        while (count := processed(port)) < 39_000 and time.monotonic() < deadline:
            time.sleep(0.2)
        for line, process in running:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, f"{line}: SIGTERM must end it well"
    assert count >= 39_000, f"only {count} records were scored"
    print(f"the README's lines work: {count} records scored")


def compare_detectors(build):
    nab = ROOT.parent / "shared" / "NAB"
    if not nab.is_dir():
        print("skipped: NAB's files are not beside the project")
        sys.exit(77)
    subprocess.run([sys.executable, ROOT / "bench" / "detectors.py", pathlib.Path(build) / "bin" / "anomaly",
                    "--data", nab, "--seeds", "1"], check=True)


MODES = {"on-kafka": run_on_kafka, "detectors": compare_detectors}

if __name__ == "__main__":
    (MODES[sys.argv[2]] if sys.argv[2:] else check_all_are_run)(sys.argv[1])
