#pragma once

#include <millstream/core/config.h>
#include <millstream/core/metrics.h>
#include <millstream/core/serde.h>
#include <millstream/core/time.h>
#include <millstream/runtime/stream_task.h>
#include <millstream/state/byte_store.h>
#include <millstream/state/store_spec.h>
#include <millstream/testing/test_record.h>
#include <millstream/testing/test_topics.h>
#include <millstream/testing/type_fwd.h>
#include <millstream/topology/built_topology.h>
#include <millstream/topology/processor_context.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millstream {

/// How a topology is to be driven.
struct TopologyTestDriverOptions {
  /// As for the runtime; application.id may be missing.
  Config config = {};
  /// Where the virtual wall clock starts.
  Timestamp initial_wall_clock{0};
  /// Handlers of your own; empty ones: as the configuration says.
  Handlers handlers = {};
  /// Process each record, lose it before its commit, go back to the last commit, and process it
  /// again: results must not change, unless a function or processor has effects of its own.
  bool abort_once_a_record = false;
};

/// Runs a topology without a broker, a thread or a clock: each piped record is processed completely
/// and committed, then what it sent to topics that the topology reads is processed, one by one.
///
///     TopologyTestDriver driver(*builder.build());
///     auto lines = driver.create_input_topic<std::string, std::string>("lines");
///     auto counts = driver.create_output_topic<std::string, std::int64_t>("counts");
///     lines.pipe_input("k", "hello");
///     EXPECT_EQ(counts.read_value(), 1);
///
/// All sub-topologies are one task with one partition. **Thread**: one. **Errors**: exceptions of
/// the runtime (StreamsError, StoreError) leave `pipe`; the driver is of no use afterwards.
/// **Source**: org.apache.kafka.streams.TopologyTestDriver.
class TopologyTestDriver {
 public:
  /// **Errors**: std::invalid_argument if the configuration is no good.
  explicit TopologyTestDriver(std::shared_ptr<const BuiltTopology> topology,
                              TopologyTestDriverOptions options = {});
  ~TopologyTestDriver();
  TopologyTestDriver(const TopologyTestDriver&) = delete;
  TopologyTestDriver& operator=(const TopologyTestDriver&) = delete;

  template <class K, class V>
  [[nodiscard]] TestInputTopic<K, V> create_input_topic(
      std::string topic, std::type_identity_t<TestInputOptions<K, V>> options = {}) {
    return TestInputTopic<K, V>(*this, std::move(topic), std::move(options));
  }
  template <class K, class V>
  [[nodiscard]] TestOutputTopic<K, V> create_output_topic(std::string topic,
                                                          SerdeOption<K> key_serde = {},
                                                          SerdeOption<V> value_serde = {}) {
    return TestOutputTopic<K, V>(*this, std::move(topic), std::move(key_serde),
                                 std::move(value_serde));
  }

  /// Pipe a record in bytes to a topic that the topology reads (without the application's prefix).
  /// **Errors**: std::invalid_argument if it doesn't read it.
  void pipe(const RawTestRecord& record);
  /// Move the wall clock, and run what is due: punctuations, and where all sources have been idle
  /// for their time-out, what that closes. Between pipes the driver has read all there is.
  void advance_wall_clock_time(Duration by);
  [[nodiscard]] Timestamp wall_clock_time() const;
  /// Say that no record below `time` is coming any more: windows that end there close. What
  /// `KafkaStreams::finish_input` does at the end of input.
  void advance_stream_time(Timestamp time);
  /// Lose the task, as a machine that fails, and start it again from its last commit: with the
  /// committed stores and operators' state, and nothing else. Everything piped has been committed.
  void restart();
  /// The next record of a topic in bytes, or nothing.
  [[nodiscard]] std::optional<RawTestRecord> read_raw(std::string_view topic);
  [[nodiscard]] std::size_t queue_size(std::string_view topic) const;
  /// Names of the topics that have been written to.
  [[nodiscard]] std::vector<std::string> produced_topic_names() const;

  /// The typed facade of a store: `driver.state_store<KeyValueStore<std::string, int>>("counts")`.
  template <class Store>
  [[nodiscard]] Store state_store(
      std::string_view name, Serde<typename detail::StoreTraits<Store>::Key> key_serde = {},
      Serde<typename detail::StoreTraits<Store>::Value> value_serde = {}) {
    return Store(byte_store(name), store_spec(name), std::move(key_serde), std::move(value_serde));
  }
  /// The same for a store type of your own.
  template <class Store>
    requires OwnStore<Store>
  [[nodiscard]] Store state_store(std::string_view name) {
    return Store(byte_store(name), store_spec(name));
  }
  /// **Errors**: std::invalid_argument if there is no store of that name.
  [[nodiscard]] ByteStore& byte_store(std::string_view name);
  [[nodiscard]] const StoreSpec& store_spec(std::string_view name) const;
  [[nodiscard]] const Metrics& metrics() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millstream

#include <millstream/testing/detail/test_topics_impl.h>  // IWYU pragma: keep
