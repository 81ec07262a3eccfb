#!/usr/bin/env python3
"""docker-compose.yml and the Dockerfile, by the real Compose and hadolint, and what people count on.

    compose_test.py ANOMALY
"""

import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
from service.deploy_tools import compose_config, deploy_tool  # noqa: E402

OURS = ("trainer", "detector", "producer", "alerter")
ALL = (*OURS, "kafka", "redis", "prometheus", "grafana")


def example_environment():
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        project, errors = compose_config(ROOT, example_environment())
        assert project, errors
        assert not errors, errors
        cls.services = project["services"]
        cls.project = project

    def test_has_the_seeds_services_and_no_zookeeper(self):
        self.assertCountEqual(self.services, ALL)

    def test_says_what_is_missing_without_an_env_file(self):
        project, errors = compose_config(ROOT, {})
        self.assertIsNone(project)
        self.assertIn("copy .env.example to .env", errors)

    def test_every_image_is_pinned(self):
        for name, service in self.services.items():
            self.assertRegex(service["image"], r":v?\d+\.\d+\.\d+(-\w+)?$", name)

    def test_whoever_is_needed_is_waited_for(self):
        needs = {name: {other: how["condition"] for other, how in
                        service.get("depends_on", {}).items()}
                 for name, service in self.services.items()}
        self.assertEqual(needs["detector"], {"kafka": "service_healthy", "redis": "service_healthy",
                                             "trainer": "service_completed_successfully"})
        self.assertEqual(needs["producer"], {"kafka": "service_healthy"})
        self.assertEqual(needs["alerter"], {"redis": "service_healthy"})
        for others in needs.values():
            for other, condition in others.items():
                if condition == "service_healthy":
                    self.assertIn("healthcheck", self.services[other], other)

    def test_our_containers_have_few_rights(self):
        for name in OURS:
            service = self.services[name]
            self.assertTrue(service["read_only"], name)
            self.assertEqual(service["cap_drop"], ["ALL"], name)
            self.assertNotIn("privileged", service, name)

    def test_the_detector_can_be_scaled(self):
        detector = self.services["detector"]
        self.assertNotIn("container_name", detector)
        self.assertNotIn("ports", detector, "two replicas can't publish one port")
        state, = [v for v in detector["volumes"] if v["target"] == "/var/lib/anomaly"]
        self.assertNotIn("source", state, "each replica needs a state directory of its own")

    def test_nothing_is_published_beyond_loopback(self):
        ports = [port for service in self.services.values() for port in service.get("ports", [])]
        self.assertEqual({port["host_ip"] for port in ports}, {"127.0.0.1"})

    def test_data_lies_in_named_volumes(self):
        self.assertLessEqual({"kafka", "redis", "model", "alerts", "prometheus", "grafana"},
                             set(self.project["volumes"]))

    def test_secrets_are_on_no_command_line(self):
        secret = example_environment()["REDIS_PASSWORD"]
        for name, service in self.services.items():
            self.assertNotIn(secret, str(service.get("command")), name)
            self.assertNotIn(secret, str(service.get("healthcheck")), name)

    def test_every_file_that_is_mounted_is_there(self):
        for service in self.services.values():
            for volume in service.get("volumes", []):
                if volume["type"] == "bind":
                    self.assertTrue(pathlib.Path(volume["source"]).exists(), volume["source"])


class Dockerfile(unittest.TestCase):
    text = (ROOT / "Dockerfile").read_text()

    def test_hadolint_has_nothing_to_say(self):
        result = subprocess.run([deploy_tool("hadolint"), "--failure-threshold", "style",
                                 ROOT / "Dockerfile"], capture_output=True, text=True)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.returncode, 0)

    def test_runs_as_nobody_special_without_build_tools(self):
        run_time = self.text.split("\nFROM ")[-1]
        self.assertRegex(run_time, r"\nUSER 1\d{4}\n")
        self.assertNotRegex(run_time, r"-dev\b|build-essential|cmake|git\b")
        self.assertNotRegex(self.text, r"(?i)\bARG\b.*(pass|token|secret)|\.env\b")

    def test_installs_the_libraries_that_the_program_links_and_no_others(self):
        libraries = re.findall(r"^\s+(lib\S+) \\$", self.text, re.MULTILINE)
        needed = set()
        for name in needed_libraries(self.binary):
            package = owner(name)
            if package and package not in PRESENT:
                needed.add(package)
        self.assertCountEqual(libraries, sorted(needed))

    def test_the_builds_context_holds_no_secrets(self):
        lines = (ROOT / ".dockerignore").read_text().splitlines()
        self.assertIn("*", lines, "what isn't named stays out")
        self.assertFalse([line for line in lines if line.startswith("!") and ".env" in line])

    def test_the_builds_context_holds_what_the_build_reads(self):
        wanted = {"CMakeLists.txt", "cmake", "framework", "topology", "operators", "state", "apps"}
        named = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines()
                 if line.startswith("!")}
        self.assertLessEqual(wanted, named)
        for line in named:
            self.assertTrue((ROOT / line).exists(), line)


PRESENT = {"libc6", "libgcc-s1", "libstdc++6"}  # Debian's slim image, or what any of ours depends on


def needed_libraries(binary):
    """The paths of the shared libraries that the program itself names."""
    dynamic = subprocess.run(["readelf", "-d", binary], capture_output=True, text=True,
                             check=True).stdout
    names = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
    resolved = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    return [path for name, path in re.findall(r"(\S+) => (\S+)", resolved) if name in names]


def owner(path):
    """The Debian package of a file, or None."""
    result = subprocess.run(["dpkg", "-S", pathlib.Path(path).resolve()], capture_output=True,
                            text=True)
    return result.stdout.split(":")[0] if result.returncode == 0 else None


if __name__ == "__main__":
    Dockerfile.binary = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
