"""The Grafana dashboards as data: what the tests of panels, of queries and of the schema share."""

import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "grafana" / "dashboards"


def load():
    """The dashboards by file name."""
    return {path.name: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def panels(dashboard):
    """All panels but rows, those in collapsed rows included."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels", [])
        else:
            yield panel


def queries(dashboard):
    """(title of the panel, PromQL) of every target."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def filled_in(query, job=".+", instance=".+", interval="10s", span="5m"):
    """The query as Grafana sends it, with its variables replaced."""
    for name, value in {"$__rate_interval": interval, "$__range": span, "$job": job,
                        "$instance": instance}.items():
        query = query.replace(name, value)
    assert "$" not in query, f"a variable that nobody knows: {query}"
    return query
