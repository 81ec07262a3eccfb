#pragma once

#include <millstream/core/config.h>
#include <millstream/core/serdes.h>
#include <millstream/operators/streams_builder.h>
#include <millstream/runtime/stream_task.h>
#include <millstream/topology/topology.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::conformance {

/// What the vectors' records are made of: keys and values that may be null.
using Str = std::optional<std::string>;
using Int = std::optional<std::int64_t>;

/// A null reads "null", as in Java's string concatenation.
inline std::string text(const Str& value) { return value.value_or("null"); }
inline std::string text(const Int& value) { return value ? std::to_string(*value) : "null"; }

/// How values are to be read; kBytes: not at all, nor keys.
enum class ValueType { kString, kInt64, kBytes };

/// The key of an output topic.
struct KeyType {
  enum class Kind { kPlain, kTimeWindowed, kSession } kind = Kind::kPlain;
  Duration window_size{};
};
inline KeyType plain_key() { return {}; }
inline KeyType windowed_key(Duration size) { return {KeyType::Kind::kTimeWindowed, size}; }
inline KeyType session_key() { return {KeyType::Kind::kSession, {}}; }

enum class StoreType { kPlain, kTimestamped, kWindow, kTimestampedWindow, kSession, kVersioned };

/// The parameters of a case, by name.
using Params = std::map<std::string, std::string, std::less<>>;

/// One case's topology, and how its topics and stores are to be read. A kind's function fills it
/// in.
class Scenario {
 public:
  struct Output {
    ValueType value = ValueType::kString;
    KeyType key;
  };
  struct Store {
    StoreType type = StoreType::kTimestamped;
    ValueType value = ValueType::kString;
    /// Updates are cached: Kafka Streams then also shows rows behind the retention, out of the
    /// cache.
    bool cached = false;
  };

  explicit Scenario(Params params) : params_(std::move(params)) {
    config.set("statestore.cache.max.bytes", "0");
    config.set("application.id", "conformance");
  }

  [[nodiscard]] const std::string& param(std::string_view name) const;
  [[nodiscard]] std::int64_t number(std::string_view name) const;
  [[nodiscard]] Duration millis(std::string_view name) const { return Duration(number(name)); }
  /// Whether a yes/no parameter says yes.
  [[nodiscard]] bool yes(std::string_view name) const { return param(name) == "yes"; }
  /// Whether the `store` parameter asks for the in-memory kind.
  [[nodiscard]] bool in_memory() const { return param("store") == "in_memory"; }
  /// The `emit` parameter.
  [[nodiscard]] EmitStrategy emit() const {
    return param("emit") == "close" ? EmitStrategy::kOnWindowClose : EmitStrategy::kOnWindowUpdate;
  }
  /// Give the record caches the room that the `cache` parameter asks for.
  void set_cache() {
    cached_ = param("cache") == "on";
    if (cached_) config.set("statestore.cache.max.bytes", "10485760");
  }
  /// The `retention` parameter; 0 is not set.
  [[nodiscard]] std::optional<Duration> retention() const;

  /// Say how a topic's records are to be read; a name that ends in `*` stands for all that begin
  /// so.
  void output(std::string topic, ValueType value = ValueType::kString, KeyType key = {}) {
    outputs[std::move(topic)] = {value, key};
  }
  void store(std::string name, StoreType type, ValueType value = ValueType::kString) {
    stores[std::move(name)] = {type, value, cached_};
  }
  /// Note a side effect of the current step.
  void effect(std::string what) const { effects->back().push_back(std::move(what)); }

  StreamsBuilder builder;
  /// In place of the builder where a kind uses the Processor API alone.
  std::optional<Topology> topology;
  Config config;
  Handlers handlers;
  std::map<std::string, Output> outputs;
  std::map<std::string, Store> stores;
  /// A list for each step; shared, since functions in the topology write to it.
  std::shared_ptr<std::vector<std::vector<std::string>>> effects =
      std::make_shared<std::vector<std::vector<std::string>>>();

 private:
  Params params_;
  bool cached_ = false;
};

/// CONCAT of the catalogue: `agg is empty ? v : agg + "," + v`; a null v may come.
Str concat(const Str& value, const Str& aggregate);
/// CONCAT_X of the catalogue: deletes when the value is "x".
Str concat_x(const Str& value, const Str& aggregate);
/// The first character, or nothing of an empty string.
std::string first_character(const std::string& value);

}  // namespace millstream::conformance
