#!/usr/bin/env python3
"""Evidence that was tampered with must not pass: mutations_test.py VERIFY.

Makes the evidence of a run without faults, which `verify` must accept, then damages it in one way at
a time, each of which `verify` must find, and find for what it is.
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

PARTITIONS = 8
SEED = 20250101


def murmur2(data):
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = 0x9747B28C ^ len(data)
    whole = len(data) - len(data) % 4
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i:i + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    rest = data[whole:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def partition_of(key):
    return (murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS


class Run:
    """What a correct application leaves behind; every table is a list of lists of fields."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.next_offset = {}
        names = ("sent", "input", "rates", "counts", "groups", "joined", "counts-changelog",
                 "groups-changelog", "rates-changelog", "committed", "state")
        self.tables = {name: [] for name in names}
        self.process(self.send(3000))
        self.dump()
        self.watch()

    def append(self, topic, key, value):
        partition = partition_of(key)
        offset = self.next_offset.get((topic, partition), 0) + self.random.choice((0, 0, 0, 2))
        self.next_offset[topic, partition] = offset + 1
        self.tables[topic].append([partition, offset, 1000, key, value])

    def send(self, count):
        """Records in the order in which an application may take them."""
        taken = []
        for number in range(1, count + 1):
            key, name = f"k{self.random.randrange(40)}", f"p-{number}"
            topic = "rates" if number % 10 == 0 else "input"
            value = name
            if topic == "input":
                value += f"|g{self.random.randrange(7)}|{self.random.randrange(100)}"
            outcome = "aborted" if self.random.random() < 0.05 else "acked"
            self.tables["sent"].append([topic, name, key, value, outcome])
            if outcome == "acked":
                self.append(topic, key, value)
                taken.append((topic, key, value))
        return taken

    def process(self, taken):
        self.counts, self.groups, self.rates = {}, {}, {}
        for topic, key, value in taken:
            if topic == "rates":
                self.rates[key] = value
                self.append("rates-changelog", key, value)
                continue
            name, group, amount = value.split("|")
            for table, store, of in (("counts", self.counts, key), ("groups", self.groups, group)):
                count, total, _ = store.get(of, "0|0|").split("|")
                store[of] = f"{int(count) + 1}|{int(total) + int(amount)}|{name}"
                self.append(table, of, store[of])
                self.append(table + "-changelog", of, store[of])
            self.append("joined", key, f"{name}|{self.rates.get(key, '-')}")

    def dump(self):
        stores = {"counts": self.counts, "groups": self.groups, "rates": self.rates}
        self.tables["state"] = sorted([store, key, value] for store, rows in stores.items()
                                      for key, value in rows.items())

    def watch(self):
        for share in (0.0, 0.3, 0.7, 1.0):
            for topic in ("input", "rates"):
                for partition in range(PARTITIONS):
                    end = self.next_offset.get((topic, partition), 0)
                    self.tables["committed"].append([topic, partition, int(end * share)])

    def write(self, folder):
        for name, rows in self.tables.items():
            text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
            (folder / f"{name}.tsv").write_text(text)


def middle(rows):
    return len(rows) // 2


def drop_output(run):
    rows = run.tables["counts"]
    del rows[middle(rows)]


def duplicate_output(run):
    rows = run.tables["joined"]
    partition, _, *rest = rows[middle(rows)]
    rows.append([partition, run.next_offset["joined", partition], *rest])


def swap_outputs(run):
    """Two neighbours of one key come in the wrong order; offsets stay as they were."""
    rows = run.tables["counts"]
    first = middle(rows)
    second = next(i for i in range(first + 1, len(rows)) if rows[i][3] == rows[first][3])
    rows[first][4], rows[second][4] = rows[second][4], rows[first][4]


def truncate_output(run):
    rows = run.tables["groups"]
    del rows[-20:]


def alter_output(run):
    row = run.tables["groups"][middle(run.tables["groups"])]
    count, total, name = row[4].split("|")
    row[4] = f"{count}|{int(total) + 1}|{name}"


def output_of_aborted(run):
    name, key, value = next((row[1], row[2], row[3]) for row in run.tables["sent"]
                            if row[4] == "aborted" and row[0] == "input")
    run.append("joined", key, f"{name}|-")


def aborted_in_source(run):
    key, value = next((row[2], row[3]) for row in run.tables["sent"]
                      if row[4] == "aborted" and row[0] == "input")
    run.append("input", key, value)


