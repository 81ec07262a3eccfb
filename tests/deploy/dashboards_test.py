#!/usr/bin/env python3
"""The Grafana dashboards by the rules of grafana/dashboard-linter, and a few of our own.

Where a rule isn't kept on purpose, EXCEPTIONS says why.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import dashboards  # noqa: E402

ALL = dashboards.load()
DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
# Alerts are of a job; whether they name an instance depends on the rule.
EXCEPTIONS = {"Alerts of Prometheus": "instance"}


def variables(dashboard):
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def selectors(query):
    """The label matchers of each metric of a query, by metric."""
    return re.findall(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}", query)


class Dashboards(unittest.TestCase):
    def test_are_three_that_know_each_other(self):
        self.assertEqual(sorted(ALL), ["alerts.json", "anomalies.json", "streams.json"])
        self.assertEqual(len({one["uid"] for one in ALL.values()}), 3)
        for one in ALL.values():
            self.assertIn("millstream", one["tags"])
            self.assertEqual([link["tags"] for link in one["links"]], [["millstream"]])

    def test_are_provisioned_not_edited(self):
        for one in ALL.values():
            self.assertIs(one["editable"], False)
            self.assertNotIn("id", one)  # Grafana's own, different everywhere
            self.assertTrue(one["title"] and one["description"])

    def test_have_data_source_job_and_instance(self):
        for one in ALL.values():
            found = variables(one)
            self.assertEqual(found["datasource"]["type"], "datasource")
            self.assertEqual(found["datasource"]["query"], "prometheus")
            for name in ("job", "instance"):
                variable = found[name]
                self.assertEqual(variable["type"], "query")
                self.assertEqual(variable["datasource"], DATA_SOURCE)
                self.assertTrue(variable["multi"] and variable["includeAll"])
                self.assertEqual(variable["allValue"], ".+")
                self.assertEqual(variable["refresh"], 2)  # when the time range changes
                self.assertEqual(variable["label"].lower(), name)

    def test_panels_have_title_description_unit_and_data_source(self):
        for name, one in ALL.items():
            for panel in dashboards.panels(one):
                with self.subTest(name, panel=panel["title"]):
                    self.assertTrue(panel["title"].strip())
                    self.assertTrue(panel["description"].strip().endswith("."))
                    self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                    self.assertEqual(panel["datasource"], DATA_SOURCE)
                    self.assertTrue(panel["targets"])
                    for target in panel["targets"]:
                        self.assertEqual(target["datasource"], DATA_SOURCE)

    def test_titles_and_ids_are_unique(self):
        for one in ALL.values():
            titles = [panel["title"] for panel in dashboards.panels(one)]
            self.assertEqual(sorted(titles), sorted(set(titles)))
            ids = [panel["id"] for panel in one["panels"]]
            self.assertEqual(sorted(ids), sorted(set(ids)))

    def test_panels_fill_the_grid_without_overlap(self):
        for name, one in ALL.items():
            taken = {}
            for panel in one["panels"]:
                place = panel["gridPos"]
                self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
                for x in range(place["x"], place["x"] + place["w"]):
                    for y in range(place["y"], place["y"] + place["h"]):
                        self.assertNotIn((x, y), taken, f"{name}: {panel['title']} lies on {taken.get((x, y))}")
                        taken[x, y] = panel["title"]

    def test_every_query_selects_by_job_and_instance(self):
        for one in ALL.values():
            for title, query in dashboards.queries(one):
                found = selectors(query)
                self.assertTrue(found, f"{title}: {query}")
                for metric, labels in found:
                    with self.subTest(title, metric=metric):
                        self.assertIn('job=~"$job"', labels)
                        if EXCEPTIONS.get(title) != "instance":
                            self.assertIn('instance=~"$instance"', labels)

    def test_counters_are_rated_over_the_interval_of_the_panel(self):
        for one in ALL.values():
            for title, query in dashboards.queries(one):
                for span in re.findall(r"\[([^\]]*)\]", query):
                    self.assertIn(span, ("$__rate_interval", "$__range"), f"{title}: {query}")
                for metric in re.findall(r"\b(\w+(?:_total|_bucket|_sum|_count))\{", query):
                    self.assertRegex(query, rf"(rate|increase)\({metric}\{{", title)

    def test_every_query_is_promql(self):
        rules = ["groups:", "- name: panels", "  rules:"]
        for one in ALL.values():
            for _, query in dashboards.queries(one):
                filled = dashboards.filled_in(query).replace("'", "''")
                rules += ["  - record: panel", f"    expr: '{filled}'"]
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write("\n".join(rules) + "\n")
            file.flush()
            result = subprocess.run(["promtool", "check", "rules", "--lint=none", file.name],
                                    capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


if __name__ == "__main__":
    unittest.main()
