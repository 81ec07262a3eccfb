"""data/fetch-nab against a small NAB of its own, as a folder and from a server on loopback."""

import functools
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
GIVEN_NAB = DATA.parents[1] / "shared" / "NAB"

FILES = {
    "data/a/one.csv": "timestamp,value\n2014-04-01 00:00:00,1\n",
    "data/a/two.csv": "timestamp,value\n2014-04-01 00:00:00,2\n",
    "data/b/three.csv": "timestamp,value\n2014-04-01 00:00:00,3\n",
    "labels/combined_windows.json": json.dumps({"a/one.csv": [], "a/two.csv": [], "b/three.csv": []}),
}


class Server(http.server.ThreadingHTTPServer):
    """Serves a folder; breaks off in the middle of the files named in `broken`."""

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        self.broken = set()
        self.requests = []
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self.thread.start()

    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        name = self.path.lstrip("/")
        self.server.requests.append(name)
        if name not in self.server.broken:
            super().do_GET()
            return
        content = FILES[name].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class FetchNab(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.nab = self.root / "nab"
        self.target = self.root / "out" / "NAB"
        self.sums = self.root / "sums"
        for name, text in FILES.items():
            self.write(name, text)
        self.sums.write_text("# a comment\n" + "".join(
            f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in FILES.items()))

    def write(self, name, text):
        file = self.nab / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def fetch(self, *arguments, source=None, sums=None):
        return subprocess.run(
            [sys.executable, DATA / "fetch-nab", "--from", source or self.nab, "--to", self.target,
             "--sums", sums or self.sums, *arguments], capture_output=True, text=True, timeout=60,
            env={k: v for k, v in os.environ.items() if "proxy" not in k.lower()})

    def serve(self):
        server = Server(self.nab)
        self.addCleanup(server.close)
        return server

    def expect_whole(self, result):
        self.assertEqual(result.returncode, 0, result.stderr)
        for name, text in FILES.items():
            self.assertEqual((self.target / name).read_text(), text)
        self.expect_nothing_beside("NAB")

    def expect_failure(self, result, *words):
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertNotIn("Traceback", result.stderr)

    def expect_nothing_beside(self, *names):
        beside = os.listdir(self.target.parent) if self.target.parent.exists() else []
        self.assertEqual(sorted(beside), sorted(names))

    def test_copies_a_folder(self):
        self.expect_whole(self.fetch())

    def test_downloads_from_a_mirror(self):
        self.expect_whole(self.fetch(source=self.serve().url() + "/"))

    def test_asks_nothing_when_all_is_there(self):
        self.expect_whole(self.fetch())
        server = self.serve()
        result = self.fetch(source=server.url())
        self.expect_whole(result)
        self.assertIn("already", result.stdout)
        self.assertEqual(server.requests, [])

    def test_mends_a_damaged_folder(self):
        self.fetch()
        (self.target / "data/a/one.csv").write_text("damaged")
        self.expect_whole(self.fetch())

    def test_refuses_a_file_with_another_sum(self):
        self.write("data/a/two.csv", "something else\n")
        self.expect_failure(self.fetch("--partial"), "data/a/two.csv", "sha256")
        self.expect_nothing_beside()

    def test_names_the_missing_files(self):
        (self.nab / "data/b/three.csv").unlink()
        self.expect_failure(self.fetch(), "3 of 4", "data/b/three.csv", "--partial")
        self.expect_failure(self.fetch(source=self.serve().url()), "data/b/three.csv")
        self.expect_nothing_beside()

    def test_takes_part_of_the_files_when_told(self):
        (self.nab / "data/b/three.csv").unlink()
        self.write("labels/combined_windows.json", json.dumps({"a/one.csv": [], "a/two.csv": []}))
        result = self.fetch("--partial")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("data/b/three.csv", result.stdout)
        self.assertTrue((self.target / "data/a/one.csv").is_file())

    def test_completes_a_partial_folder(self):
        (self.nab / "data/b/three.csv").unlink()
        self.fetch("--partial")
        self.write("data/b/three.csv", FILES["data/b/three.csv"])
        self.expect_whole(self.fetch())

    def test_refuses_labels_of_unknown_series(self):
        self.write("labels/combined_windows.json", json.dumps({"a/other.csv": []}))
        self.expect_failure(self.fetch("--partial"), "labels/combined_windows.json")

    def test_names_an_unreachable_server(self):
        result = self.fetch(source=f"http://127.0.0.1:{free_port()}")
        self.expect_failure(result, "can't be reached", "--from")
        self.expect_nothing_beside()

    def test_gives_up_on_a_silent_server(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            result = self.fetch("--timeout", "0.3",
                                source=f"http://127.0.0.1:{silent.getsockname()[1]}")
        self.expect_failure(result, "can't be reached")

    def test_leaves_nothing_of_a_download_that_breaks_off(self):
        server = self.serve()
        server.broken.add("data/a/two.csv")
        self.expect_failure(self.fetch(source=server.url()), "data/a/two.csv", "middle of the file")
        self.expect_nothing_beside()

    def test_keeps_the_old_folder_when_it_fails(self):
        self.fetch()
        (self.target / "data/a/one.csv").write_text("mine")
        (self.nab / "data/a/one.csv").unlink()
        self.expect_failure(self.fetch())
        self.assertEqual((self.target / "data/a/one.csv").read_text(), "mine")

    def test_removes_what_a_killed_run_left(self):
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        left = self.target.parent / f".NAB-{gone.pid}"
        left.mkdir(parents=True)
        self.expect_whole(self.fetch())

    def test_refuses_a_folder_that_is_no_nab(self):
        shutil.rmtree(self.nab)
        self.expect_failure(self.fetch(), "no copy of NAB")

    @unittest.skipUnless(GIVEN_NAB.is_dir(), "no copy of NAB beside the project")
    def test_takes_the_given_part_of_the_real_nab(self):
        refused = self.fetch(source=GIVEN_NAB, sums=DATA / "nab.sha256")
        self.expect_failure(refused, "missing: ", "nyc_taxi.csv")
        taken = self.fetch("--partial", source=GIVEN_NAB, sums=DATA / "nab.sha256")
        self.assertEqual(taken.returncode, 0, taken.stderr)
        self.assertEqual(len(list(self.target.glob("data/*/*.csv"))), 39)


if __name__ == "__main__":
    unittest.main()
