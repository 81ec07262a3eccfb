#!/usr/bin/env python3
"""Make the pictures of docs/images from a real run: python3 tools/pictures.py build/bin/anomaly build/bin/read_committed

Runs what docker-compose.yml runs (as tests/integration/service_test.py does) for some minutes, in which Redis, the
mail server and a detector are down for a while, and draws the live page, a mail and the dashboards. Grafana isn't
packaged for Debian: the panels are drawn by tools/dashboards.html from their JSON and from Prometheus' answers to
their queries.
"""

import argparse
import email
import email.policy
import html
import json
import pathlib
import re
import sys
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "integration"))
import dashboards  # noqa: E402
import seen  # noqa: E402
from deployment import ALERTER, DETECTORS, TOKEN, Deployment  # noqa: E402
from program import wait_until  # noqa: E402
from service.base import cache_folder, made_once, run_tool  # noqa: E402
from service.chromium import Chromium  # noqa: E402

PILLOW = "11.3.0"
COLORS = 224  # of a picture: enough for lines and text, and a third of the size
RATE = 600  # records a second
PARTS = 8  # of the run; the first is left out of the pictures
DASHBOARDS = [name.removesuffix(".json") for name in dashboards.load()]
STEP = 1  # seconds between two points
RATE_INTERVAL = "10s"
FRAME = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #fff; font: 14px/1.5 "DejaVu Sans", sans-serif; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 0 0 14px; padding: 14px 16px; background: #f1f3f4; }}
dt {{ color: #5f6368; }} dd {{ margin: 0; }}
</style><dl>{headers}</dl>{body}"""


def query_range(prometheus, expression, begin, end):
    url = prometheus.url + "/api/v1/query_range?" + urllib.parse.urlencode(
        {"query": expression, "start": begin, "end": end, "step": STEP})
    answer = json.loads(seen.get(url))
    assert answer["status"] == "success", expression
    return answer["data"]["result"]


def finite(text):
    value = float(text)
    return value if value - value == 0 else None


def name_of(series, legend):
    labels = series["metric"]
    if legend:
        return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda m: labels.get(m.group(1), ""), legend).strip() or "0"
    return json.dumps(labels)


def series_of(panel, ask, span):
    found = []
    for target in panel["targets"]:
        expression = dashboards.filled_in(target["expr"], job="anomaly", interval=RATE_INTERVAL, span=span)
        found += [{"name": name_of(one, target.get("legendFormat")), "labels": one["metric"],
                   "points": [[moment, finite(value)] for moment, value in one["values"]]}
                  for one in ask(expression)]
    return found


def mappings_of(defaults):
    """Value -> text."""
    return {value: shown["text"] for mapping in defaults.get("mappings", []) if mapping["type"] == "value"
            for value, shown in mapping["options"].items()}


def drawable(dashboard, ask, begin, end):
    """A dashboard with its answers, as dashboards.html takes it."""
    panels = []
    for panel in dashboard["panels"]:
        one = {key: panel[key] for key in ("type", "title", "gridPos")}
        if panel["type"] != "row":
            defaults = panel["fieldConfig"]["defaults"]
            one |= {"unit": defaults.get("unit"), "steps": defaults["thresholds"]["steps"],
                    "mappings": mappings_of(defaults),
                    "names": panel.get("options", {}).get("textMode") == "value_and_name",
                    "series": series_of(panel, ask, f"{round(end - begin)}s")}
        panels.append(one)
    return {"title": dashboard["title"], "panels": panels, "from": begin, "to": end, "step": STEP,
            "about": "drawn from Prometheus' answers"}


def open_text(page, folder, text):
    file = folder / "picture.html"
    file.write_text(text)
    page.open("about:blank")
    page.open(file.as_uri())


def draw_dashboards(deployment, page, out, begin, end):
    def ask(expression):
        return query_range(deployment.prometheus, expression, begin, end)
    template = (ROOT / "tools" / "dashboards.html").read_text()
    for name, dashboard in dashboards.load().items():
        data = json.dumps(drawable(dashboard, ask, begin, end)).replace("</", "<\\/")
        open_text(page, deployment.folder, template.replace("/*DASHBOARD*/null", data))
        page.wait_for(f"document.body?.dataset.drawn === 'yes' && document.title && {json.dumps(dashboard['title'])}"
                      " === document.querySelector('h1').textContent")
        page.resize(1280, 900)
        page.screenshot(out / f"dashboard-{name.removesuffix('.json')}.png", whole=True)


def alerts_in(message):
    return message.get_body(("plain",)).get_content().count("\n  how bad  ")


def draw_mail(deployment, page, out):
    """Of the mails with plots the one that is nearest to three alerts."""
    mails = [email.message_from_bytes(mail, policy=email.policy.default) for mail in deployment.smtp.mails()]
    mail = min(mails, key=lambda one: abs(alerts_in(one) - 3))
    headers = "".join(f"<dt>{name}</dt><dd>{html.escape(mail[name])}</dd>" for name in ("From", "To", "Subject"))
    page.resize(820, 400)
    open_text(page, deployment.folder,
              FRAME.format(headers=headers, body=mail.get_body(("html",)).get_content()))
    page.wait_for("!!document.querySelector('table')")
    page.screenshot(out / "mail.png", whole=True)


def draw_page(deployment, page, out):
    page.resize(1280, 900)
    seen.open_login(page, deployment.url(DETECTORS[1]))
    seen.log_in(page, TOKEN)
    page.wait_for("document.querySelectorAll('.incident .spark path.value').length >= 5")
    page.wait_for("model.samples.length > 60")
    page.wait_for("document.querySelectorAll('.topology .edge.live').length >= 4")
    page.screenshot(out / "page.png", whole=True)


def pillow():
    """Where Pillow is installed, from the cache or else by pip: makes the pictures small."""
    folder = cache_folder() / f"pillow-{PILLOW}-py{sys.version_info[0]}.{sys.version_info[1]}"
    with made_once(folder) as made:
        if made:
            run_tool([sys.executable, "-m", "venv", str(made)], "making a venv")
            run_tool([str(made / "bin" / "python"), "-m", "pip", "install", "-q", f"pillow=={PILLOW}"],
                     "installing Pillow")
    return next((folder / "lib").glob("python*/site-packages"))


def make_small(pictures):
    sys.path.append(str(pillow()))
    from PIL import Image
    for picture in pictures:
        with Image.open(picture) as image:
            small = image.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
        small.save(picture, optimize=True)
        print(f"{picture.stat().st_size // 1000:5} kB  {picture.name}")


def run_a_while(deployment, seconds):
    """The service at work: when the pictures begin."""
    deployment.train()
    detectors = [deployment.start("detector", name) for name in DETECTORS]
    deployment.start("alerter", ALERTER)
    deployment.start_producer(rate=RATE, loop=True)
    wait_until(lambda: deployment.smtp.mails(), "a mail")
    part = seconds / PARTS
    time.sleep(part)
    begin = int(time.time())
    for fault, end in ((lambda: deployment.redis.kill(), lambda: deployment.redis.restart()),
                       (lambda: deployment.smtp.kill(), lambda: deployment.smtp.restart()),
                       (lambda: detectors[0].kill(),
                        lambda: deployment.start("detector", DETECTORS[0]))):
        time.sleep(part)
        fault()
        time.sleep(part)
        end()
    time.sleep(part)
    return begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("anomaly")
    parser.add_argument("read_committed")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs" / "images")
    parser.add_argument("--seconds", type=float, default=240, help="how long the service runs; default: 240")
    given = parser.parse_args()
    out = given.out.resolve()
    with Deployment(given.anomaly, given.read_committed) as deployment, Chromium() as page:
        begin = run_a_while(deployment, given.seconds)
        draw_dashboards(deployment, page, out, begin, int(time.time()))
        draw_page(deployment, page, out)
        draw_mail(deployment, page, out)
    make_small([out / f"{name}.png" for name in ("page", "mail", *(f"dashboard-{one}" for one in DASHBOARDS))])


if __name__ == "__main__":
    main()
