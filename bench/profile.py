#!/usr/bin/env python3
"""Where the CPU time of millstream's workloads goes, by part.

  profile.py WORKLOAD_PROGRAM [--workloads w2,w3,w4,w7] [--guarantee eos] [--functions N]

Runs each under `perf record` with call stacks in the comparison's harness (see compare.py), and counts
every sample for the first part in PARTS that its stack passes through. Microseconds are of CPU a record.
"""

import argparse
import collections
import pathlib
import re
import subprocess
import sys

import compare

# From what says most to what says least: a part is named by a function anywhere in the stack.
PARTS = [
    ("changelog and commit", r"StreamThread::(write_changes|offsets_of|commit_tasks|take_commit|confirm_commit)"),
    ("RocksDB", r"rocksdb|librocksdb|TaskState::spill"),
    ("produce", r"KafkaProducer|ThreadCollector|HeldRecords|rd_kafka_produce"),
    ("fetch", r"KafkaConsumer|MessageBatch|rd_kafka_consume|rd_kafka_message_destroy|StreamThread::(fetch|distribute)"),
    ("record cache", r"UpdateCache|KeyedQueue|TableStore"),
    ("store's buffer", r"BufferedStore|GroupedStore|RowSegment|RowGroup|EntryCache|TaskState|SegmentWalk|MergedWalk"
                       r"|CopiedWalk|WriteBuffer"),
    ("serialise", r"[Ss]erializ|Serde"),
    ("operators", r"Node<|Node::|StreamTask|RecordQueue|workload::"),
]


def profiled(harness, workload, guarantee):
    """The samples of one run, and how many records it had."""
    data = compare.HOME / "perf.data"
    compare.write_script(harness.folder / "contestants" / "profiled.sh",
                         "#!/bin/bash\nexec perf record -q -F 499 --call-graph dwarf,8192 "
                         f'-o {data} "$MILLSTREAM_WORKLOAD" "$@"\n')
    output = harness.call("./run.sh", workload, guarantee, "profiled", RUNS="1", VERIFY="")
    records = int(re.search(r"records=(\d+)", output).group(1))
    script = subprocess.Popen(["perf", "script", "-i", data, "--no-inline", "-F", "tid,comm,ip,sym,dso,period"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return samples(script.stdout), records


def samples(lines):
    """Of each: thread, comm, nanoseconds, the stack's frames from the innermost."""
    head, frames = None, []
    for line in lines:
        line = line.rstrip("\n")
        if not line:
            if head:
                yield *head, frames
            head, frames = None, []
        elif head is None:
            comm, tid, period = re.match(r"\s*(.+?)\s+(\d+)\s+(\d+)\s*$", line).groups()
            head = (tid, comm, int(period))
        else:
            frames.append(line.strip().split(" ", 1)[-1])


def part_of(frames):
    stack = "\n".join(frames)
    return next((name for name, pattern in PARTS if re.search(pattern, stack)), "other")


def by_part(found):
    """Samples of the stream thread by part; those of librdkafka's threads by what they mostly do."""
    parts = collections.Counter()
    functions = collections.defaultdict(collections.Counter)
    threads = collections.defaultdict(collections.Counter)
    for tid, comm, period, frames in found:
        if comm.startswith("rdk:"):
            stack = "\n".join(frames)
            threads[tid]["all"] += period
            threads[tid]["in"] += period if re.search("recvmsg", stack) else 0
            threads[tid]["out"] += period if re.search("sendmsg", stack) else 0
            continue
        innermost = re.sub(r"\(.*", "", frames[0]) if frames else "?"
        part = "RocksDB" if comm.startswith("rocksdb") else part_of(frames)
        parts[part] += period
        functions[part][innermost] += period
    for thread in threads.values():
        name = "fetch, librdkafka's threads" if thread["in"] > thread["out"] else "produce, librdkafka's threads"
        parts[name] += thread["all"]
    return parts, functions


def show(workload, guarantee, parts, functions, records, how_many):
    whole = sum(parts.values())
    print(f"\n{workload} {guarantee}: {whole / records / 1000:.2f} us a record")
    for name, period in parts.most_common():
        print(f"  {name:<30} {period / whole:6.1%}  {period / records / 1000:6.2f} us")
        for function, of_it in functions[name].most_common(how_many):
            print(f"      {of_it / whole:6.1%}  {function[:100]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--workloads", default="w2,w3,w4,w7")
    parser.add_argument("--guarantee", default="eos")
    parser.add_argument("--functions", type=int, default=0, help="of each part, the innermost")
    options = parser.parse_args()
    with compare.ready(options.program) as harness:
        for workload in options.workloads.split(","):
            found, records = profiled(harness, workload, options.guarantee)
            show(workload, options.guarantee, *by_part(found), records, options.functions)
    return 0


if __name__ == "__main__":
    sys.exit(main())
