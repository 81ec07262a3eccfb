// Kafka Streams' own answers to store operations (the kinds store_*_ops of the conformance
// vectors), asked directly of the stores: in memory, over RocksDB, and over RocksDB with a commit,
// a spill or a new start after every operation.
#include <millstream/core/serdes.h>
#include <millstream/state/key_value_store.h>
#include <millstream/state/session_store.h>
#include <millstream/state/versioned_key_value_store.h>
#include <millstream/state/window_store.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "task_state_fixture.h"

namespace millstream {
namespace {

using nlohmann::json;
using testing::Backing;
using testing::StateUnderTest;

/// A command such as `put:X`, its parts, and the record that brought it.
struct Command {
  std::string key;
  Timestamp time;
  std::vector<std::string> parts;

  [[nodiscard]] const std::string& name() const { return parts[0]; }
  [[nodiscard]] const std::string& text(std::size_t i) const { return parts.at(i); }
  [[nodiscard]] Timestamp timestamp(std::size_t i) const {
    return Timestamp(std::stoll(parts.at(i)));
  }
};

Command parse(const json& pipe) {
  Command command{pipe["key"], Timestamp(pipe["ts"].get<std::int64_t>()), {}};
  std::istringstream in(pipe["value"].get<std::string>());
  for (std::string part; std::getline(in, part, ':');) command.parts.push_back(part);
  if (pipe["value"].get<std::string>().ends_with(':')) command.parts.emplace_back();
  return command;
}

std::string nz(const std::optional<std::string>& value) { return value.value_or("null"); }
std::string text(Timestamp time) { return std::to_string(time.ms()); }

template <class Row, class Render>
std::string render(StoreIterator<Row> rows, Render row_text) {
  std::string out;
  while (const auto row = rows.next()) out += row_text(*row);
  return out;
}

using Answer = std::function<std::string(ByteStore&, const StoreSpec&, const Command&)>;

std::string answer_key_value(ByteStore& bytes, const StoreSpec&, const Command& c) {
  KeyValueStore<std::string, std::string> store(bytes, {}, {});
  const auto show = [](const auto& row) { return row.first + "=" + row.second + ";"; };
  if (c.name() == "put") return store.put(c.key, c.text(1)), "ok";
  if (c.name() == "putnull") return store.erase(c.key), "ok";
  if (c.name() == "pia") return nz(store.put_if_absent(c.key, c.text(1)));
  if (c.name() == "get") return nz(store.get(c.key));
  if (c.name() == "del") {
    const auto old = store.get(c.key);
    store.erase(c.key);
    return nz(old);
  }
  if (c.name() == "range") return render(store.range(&c.text(1), &c.text(2)), show);
  if (c.name() == "rrange") {
    return render(store.range(&c.text(1), &c.text(2), Direction::kReverse), show);
  }
  if (c.name() == "rangefrom") return render(store.range(&c.text(1), nullptr), show);
  if (c.name() == "rangeto") return render(store.range(nullptr, &c.text(1)), show);
  if (c.name() == "prefix") return render(store.prefix_scan(c.text(1)), show);
  if (c.name() == "all") return render(store.all(), show);
  if (c.name() == "rall") return render(store.all(Direction::kReverse), show);
  return "unknown command " + c.name();
}

std::string answer_window(ByteStore& bytes, const StoreSpec& spec, const Command& c) {
  WindowStore<std::string, std::string> store(bytes, spec, {}, {});
  const auto one = [](const auto& row) { return text(row.first) + "=" + row.second + ";"; };
  const auto many = [](const auto& row) {
    return row.first.key + "@" + text(row.first.window.start) + "=" + row.second + ";";
  };
  const bool reverse = c.name()[0] == 'b';
  const std::string name = reverse ? c.name().substr(1) : c.name();
  const Direction direction = reverse ? Direction::kReverse : Direction::kForward;
  if (name == "put") return store.put(c.key, c.text(1), c.time), "ok";
  if (name == "putnull") return store.erase(c.key, c.time), "ok";
  if (name == "get") return nz(store.fetch(c.key, c.timestamp(1)));
  if (name == "fetch") {
    return render(store.fetch(c.key, c.timestamp(1), c.timestamp(2), direction), one);
  }
  if (name == "rfetch") {
    return render(store.fetch(&c.text(1), &c.text(2), c.timestamp(3), c.timestamp(4), direction),
                  many);
  }
  if (name == "fetchall") {
    return render(store.fetch_all(c.timestamp(1), c.timestamp(2), direction), many);
  }
  if (name == "all") return render(store.all(direction), many);
  return "unknown command " + name;
}

std::string answer_session(ByteStore& bytes, const StoreSpec& spec, const Command& c) {
  SessionStore<std::string, std::string> store(bytes, spec, {}, {});
  const auto show = [](const auto& row) {
    return row.first.key + "@" + text(row.first.window.start) + "-" + text(row.first.window.end) +
           "=" + row.second + ";";
  };
  const auto session = [&] {
    return Windowed<std::string>{c.key, {c.timestamp(1), c.timestamp(2)}};
  };
  if (c.name() == "put") return store.put(session(), c.text(3)), "ok";
  if (c.name() == "remove") return store.remove(session()), "ok";
  if (c.name() == "get") return nz(store.fetch_session(c.key, c.timestamp(1), c.timestamp(2)));
  if (c.name() == "find") {
    return render(store.find_sessions(c.key, c.timestamp(1), c.timestamp(2)), show);
  }
  if (c.name() == "rfind") {
    return render(store.find_sessions(&c.text(1), &c.text(2), c.timestamp(3), c.timestamp(4)),
                  show);
  }
  if (c.name() == "fetch") return render(store.fetch(c.key), show);
  if (c.name() == "rfetch") return render(store.fetch(&c.text(1), &c.text(2)), show);
  return "unknown command " + c.name();
}

std::string answer_versioned(ByteStore& bytes, const StoreSpec& spec, const Command& c) {
  VersionedKeyValueStore<std::string, std::string> store(bytes, spec, {}, {});
  const auto show = [](const auto& record) {
    return record ? record->value + "@" + text(record->timestamp) : std::string("null");
  };
  const auto code = [](const VersionedPut& put) {
    if (!put.stored) return text(Timestamp::min());
    return put.valid_to ? text(*put.valid_to) : std::string("-1");
  };
  if (c.name() == "put") return code(store.put(c.key, c.text(1), c.timestamp(2)));
  if (c.name() == "putnull") return code(store.put_tombstone(c.key, c.timestamp(1)));
  if (c.name() == "del") return show(store.erase(c.key, c.timestamp(1)));
  if (c.name() == "get" && c.parts.size() > 1) return show(store.get(c.key, c.timestamp(1)));
  if (c.name() == "get") return show(store.get(c.key));
  return "unknown command " + c.name();
}

StoreSpec spec_of(const json& params, StoreKind kind) {
  StoreSpec spec;
  spec.name = "s";
  spec.kind = kind;
  spec.persistent = params.value("store", "rocksdb") == "rocksdb";
  spec.retention = Duration(params.value("retention_ms", params.value("history_ms", 0)));
  spec.window_size = Duration(10);
  spec.retain_duplicates = params.value("duplicates", "no") == "yes";
  return spec;
}

struct Kind {
  std::string file;
  StoreKind kind = StoreKind::kKeyValue;
  Answer answer;
};

/// What happens after every operation.
enum class Disturbance { kNone, kCommit, kSpill, kReopen };

class StoreVectors : public ::testing::TestWithParam<std::tuple<Kind, Backing, Disturbance>> {};

void disturb(StateUnderTest& state, Disturbance disturbance) {
  if (disturbance == Disturbance::kCommit) state.commit();
  if (disturbance == Disturbance::kSpill) state.commit_and_spill();
  if (disturbance == Disturbance::kReopen) {
    state.commit_and_spill();
    state.reopen();
  }
}

void run_case(const json& test, const Kind& kind, Backing backing, Disturbance disturbance) {
  const StoreSpec spec = spec_of(test["params"], kind.kind);
  StateUnderTest state(backing, {spec});
  for (std::size_t i = 0; i < test["steps"].size(); ++i) {
    const json& step = test["steps"][i];
    const Command command = parse(step["pipe"]);
    const std::string expected = test["expected"][i][0]["value"];
    ASSERT_EQ(kind.answer(state.store("s"), spec, command), expected)
        << kind.file << ", " << test["name"] << " " << test["params"] << ", step " << i << ": "
        << step;
    // Opening a database takes milliseconds: some steps must do.
    if (disturbance != Disturbance::kReopen || (spec.persistent && i % 4 == 3)) {
      disturb(state, disturbance);
    }
  }
}

TEST_P(StoreVectors, AnswerAsKafkaStreamsDoes) {
  const auto& [kind, backing, disturbance] = GetParam();
  const std::filesystem::path path =
      std::filesystem::path(MILLSTREAM_SHARED_DATA) / "conformance" / (kind.file + ".json");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " isn't there";
  const json file = json::parse(std::ifstream(path));
  const std::size_t stride = disturbance == Disturbance::kReopen ? 12
                             : backing == Backing::kTinyBuffer   ? 3
                                                                 : 1;
  for (std::size_t i = 0; i < file["cases"].size(); i += stride) {
    run_case(file["cases"][i], kind, backing, disturbance);
    if (HasFatalFailure()) return;
  }
}

const Kind kKinds[] = {{"store_kv_ops", StoreKind::kKeyValue, answer_key_value},
                       {"store_window_ops", StoreKind::kWindow, answer_window},
                       {"store_session_ops", StoreKind::kSession, answer_session},
                       {"store_versioned_ops", StoreKind::kVersioned, answer_versioned}};

std::string name_of_case(const ::testing::TestParamInfo<StoreVectors::ParamType>& info) {
  constexpr const char* kDisturbances[] = {"", "Committed", "Spilt", "Reopened"};
  return std::get<0>(info.param).file + "_" + testing::name_of(std::get<1>(info.param)) +
         kDisturbances[static_cast<int>(std::get<2>(info.param))];
}

INSTANTIATE_TEST_SUITE_P(
    Memory, StoreVectors,
    ::testing::Combine(::testing::ValuesIn(kKinds), ::testing::Values(Backing::kMemory),
                       ::testing::Values(Disturbance::kNone, Disturbance::kCommit)),
    name_of_case);
INSTANTIATE_TEST_SUITE_P(
    Database, StoreVectors,
    ::testing::Combine(::testing::ValuesIn(kKinds),
                       ::testing::Values(Backing::kDatabase, Backing::kTinyBuffer),
                       ::testing::Values(Disturbance::kSpill, Disturbance::kReopen)),
    name_of_case);

}  // namespace
}  // namespace millstream
