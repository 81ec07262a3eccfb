#!/usr/bin/env python3
"""Wrong types don't compile, and the message says what is wrong: compile_fail_test.py COMPILER FLAGS...

Each case is a line of a topology and what the compiler must say; the first one is right and compiles,
so that the rest fail for their own reason.
"""

import subprocess
import sys

PROGRAM = """
#include <millstream/operators/streams_builder.h>
#include <cstdint>
#include <string>
struct Order {{ std::string id; }};
void topology(millstream::StreamsBuilder& builder) {{
  auto lines = builder.stream<std::string, std::string>("lines");
  {line}
}}
"""

CASES = [
    ("a topology that is right",
     'lines.map_values([](const std::string& v) { return v.size(); })'
     '.filter([](const std::string&, std::size_t n) { return n > 1; }).to("sizes");',
     None),
    ("a type without a serde at a sink",
     'lines.map_values([](const std::string& v) { return Order{v}; }).to("orders");',
     ["this type has no serde: specialise millstream::DefaultSerde", "Order"]),
    ("a type without a serde at a source",
     'auto orders = builder.stream<std::string, Order>("orders");',
     ["this type has no serde: specialise millstream::DefaultSerde", "Order"]),
    ("a key without a serde behind group_by, which always writes it",
     "auto counts = lines.group_by([](const auto&, const std::string& v) { return Order{v}; }).count();",
     ["this type has no serde: specialise millstream::DefaultSerde", "Order"]),
    ("an aggregate without a serde",
     "auto orders = lines.group_by_key().aggregate([] { return Order{}; }, "
     "[](const auto&, const std::string& v, Order&&) { return Order{v}; });",
     ["this type has no serde: specialise millstream::DefaultSerde", "Order"]),
    ("a value without a serde that nothing writes",
     "auto orders = lines.map_values([](const std::string& v) { return Order{v}; });"
     "orders.group_by_key().count().to_stream().to(\"counts\");"
     'orders.join(builder.table<std::string, std::string>("names"), '
     "[](const Order& o, const std::string& name) { return o.id + name; }).to(\"named\");",
     None),
    ("a predicate of another type",
     "auto longer = lines.filter([](const std::string&, std::int64_t v) { return v > 1; });",
     ["constraint", "filter"]),
    ("a predicate that answers with no bool",
     "auto longer = lines.filter([](const std::string&, const std::string&) {});",
     ["constraint", "filter"]),
    ("a reducer of another type",
     "auto sums = lines.group_by_key().reduce([](std::int64_t a, std::int64_t b) { return a + b; });",
     ["constraint", "reduce"]),
    ("a function with state of its own",
     "auto counted = lines.map_values([n = 0](const std::string&) mutable { return ++n; });",
     ["constraint", "map_values"]),
    ("a merge of streams of different values",
     'auto both = lines.merge(builder.stream<std::string, std::int64_t>("numbers"));',
     ["merge"]),
]


def compile_line(compiler, line):
    return subprocess.run([*compiler, "-fsyntax-only", "-x", "c++", "-"], text=True,
                          input=PROGRAM.format(line=line), capture_output=True)


def check(compiler, name, line, expected):
    result = compile_line(compiler, line)
    if expected is None:
        return [] if result.returncode == 0 else [f"{name}: does not compile:\n{result.stderr[:2000]}"]
    if result.returncode == 0:
        return [f"{name}: compiles"]
    return [f"{name}: the compiler does not say \"{text}\":\n{result.stderr[:2000]}"
            for text in expected if text not in result.stderr]


def main(compiler):
    faults = []
    for name, line, expected in CASES:
        found = check(compiler, name, line, expected)
        print(f"{'FAILED' if found else 'ok':6} {name}")
        faults += found
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
