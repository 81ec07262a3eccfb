"""Prometheus, scraping every 200 ms what a targets file names (or what `targets` names from the start); or by a
configuration of the caller's."""

import json
import urllib.request

from .base import Process, Service, free_port

START_SECONDS = 30
CONFIG = """\
global: {{ scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms }}
rule_files: {rules}
scrape_configs:
  - job_name: millstream
    file_sd_configs: [ {{ files: [ "{targets}" ], refresh_interval: 1s }} ]
"""


class Prometheus(Service):
    name = "prometheus"

    def __init__(self, targets=(), rules=(), config=None, files=None):
        """config: the whole of prometheus.yml; files: name -> text of what lies beside it."""
        super().__init__()
        self.config = config
        self.files = files or {}
        self.targets = list(targets)
        self.rules = [str(rule) for rule in rules]
        self.port = None
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def targets_file(self):
        return self.folder / "targets.json"

    def environment(self):
        return {"PROMETHEUS_URL": self.url, "PROMETHEUS_TARGETS_FILE": str(self.targets_file)}

    def scrape(self, *targets):
        """Scrape these from now on: "127.0.0.1:9100"."""
        made = self.targets_file.with_suffix(".new")
        made.write_text(json.dumps([{"targets": list(targets)}]))
        made.rename(self.targets_file)

    def is_ready(self):
        with urllib.request.urlopen(self.url + "/-/ready", timeout=2) as answer:
            return answer.status == 200

    def _start(self):
        self.port = free_port()
        self.scrape(*self.targets)
        config = self.folder / "prometheus.yml"
        config.write_text(self.config or CONFIG.format(rules=json.dumps(self.rules), targets=self.targets_file))
        for name, text in self.files.items():
            (self.folder / name).write_text(text)
        self.process = Process(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.folder / 'data'}",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            self.folder / "prometheus.log", self.folder)
        self.process.wait_ready(self.is_ready, START_SECONDS, "Prometheus")

    def _processes(self):
        return [self.process] if self.process else []
