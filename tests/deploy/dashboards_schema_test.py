#!/usr/bin/env python3
"""The Grafana dashboards against the types of Grafana itself: @grafana/schema, checked by TypeScript.

Every dashboard, every panel's options and its fields' options are compiled as the types that Grafana's own
code has for them; a name that Grafana doesn't know is an error, a missing one too. The packages are
installed once, into the cache. Exit status 77: node or the npm registry can't be had here.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1] / "integration"))
sys.path.insert(0, str(HERE.parents[1] / "support"))
import dashboards  # noqa: E402
from service.base import cache_folder, made_once  # noqa: E402

SCHEMA = "11.1.0"
TYPESCRIPT = "5.4.5"
SKIPPED = 77
PANELS = {"timeseries": "TimeSeries", "stat": "Stat", "heatmap": "Heatmap"}

HEAD = """\
import type {{ Dashboard }} from '{schema}/raw/dashboard/x/dashboard_types.gen';
{imports}
// The texts of an enumeration instead of the enumeration: JSON has nothing else.
type Loose<T> =
  T extends string ? `${{T}}` :
  T extends number ? number :
  T extends boolean | null | undefined ? T :
  T extends Array<infer E> ? Array<Loose<E>> :
  T extends object ? {{ [K in keyof T]: Loose<T[K]> }} : T;
"""


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def install():
    """The folder with node_modules."""
    if not shutil.which("npm"):
        skip("npm isn't installed")
    folder = cache_folder() / f"grafana-schema-{SCHEMA}-{TYPESCRIPT}"
    try:
        with made_once(folder) as fresh:
            if fresh:
                subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
                                f"@grafana/schema@{SCHEMA}", f"typescript@{TYPESCRIPT}"],
                               cwd=fresh, check=True, capture_output=True, text=True, timeout=120)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        skip("npm can't install @grafana/schema: no network?")
    return folder


def source():
    schema = "@grafana/schema/dist/esm"
    imports = []
    for kind, name in PANELS.items():
        imports.append(f"import type {{ Options as {name} }} from "
                       f"'{schema}/raw/composable/{kind}/panelcfg/x/{name}PanelCfg_types.gen';")
    for kind in ("timeseries", "heatmap"):
        name = PANELS[kind]
        imports.append(f"import type {{ FieldConfig as {name}Field }} from "
                       f"'{schema}/raw/composable/{kind}/panelcfg/x/{name}PanelCfg_types.gen';")
    lines = [HEAD.format(schema=schema, imports="\n".join(imports))]
    for name, dashboard in dashboards.load().items():
        lines.append(f"// {name}\n({json.dumps(dashboard)}) satisfies Loose<Dashboard>;")
        for panel in dashboards.panels(dashboard):
            kind = PANELS[panel["type"]]
            lines.append(f"// {name}: {panel['title']}\n"
                         f"({json.dumps(panel['options'])}) satisfies Loose<{kind}>;")
            if "custom" in panel["fieldConfig"]["defaults"]:
                lines.append(f"({json.dumps(panel['fieldConfig']['defaults']['custom'])}) "
                             f"satisfies Loose<{kind}Field>;")
    return "\n".join(lines) + "\n"


def compile_all(texts, folder):
    """What TypeScript says of each text; nothing where all is well."""
    with tempfile.TemporaryDirectory(prefix="millstream-dashboards-") as at:
        at = pathlib.Path(at)
        (at / "node_modules").symlink_to(folder / "node_modules")
        names = [f"text{number}.ts" for number in range(len(texts))]
        for name, text in zip(names, texts):
            (at / name).write_text(text + "export {};\n")
        result = subprocess.run(
            [folder / "node_modules" / ".bin" / "tsc", "--noEmit", "--strict", "--skipLibCheck",
             "--module", "esnext", "--moduleResolution", "bundler", "--target", "es2022", *names],
            cwd=at, capture_output=True, text=True, timeout=240)
    lines = result.stdout.splitlines()
    return ["\n".join(line for line in lines if line.startswith(name)) for name in names]


def main():
    folder = install()
    text = source()
    # The check itself is checked: it must not be blind.
    faults = (('"drawStyle": "line"', '"drawStyle": "lines"'), ('"type": "query"', '"type": "queries"'),
              ('"graphMode"', '"graphmode"'), ('"gridPos": {"h"', '"gridPos": {"height"'))
    said = compile_all([text] + [text.replace(good, bad) for good, bad in faults], folder)
    assert not said[0], said[0]
    for (good, bad), complaint in zip(faults, said[1:]):
        assert good in text, good
        assert complaint, f"{bad} isn't noticed"
    print(f"{text.count('satisfies')} objects have the types of Grafana {SCHEMA}")


if __name__ == "__main__":
    main()
