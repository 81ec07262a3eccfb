"""tools/check_layers.py against small trees, each with one fault."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check_layers.py"

LAYERS = """
roots = ["framework", "state"]
system = ["unistd.h", "sys/"]
[components.core]
path = "framework/core"
[components.serdes]
path = "framework/serdes"
uses = ["core"]
third_party = ["nlohmann/", "google/protobuf/"]
public_third_party = { "millstream/serdes/json.h" = ["nlohmann/"] }
[components.state]
path = "state"
uses = ["core"]
third_party = ["rocksdb/"]
"""

SOUND = {
    "framework/core/include/millstream/core/ids.h": "#include <cstdint>\n#include <stddef.h>\n",
    "framework/core/src/ids.cc": "#include <millstream/core/ids.h>\n",
    "framework/serdes/include/millstream/serdes/json.h": "#include <nlohmann/json.hpp>\n",
    "framework/serdes/src/proto.cc": '#include "message.pb.h"\n',
    "state/CMakeLists.txt": "millstream_component(state USES core PRIVATE rocksdb)\n",
    "state/include/millstream/state/store.h": "#include <millstream/core/ids.h>\n",
    "state/src/store.h": "#include <rocksdb/db.h>\n#include <unistd.h>\n",
    "state/src/store.cc": '#include "store.h"\n#include <millstream/state/store.h>\n',
}


class CheckLayers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("tools/layers.toml", LAYERS)
        for name, text in SOUND.items():
            self.write(name, text)

    def write(self, name, text):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def check(self):
        return subprocess.run([sys.executable, TOOL, "--root", self.root],
                              capture_output=True, text=True, timeout=30)

    def expect_fault(self, where, what):
        result = self.check()
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        lines = [line for line in result.stdout.splitlines() if line.startswith(where)]
        self.assertEqual(len(lines), 1, result.stdout)
        self.assertIn(what, lines[0])

    def test_accepts_a_sound_tree(self):
        result = self.check()
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        self.assertIn("as declared", result.stdout)

    def test_finds_an_upward_include(self):
        self.write("framework/core/src/up.cc", "\n#include <millstream/state/store.h>\n")
        self.expect_fault("framework/core/src/up.cc:2:", "core may not use state")

    def test_finds_the_cycle_that_an_undeclared_edge_closes(self):
        self.write("framework/core/src/up.cc", "#include <millstream/state/store.h>\n")
        self.expect_fault("layers:", "cycle: core -> state -> core")

    def test_finds_a_declared_cycle(self):
        self.write("tools/layers.toml", LAYERS.replace('path = "framework/core"',
                                                       'path = "framework/core"\nuses = ["state"]'))
        self.expect_fault("layers:", "cycle")

    def test_finds_a_third_party_header_in_a_public_one(self):
        self.write("state/include/millstream/state/bad.h", "#include <rocksdb/db.h>\n")
        self.expect_fault("state/include/millstream/state/bad.h:1:", "third-party header <rocksdb/db.h>")

    def test_finds_a_system_header_in_a_public_one(self):
        self.write("state/include/millstream/state/bad.h", "#include <sys/mman.h>\n")
        self.expect_fault("state/include/millstream/state/bad.h:1:", "system header <sys/mman.h>")

    def test_allows_an_exception_only_to_its_header(self):
        self.write("framework/serdes/include/millstream/serdes/other.h",
                   "#include <nlohmann/json.hpp>\n")
        self.expect_fault("framework/serdes/include/millstream/serdes/other.h:1:", "third-party")

    def test_finds_a_generated_protobuf_header_in_a_public_one(self):
        self.write("framework/serdes/include/millstream/serdes/bad.h", '#include "message.pb.h"\n')
        self.expect_fault("framework/serdes/include/millstream/serdes/bad.h:1:", "third-party")

    def test_finds_a_private_header_in_a_public_one(self):
        self.write("state/include/millstream/state/bad.h", '#include "../../../src/store.h"\n')
        self.expect_fault("state/include/millstream/state/bad.h:1:", "private header")

    def test_finds_another_components_private_header(self):
        self.write("framework/core/src/reach.cc", '#include "../../../state/src/store.h"\n')
        self.expect_fault("framework/core/src/reach.cc:1:", "inside another component")

    def test_finds_an_undeclared_third_party_header(self):
        self.write("framework/core/src/bad.cc", "#include <fmt/core.h>\n")
        self.expect_fault("framework/core/src/bad.cc:1:", "core may not use <fmt/core.h>")

    def test_finds_an_unknown_quoted_header(self):
        self.write("state/src/bad.cc", '#include "nowhere.h"\n')
        self.expect_fault("state/src/bad.cc:1:", "is no private header")

    def test_finds_a_header_outside_its_components_folder(self):
        self.write("state/include/millstream/other/bad.h", "\n")
        self.expect_fault("state/include/millstream/other/bad.h:1:", "belongs into")

    def test_finds_a_source_in_no_component(self):
        self.write("framework/new/src/a.cc", "\n")
        self.expect_fault("framework/new/src/a.cc:1:", "belongs to no component")

    def test_finds_an_undeclared_component_in_cmake(self):
        self.write("state/CMakeLists.txt", "\nmillstream_component(state USES core serdes\n  PRIVATE x)\n")
        self.expect_fault("state/CMakeLists.txt:2:", "may not use serdes (USES)")

    def test_passes_over_comments(self):
        self.write("state/src/ok.cc", "// #include <fmt/core.h>\n/*\n#include <fmt/core.h>\n*/\n")
        self.assertEqual(self.check().returncode, 0)

    def test_refuses_an_unknown_name_in_the_declaration(self):
        self.write("tools/layers.toml", LAYERS.replace('uses = ["core"]', 'uses = ["cure"]'))
        result = self.check()
        self.assertEqual(result.returncode, 2)
        self.assertIn("cure", result.stderr)


if __name__ == "__main__":
    unittest.main()
