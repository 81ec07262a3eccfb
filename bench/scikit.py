#!/usr/bin/env python3
"""Score rows beside scikit-learn: scikit.py SCIKIT_COMPARE [CACHE]

The same IsolationForest (100 trees of 256 rows, 11 features), the same 20,000 rows, one thread, in one
run: scikit-learn's score_samples and millstream's, in a batch and one row at a time. scikit-learn comes
from PyPI into a virtual environment in the cache (default: ~/.cache/millstream) when it isn't there.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(__file__).resolve().parent.parent / "tools"
WANTED = "scikit-learn==1.5.2"
BATCH_GOAL, ONE_GOAL = 5, 50


def environment(cache):
    """The Python of a virtual environment with scikit-learn; made if it isn't there."""
    folder = cache / "venv-scikit"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", WANTED], check=True)
        (folder / "complete").write_text(WANTED)
    return python


def rate(rows, call, seconds=2.0):
    """Rows a second: the best of some calls, as others use the machine too."""
    import time
    best, end = 0, time.monotonic() + seconds
    while best == 0 or time.monotonic() < end:
        begin = time.perf_counter()
        call()
        best = max(best, rows / (time.perf_counter() - begin))
    return best


def measure(program):
    """Inside the environment."""
    import numpy
    from sklearn import __version__
    from sklearn.ensemble import IsolationForest
    sys.path.insert(0, str(TOOLS))
    from export_sklearn import export

    draw = numpy.random.default_rng(1)
    rows = draw.normal(size=(20_000, 11)).astype(numpy.float32)
    model = IsolationForest(n_estimators=100, max_samples=256, n_jobs=1, random_state=1).fit(rows)
    expected = model.score_samples(rows)
    batch = rate(len(rows), lambda: model.score_samples(rows))
    one = rate(20, lambda: [model.score_samples(rows[i:i + 1]) for i in range(20)])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "model.json").write_text(json.dumps(export(model)))
        rows.tofile(folder / "rows")
        expected.tofile(folder / "expected")
        result = subprocess.run([program, folder / "model.json", folder / "rows", folder / "expected"],
                                check=True, capture_output=True, text=True)
    ours = json.loads(result.stdout)
    print(f"{'rows a second, one thread':<28}{'scikit-learn ' + __version__:>20}{'millstream':>14}"
          f"{'times':>9}{'goal':>7}")
    for what, theirs, mine, goal in (("batch of 20,000", batch, ours["batch"], BATCH_GOAL),
                                     ("one at a time", one, ours["one"], ONE_GOAL)):
        print(f"{what:<28}{theirs:>20,.0f}{mine:>14,.0f}{mine / theirs:>9.1f}{goal:>7}")
    print(f"largest difference of a score: {ours['difference']:.2g}")
    return 0 if ours["difference"] < 1e-12 else 1


def main(program, cache=None):
    if os.environ.get("MILLSTREAM_SCIKIT") != "inside":
        python = environment(pathlib.Path(cache or pathlib.Path.home() / ".cache" / "millstream"))
        variables = {**os.environ, "MILLSTREAM_SCIKIT": "inside", "OMP_NUM_THREADS": "1"}
        return subprocess.run([str(python), __file__, program], env=variables).returncode
    return measure(program)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
