"""What one sees of the service from outside, over HTTP, in Prometheus, in a browser: shared by the tests that
look."""

import json
import urllib.error
import urllib.parse
import urllib.request

import dashboards
from program import wait_until


def get(url, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        return answer.read().decode()


def status_of(url, token=None):
    """The HTTP status; None: nobody answers."""
    try:
        get(url, token)
        return 200
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def query(prometheus, expression):
    """What Prometheus says now."""
    url = prometheus.url + "/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    answer = json.loads(get(url))
    assert answer["status"] == "success", expression
    return answer["data"]["result"]


def check_every_panel(prometheus, **variables):
    """Each query of each dashboard finds a series, and no share or latency is a hole: how many there are."""
    asked = 0
    for name, dashboard in dashboards.load().items():
        for title, expression in dashboards.queries(dashboard):
            filled = dashboards.filled_in(expression, **variables)
            found = wait_until(lambda q=filled: query(prometheus, q), f"{name}, {title}: {filled}", 20)
            holes = [one for one in found if one["value"][1] == "NaN"]
            assert not holes or "histogram" in expression, f"{name}, {title}: {filled}: {found}"
            asked += 1
    assert asked > 50, asked
    return asked


def firing(prometheus):
    """The names of the alerts that Prometheus tells."""
    return {one["metric"]["alertname"] for one in query(prometheus, 'ALERTS{alertstate="firing"}')}


def open_login(page, url):
    """Open the live page of a service that wants its token."""
    page.open(url)
    page.wait_for("document.body && !document.getElementById('login').hidden")


def log_in(page, token):
    page.evaluate(f"document.getElementById('token').value = {json.dumps(token)};"
                  "document.getElementById('login').requestSubmit()")
    page.wait_for("document.body.dataset.link === 'live'")
