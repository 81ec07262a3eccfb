#!/usr/bin/env python3
"""What one sees of the running service: `anomaly run` with Redis under a real Prometheus and a real browser.

    observe_test.py PROGRAM [--screenshots FOLDER] [unittest's arguments]

One run of the service is looked at from all sides: API, events, metrics, every query of the dashboards, the
page in Chromium, the log.
"""

import json
import pathlib
import re
import subprocess
import sys
import time
import unittest
import urllib.request

import seen
from program import DEPLOY, SAMPLE, Program, settings, terminate, wait_until
from seen import get, status_of
from service import Prometheus, Redis
from service.base import free_port
from service.chromium import Chromium

BINARY = None
SCREENSHOTS = None
TOKEN = "a-token-that-is-long-enough"
RULES = sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))
LOGFMT = re.compile(r'time=\S+ level=(debug|info|warning|error) event=("[^"]+"|\S+)( [\w.]+=("(\\.|[^"\\])*"|[^ "]+))*')


# A restore is over before one could look: the page is told of one, and says what it shows then.
RESTORING = """(() => {
  const restore = {from: 0, position: 250, end: 1000, remaining: 750};
  const task = {task: '0_0', state: 'restoring', sources: [], records: 0, commits: 0,
                stores: [{name: 'features', entries: 0, restore}]};
  take.threads([{name: 'x-StreamThread-1', state: 'PARTITIONS_ASSIGNED', tasks: [task]}]);
  take.status({...model.status, state: 'REBALANCING', restore_remaining: 750});
  return [document.querySelector('#state b').textContent,
          document.querySelector('#banner-bar i').style.width,
          document.querySelector('#tasks .bar + .small').textContent];
})()"""


class Run(Program):
    """`anomaly run` on the sample, again and again, at a rate that leaves the machine some air."""

    def __init__(self, port, **more):
        super().__init__(BINARY)
        self.url = f"http://127.0.0.1:{port}"
        self.settings = {"http.port": port, "mail.directory": "mails", "alert.group_wait": "1s",
                         "alert.group_interval": "1s", "alert.max_per_hour": "1000", **more}

    def __enter__(self):
        super().__enter__()
        self.run("train", "--data", SAMPLE, "--model", "m.model")
        return self

    def start_it(self):
        self.process = self.start("run", "run", "--model", "m.model", "--data", SAMPLE, "--loop",
                                  "--rate", "4000", *settings(self.settings))
        return self

    def api(self, path):
        return json.loads(get(f"{self.url}/api/v1/{path}"))

    def wait_until_ready(self):
        wait_until(lambda: status_of(self.url + "/readyz") == 200, "ready")


