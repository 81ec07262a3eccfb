#!/usr/bin/env python3
"""Checks that every #include in the components is one that tools/layers.toml declares.

usage: check_layers.py [--root DIR] [--layers FILE]

Prints a line `file:line: what is wrong` for each fault and exits 1 if there is any: an undeclared
edge between components, a cycle, a public header that includes a third-party, system or private
header, another component's private header, a source in no component. Exit status 2: the
declaration itself can't be read.
"""

import argparse
import dataclasses
import pathlib
import re
import sys
import tomllib

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
STANDARD = re.compile(r"^(c?[a-z0-9_]+|(assert|ctype|errno|float|inttypes|limits|locale|math|stddef"
                      r"|stdint|stdio|stdlib|string|time)\.h)$")
CMAKE_COMPONENT = re.compile(r"millstream_component\s*\(\s*(\w+)([^)]*)\)")
SOURCES = {".h", ".hpp", ".ipp", ".cc", ".cpp", ".cxx"}


@dataclasses.dataclass
class Component:
    name: str
    path: pathlib.Path
    uses: list
    third_party: list
    public_third_party: dict

    def include_root(self):
        return self.path / "include"


@dataclasses.dataclass
class Include:
    file: pathlib.Path
    line: int
    name: str
    quoted: bool


class BadDeclaration(Exception):
    pass


class Layers:
    """The declaration: components, in the order of the file."""

    def __init__(self, root, file):
        with open(file, "rb") as stream:
            table = tomllib.load(stream)
        self.root = root
        self.roots = table.get("roots", [])
        self.system = table.get("system", [])
        self.components = {name: self._component(name, entry)
                           for name, entry in table.get("components", {}).items()}
        self._check()

    def _component(self, name, entry):
        unknown = set(entry) - {"path", "uses", "third_party", "public_third_party"}
        if unknown or "path" not in entry:
            raise BadDeclaration(f"component {name}: " + (
                f"unknown key {sorted(unknown)[0]}" if unknown else "no path"))
        return Component(name, self.root / entry["path"], entry.get("uses", []),
                         entry.get("third_party", []), entry.get("public_third_party", {}))

    def _check(self):
        for component in self.components.values():
            for used in component.uses:
                if used not in self.components:
                    raise BadDeclaration(f"component {component.name} uses {used}, which isn't declared")

    def owner(self, file):
        return next((c for c in self.components.values() if file.is_relative_to(c.path)), None)

    def owner_of_public(self, name):
        """The component to which <name> belongs: the one that has it, else the one it names."""
        for component in self.components.values():
            if (component.include_root() / name).is_file():
                return component
        named = re.match(r"millstream/(\w+)/", name)
        return self.components.get(named[1]) if named else None


def find_cycle(edges):
    """A list of names that closes on itself, or None."""
    done, path = set(), []

    def visit(name):
        if name in path:
            return path[path.index(name):] + [name]
        if name in done:
            return None
        path.append(name)
        for used in sorted(edges.get(name, ())):
            if cycle := visit(used):
                return cycle
        path.pop()
        done.add(name)
        return None

    for name in sorted(edges):
        if cycle := visit(name):
            return cycle
    return None


def sources_below(folder):
    return sorted(f for f in folder.rglob("*") if f.suffix in SOURCES and f.is_file())


def includes_of(file):
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"),
                  file.read_text(encoding="utf-8", errors="replace"), flags=re.S)
    for number, line in enumerate(text.splitlines(), 1):
        if found := INCLUDE.match(line):
            yield Include(file, number, found[2], found[1] == '"')


def is_listed(name, prefixes):
    return any(name == p or (p.endswith("/") and name.startswith(p)) for p in prefixes)