def lose_acknowledged(run):
    run.tables["sent"].append(["input", "p-99999", "k1", "p-99999|g1|1", "acked"])


def repeat_in_source(run):
    partition, _, *rest = run.tables["input"][-1]
    run.tables["input"].append([partition, run.next_offset["input", partition], *rest])


def swap_in_source(run):
    rows = run.tables["rates"]
    first = middle(rows)
    second = next(i for i in range(first + 1, len(rows)) if rows[i][3] == rows[first][3])
    rows[first][4], rows[second][4] = rows[second][4], rows[first][4]


def offset_twice(run):
    rows = run.tables["counts"]
    row = rows[middle(rows)]
    later = next(r for r in rows[middle(rows) + 1:] if r[0] == row[0])
    later[1] = row[1]


def wrong_partition(run):
    row = run.tables["groups"][-1]
    row[0] = (row[0] + 1) % PARTITIONS
    row[1] = 10 ** 6


def stale_offset(run):
    """A delayed request moved a committed offset back, and the next commit put it right again."""
    rows = run.tables["committed"]
    row = next(r for r in rows[2 * 2 * PARTITIONS:] if r[2] > 10)
    rows.insert(rows.index(row) + 1, [row[0], row[1], row[2] - 5])


def offset_behind(run):
    for row in run.tables["committed"][-2 * PARTITIONS:]:
        row[2] = max(0, row[2] - 1)


def forgotten_offset(run):
    run.tables["committed"].append(["input", 3, -1])


def stale_table(run):
    """A joined record saw an older row of the table than an earlier one of its key."""
    seen = {}
    for row in run.tables["joined"]:
        name, rate = row[4].split("|")
        if rate != "-" and rate != seen.get(row[3], rate):
            row[4] = f"{name}|{rate}"
            following = [r for r in run.tables["joined"] if r[3] == row[3]]
            at = following.index(row)
            if at + 1 < len(following):
                later = following[at + 1]
                later[4] = f"{later[4].split('|')[0]}|{seen[row[3]]}"
                return
        seen[row[3]] = rate
    raise AssertionError("no such record")


def drop_state(run):
    del run.tables["state"][5]


def alter_state(run):
    run.tables["state"][5][2] += "0"


def state_too_many(run):
    run.tables["state"].append(["rates", "zzz", "p-1"])


def lose_changelog_tail(run):
    rows = run.tables["counts-changelog"]
    del rows[-1]


def tombstone_in_changelog(run):
    partition, _, _, key, _ = run.tables["rates-changelog"][-1]
    run.append("rates-changelog", key, "\\N")


MUTATIONS = [  # what is done, and what verify must call it
    (drop_output, "lost"),
    (duplicate_output, "duplicated"),
    (swap_outputs, "order"),
    (truncate_output, "lost"),
    (alter_output, "wrong"),
    (output_of_aborted, "aborted"),
    (aborted_in_source, "aborted"),
    (lose_acknowledged, "lost"),
    (repeat_in_source, "duplicated"),
    (swap_in_source, "order"),
    (offset_twice, "offsets"),
    (wrong_partition, "partition"),
    (stale_offset, "committed"),
    (offset_behind, "committed"),
    (forgotten_offset, "committed"),
    (stale_table, "order"),
    (drop_state, "state"),
    (alter_state, "state"),
    (state_too_many, "state"),
    (lose_changelog_tail, "state"),
    (tombstone_in_changelog, "state"),
]


def verify(program, run):
    with tempfile.TemporaryDirectory() as folder:
        run.write(pathlib.Path(folder))
        result = subprocess.run([program, folder, str(PARTITIONS)], capture_output=True, text=True)
    assert result.returncode in (0, 1), result.stderr
    return result.returncode, json.loads(result.stdout.splitlines()[-1]), result.stdout


def main(program):
    status, figures, text = verify(program, Run(SEED))
    assert status == 0, f"correct evidence was refused:\n{text}"
    assert figures["inputs"] > 2000 and figures["sent_aborted"] > 50, figures
    assert figures["outputs"] == 3 * figures["inputs"], figures
    caught = 0
    for mutate, kind in MUTATIONS:
        run = Run(SEED)
        mutate(run)
        status, figures, text = verify(program, run)
        found = status == 1 and figures[kind] > 0
        caught += found
        print(f"{'caught' if found else 'MISSED'}  {mutate.__name__} ({kind})")
    print(f"{caught} of {len(MUTATIONS)} mutations caught")
    return 0 if caught == len(MUTATIONS) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