class Observed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.redis = cls.enterClassContext(Redis())
        cls.prometheus = cls.enterClassContext(Prometheus(rules=RULES))
        cls.run_ = cls.enterClassContext(Run(free_port(), **{"redis.url": cls.redis.environment()["REDIS_URL"]}))
        cls.prometheus.scrape(cls.run_.url.removeprefix("http://"))
        cls.run_.start_it().wait_until_ready()
        wait_until(lambda: cls.run_.api("status")["totals"]["mails_sent"] > 0, "a mail went out")

    # ---- The API --------------------------------------------------------------------------------

    def test_status_says_what_runs(self):
        status = self.run_.api("status")
        self.assertEqual(status["state"], "RUNNING")
        self.assertEqual(status["phase"], "running")
        self.assertEqual(status["services"][:1], ["detect"])
        self.assertEqual(len(status["model"]["version"]), 16)
        self.assertGreater(status["model"]["trained_at_ms"], (time.time() - 3600) * 1000)
        self.assertGreater(status["totals"]["events_scored"], 1000)
        self.assertEqual(status["totals"]["aborts"], 0)
        self.assertGreater(status["latency"]["end_to_end"]["p50"], 0)

    def test_tasks_move_on(self):
        def done():
            return sum(source["committed"] for thread in self.run_.api("threads")
                       for task in thread["tasks"] for source in task["sources"])
        before = done()
        wait_until(lambda: done() > before + 2000, "offsets are committed")
        tasks = [task for thread in self.run_.api("threads") for task in thread["tasks"]]
        self.assertEqual(sorted(task["task"] for task in tasks), ["0_0", "0_1", "0_2", "0_3"])
        features = [store["entries"] for task in tasks for store in task["stores"]
                    if store["name"] == "features"]
        self.assertEqual(sum(features), len(list(SAMPLE.glob("data/*/*.csv"))))

    def test_rates_of_edges_agree_with_the_throughput(self):
        wait_until(lambda: self.run_.api("rates")["sources"].get("metrics", 0) > 1000, "records flow")
        nodes = {node["name"] for group in self.run_.api("topology")["subtopologies"]
                 for node in group["nodes"]}
        rates = self.run_.api("rates")
        for start, end, _ in rates["edges"]:
            self.assertLessEqual({start, end}, nodes)
        edges = {(start, end): rate for start, end, rate in rates["edges"]}
        self.assertAlmostEqual(edges["metrics", "score"], rates["sources"]["metrics"], delta=1)
        self.assertAlmostEqual(edges["score", "scores"], edges["score", "anomalous"], delta=1)
        self.assertLess(edges["anomalous", "anomalies"], edges["score", "anomalous"])

    def test_history_has_a_row_a_second(self):
        history = self.run_.api("history")
        times = [row[history["fields"].index("time_ms")] for row in history["samples"]]
        self.assertGreater(len(times), 2)
        for before, after in zip(times, times[1:]):
            self.assertGreater(after, before)

    def test_anomalies_have_points_scores_and_their_fate(self):
        mailed = wait_until(lambda: [one for one in self.run_.api("anomalies?limit=200")
                                     if one["fate"] == "mailed"], "an anomaly was mailed")
        for one in self.run_.api("anomalies?limit=200"):
            self.assertGreater(one["peak_score"], one["threshold"])
            self.assertIn(one["fate"], ("open", "alerted", "mailed"))
        self.assertGreater(max(len(one["points"]) for one in mailed), 20)
        series = mailed[0]["series"]
        self.assertEqual({one["series"] for one in self.run_.api(f"anomalies?series={series}")}, {series})
        self.assertIn(series, self.run_.api("series"))
        self.assertGreater(len(self.run_.api("series/" + series)["points"]), 20)
        alerts = {alert["id"] for alert in self.run_.api("alerts?limit=200")}
        self.assertTrue(alerts)

    def test_what_is_not_there_is_404_and_limits_hold(self):
        self.assertEqual(status_of(self.run_.url + "/api/v1/series/nobody"), 404)
        self.assertEqual(status_of(self.run_.url + "/api/v1/nothing"), 404)
        self.assertLessEqual(len(self.run_.api("anomalies?limit=3")), 3)
        self.assertLessEqual(len(self.run_.api("anomalies?limit=999999")), 200)
        self.assertEqual(self.run_.api("anomalies?limit=0"), [])

    def test_events_come_every_second(self):
        with urllib.request.urlopen(self.run_.url + "/api/v1/events", timeout=10) as stream:
            names = []
            deadline = time.monotonic() + 20
            while names.count("status") < 3 and time.monotonic() < deadline:
                line = stream.readline().decode()
                if line.startswith("event: "):
                    names.append(line[7:].strip())
                if line.startswith("data: "):
                    json.loads(line[6:])
        self.assertEqual(names.count("status"), 3)
        self.assertLessEqual({"threads", "rates"}, set(names))

    # ---- Prometheus and Grafana -----------------------------------------------------------------

    def test_metrics_keep_the_conventions(self):
        metrics = get(self.run_.url + "/metrics")
        result = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True,
                                text=True)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))
        for name in ("events_processed_total", "anomalies_detected_total", "score_cache_hits_total",
                     "millstream_end_to_end_seconds_bucket", "process_resident_memory_bytes"):
            self.assertIn("\n" + name, metrics)

    def test_every_query_of_every_panel_finds_a_series(self):
        wait_until(lambda: seen.query(self.prometheus, "count_over_time(up[1m]) > 30"),
                   "Prometheus has scraped a while")
        seen.check_every_panel(self.prometheus, job="millstream")

    def test_variables_of_the_dashboards_find_this_instance(self):
        url = self.prometheus.url + "/api/v1/label/instance/values?match[]=millstream_build_info"
        self.assertEqual(json.loads(get(url))["data"], [self.run_.url.removeprefix("http://")])

    def test_no_alert_fires_on_a_healthy_service(self):
        # Data replayed 4,000 records a second has many anomalies in five minutes.
        self.assertLessEqual(seen.firing(self.prometheus), {"AnomalyBurst"})

    # ---- The log --------------------------------------------------------------------------------

    def test_log_is_logfmt_one_event_a_line(self):
        lines = self.run_.log("run").splitlines()
        self.assertGreater(len(lines), 5)
        for line in lines:
            self.assertRegex(line, f"^{LOGFMT.pattern}$")

    # ---- The page -------------------------------------------------------------------------------

    def test_page_is_one_document_that_asks_nobody_else(self):
        page = get(self.run_.url + "/")
        self.assertLess(len(page), 150_000)
        outside = [url for url in re.findall(r"https?://[^\s\"'<>)]+", page)
                   if not url.startswith("http://www.w3.org/")]
        self.assertEqual(outside, [])

    @unittest.skipUnless(Chromium.is_installed(), "Chromium isn't installed")
    def test_page_shows_it_all(self):
        with Chromium() as page:
            page.open(self.run_.url)
            page.wait_for("document.body?.dataset.link === 'live'")
            page.wait_for("document.querySelectorAll('.incident .spark path.value').length >= 5")
            page.wait_for("document.querySelectorAll('#tasks tbody tr').length === 4")
            page.wait_for("parseFloat(document.getElementById('throughput').textContent) > 0")
            page.wait_for("document.querySelectorAll('.topology .edge.live').length >= 4")
            page.wait_for("[...document.querySelectorAll('.fate')].some(f => f.dataset.fate !== 'open')")
            self.assertEqual(page.text("#state").strip(), "RUNNING")
            self.assertTrue(page.evaluate("document.getElementById('banner').hidden"))
            self.assertIn("features", page.evaluate("document.getElementById('topology').textContent"))
            rate = page.evaluate("document.querySelector('.topology .rate.live').textContent")
            self.assertRegex(rate, r"^[\d.,]+( [kM])?/s$")
            # What it shows is what the API says.
            shown = page.evaluate("[...document.querySelectorAll('#tasks tbody tr')].map(r => r.dataset.task)")
            self.assertEqual(shown, ["0_0", "0_1", "0_2", "0_3"])
            self.assertTrue(page.evaluate("model.samples.length > 2"))
            # It goes on by itself.
            before = page.evaluate("model.status.totals.events_scored")
            page.wait_for(f"model.status.totals.events_scored > {before + 3000}")
            self.assertFalse(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
            self.look(page, "page")
            page.use_dark(True)
            background = page.evaluate("getComputedStyle(document.body).backgroundColor")
            self.assertLess(sum(map(int, re.findall(r"\d+", background)[:3])), 120)
            self.look(page, "page-dark")
            page.resize(420, 900)
            self.assertFalse(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
            self.look(page, "page-narrow")
            self.assertEqual(page.evaluate(RESTORING), ["RESTORING", "25%", "restoring, 750 to go"])
            self.assertEqual(page.faults, [])

    @staticmethod
    def look(page, name):
        if SCREENSHOTS:
            page.screenshot(pathlib.Path(SCREENSHOTS) / f"{name}.png", whole=True)


class Untouched(unittest.TestCase):
    """The same service where something is missing."""

    @unittest.skipUnless(Chromium.is_installed(), "Chromium isn't installed")
    def test_page_says_when_the_service_is_gone_and_comes_back_with_it(self):
        with Run(free_port()) as run, Chromium() as page:
            process = run.start_it().process
            run.wait_until_ready()
            page.open(run.url)
            page.wait_for("document.body?.dataset.link === 'live'")
            page.wait_for("model.status.totals.events_scored > 0")
            self.assertEqual(terminate(process), 0)
            page.wait_for("document.body.dataset.link === 'down'")
            self.assertIn("No connection", page.text("#banner"))
            Observed.look(page, "page-down")
            run.start_it().wait_until_ready()
            page.wait_for("document.body.dataset.link === 'live'")
            page.wait_for("document.getElementById('banner').hidden")
            # What an earlier process found is there again: it is in the topics.
            page.wait_for("document.querySelectorAll('.incident').length > 0")
            self.assertEqual(page.faults, [])

    @unittest.skipUnless(Chromium.is_installed(), "Chromium isn't installed")
    def test_with_a_token_only_the_page_and_health_are_open(self):
        with Run(free_port(), **{"http.token": TOKEN}) as run, Chromium() as page:
            run.start_it().wait_until_ready()
            for path in ("/api/v1/status", "/api/v1/events", "/metrics"):
                self.assertEqual(status_of(run.url + path), 401, path)
            self.assertEqual(status_of(run.url + "/livez"), 200)
            self.assertEqual(status_of(run.url + "/api/v1/status", TOKEN), 200)
            seen.open_login(page, run.url)
            Observed.look(page, "page-login")
            seen.log_in(page, TOKEN)
            page.wait_for("model.status.totals.events_scored > 0")
            self.assertEqual(page.faults, [])
            self.assertNotIn(TOKEN, run.log("run"))

    def test_no_password_gets_into_the_log(self):
        nobody = free_port()
        secrets = {"redis.url": f"redis://me:secret-one@127.0.0.1:{nobody}",
                   "smtp.url": f"smtp://127.0.0.1:{nobody}", "smtp.user": "me",
                   "smtp.password": "secret-two", "smtp.from": "a@example.org",
                   "smtp.to": "b@example.org", "log.level": "debug"}
        with Run(free_port(), **secrets) as run:
            run.start_it()
            run.wait_for_log("run", "alert mail not sent")
            run.wait_for_log("run", "redis sink waits")
            said = run.log("run") + get(run.url + "/api/v1/status") + get(run.url + "/metrics")
            self.assertNotIn("secret", said)
            for line in run.log("run").splitlines():
                self.assertRegex(line, f"^{LOGFMT.pattern}$")

    @unittest.skipUnless(Chromium.is_installed(), "Chromium isn't installed")
    def test_without_a_broker_the_page_says_what_it_waits_for(self):
        port, nobody = free_port(), free_port()
        with Run(port) as run, Chromium() as page:
            run.start("detect", "detect", "--model", "m.model", *settings(
                {"http.port": port, "bootstrap.servers": f"127.0.0.1:{nobody}", "state.dir": "state",
                 "sasl.password": "do-not-tell"}))
            wait_until(lambda: status_of(run.url + "/livez") == 200, "it lives")
            page.open(run.url)
            page.wait_for("document.body?.dataset.link === 'live'")
            page.wait_for("document.getElementById('banner').innerText.includes('broker')")
            self.assertEqual(status_of(run.url + "/readyz"), 503)
            self.assertIn("The topology comes", page.text("#topology"))
            self.assertIn("No tasks here yet", page.text("#tasks-card"))
            Observed.look(page, "page-empty")
            self.assertEqual(page.faults, [])
            wait_until(lambda: "answer" in run.log("detect"), "it says so")
            for line in run.log("detect").splitlines():
                self.assertRegex(line, f"^{LOGFMT.pattern}$")
            self.assertNotIn("do-not-tell", run.log("detect") + get(run.url + "/api/v1/status"))


if __name__ == "__main__":
    BINARY = pathlib.Path(sys.argv.pop(1)).resolve()
    if "--screenshots" in sys.argv:
        at = sys.argv.index("--screenshots")
        SCREENSHOTS = sys.argv[at + 1]
        del sys.argv[at:at + 2]
    unittest.main()