class Check:
    def __init__(self, layers):
        self.layers = layers
        self.faults = []
        self.edges = {name: set(c.uses) for name, c in layers.components.items()}
        self.count = 0

    def run(self):
        for folder in self.layers.roots:
            for file in sources_below(self.layers.root / folder):
                self._check_file(file)
        for component in self.layers.components.values():
            self._check_cmake(component)
        if cycle := find_cycle(self.edges):
            self.faults.append("layers: the components form a cycle: " + " -> ".join(cycle))
        return self.faults

    def _fault(self, file, line, text):
        self.faults.append(f"{file.relative_to(self.layers.root)}:{line}: {text}")

    def _check_file(self, file):
        component = self.layers.owner(file)
        if component is None:
            self._fault(file, 1, "belongs to no component of layers.toml")
            return
        public = file.is_relative_to(component.include_root())
        if public and not file.is_relative_to(
                component.include_root() / "millstream" / component.name):
            self._fault(file, 1, f"a public header of {component.name} belongs into "
                        f"include/millstream/{component.name}/")
        for include in includes_of(file):
            self.count += 1
            self._check_include(component, public, include)

    def _check_include(self, component, public, include):
        if include.name.startswith("millstream/"):
            self._check_edge(component, include)
        elif include.quoted:
            self._check_quoted(component, public, include)
        elif not STANDARD.match(include.name):
            self._check_foreign(component, public, include)

    def _check_edge(self, component, include):
        used = self.layers.owner_of_public(include.name)
        if used is None:
            self._fault(include.file, include.line, f"{include.name} belongs to no component")
        elif used is not component and used.name not in component.uses:
            self.edges[component.name].add(used.name)
            self._fault(include.file, include.line,
                        f"{component.name} may not use {used.name} ({include.name})")

    def _check_quoted(self, component, public, include):
        target = self._resolve(component, include)
        if target is None and include.name.endswith(".pb.h"):
            self._check_foreign(component, public,
                                dataclasses.replace(include, name="google/protobuf/" + include.name))
        elif target is None:
            self._fault(include.file, include.line,
                        f'"{include.name}" is no private header of {component.name}; public and '
                        "third-party ones are included with <>")
        elif not target.is_relative_to(component.path):
            self._fault(include.file, include.line,
                        f'"{include.name}" is a header inside another component')
        elif public and not target.is_relative_to(component.include_root()):
            self._fault(include.file, include.line,
                        f'a public header includes the private header "{include.name}"')

    def _resolve(self, component, include):
        for folder in (include.file.parent, component.path / "src", component.path):
            target = (folder / include.name).resolve()
            if target.is_file():
                return target
        return None

    def _check_foreign(self, component, public, include):
        kind = "system" if is_listed(include.name, self.layers.system) else "third-party"
        if public:
            header = include.file.relative_to(component.include_root()).as_posix()
            if not is_listed(include.name, component.public_third_party.get(header, [])):
                self._fault(include.file, include.line,
                            f"a public header includes the {kind} header <{include.name}>")
        elif kind == "third-party" and not is_listed(include.name, component.third_party):
            self._fault(include.file, include.line,
                        f"{component.name} may not use <{include.name}>")

    def _check_cmake(self, component):
        file = component.path / "CMakeLists.txt"
        if not file.is_file():
            return
        text = file.read_text(encoding="utf-8")
        for call in CMAKE_COMPONENT.finditer(text):
            words = call[2].split()
            used = words[words.index("USES") + 1:] if "USES" in words else []
            for name in used:
                if name in ("PUBLIC", "PRIVATE"):
                    break
                if name not in component.uses:
                    self._fault(file, text.count("\n", 0, call.start()) + 1,
                                f"{component.name} may not use {name} (USES)")


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = pathlib.Path(__file__).resolve().parent
    parser.add_argument("--root", type=pathlib.Path, default=here.parent)
    parser.add_argument("--layers", type=pathlib.Path)
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    file = options.layers or root / "tools" / "layers.toml"
    try:
        layers = Layers(root, file)
    except (OSError, tomllib.TOMLDecodeError, BadDeclaration) as error:
        print(f"check_layers: {file}: {error}", file=sys.stderr)
        return 2
    check = Check(layers)
    faults = check.run()
    for fault in faults:
        print(fault)
    print(f"{len(layers.components)} components, {check.count} includes: "
          + (f"{len(faults)} faults" if faults else "as declared"))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
