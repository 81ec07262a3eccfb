#pragma once

#include <millstream/core/config.h>
#include <millstream/core/result.h>
#include <millstream/operators/detail/stream_graph.h>
#include <millstream/operators/detail/table_source.h>
#include <millstream/operators/global_ktable.h>
#include <millstream/operators/kstream.h>
#include <millstream/operators/ktable.h>
#include <millstream/operators/options.h>
#include <millstream/topology/name_list.h>
#include <millstream/topology/topology.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace millstream {

/// Where a topology begins: streams and tables of topics, and all that is made of them.
///
///     StreamsBuilder builder;
///     builder.stream<std::string, std::string>("lines")
///         .filter([](const auto&, const auto& line) { return !line.empty(); })
///         .to("shouts");
///     auto topology = builder.build();
///
/// **Lifetime**: longer than the streams and tables made with it; what it has built lives on its
/// own.
/// **Thread**: one. **Source**: StreamsBuilder of Kafka Streams.
class StreamsBuilder {
 public:
  StreamsBuilder() : graph_(std::make_unique<detail::StreamGraph>()) {}

  /// Read topics as a stream. `K` or `V` is an `std::optional` where nulls may come; a null at a
  /// plain type goes to the deserialisation handler.
  template <class K, class V>
  [[nodiscard]] KStream<K, V> stream(const NameList& topics,
                                     Consumed<std::type_identity_t<K>, V> options = {}) {
    std::string name = graph_->name_or_new(options.name, "KSTREAM-SOURCE-");
    auto node = std::make_unique<detail::SourceGraphNode>(
        detail::StreamGraph::source_spec(std::move(name), topics.values(), options.reset_policy,
                                         options.idle_timeout, source<K, V>(options)));
    detail::GraphNode& added = graph_->add(graph_->root(), std::move(node));
    added.sources = {added.name()};
    return {{graph_.get(), &added},
            detail::inherit(options.key_serde),
            detail::inherit(options.value_serde)};
  }

  /// Read a topic as a table: for each key its last value. Null values delete, null keys are
  /// dropped. The rows are kept only if a name or a later operator asks for it. Serdes given in
  /// `consumed` are those of the store too, unless `options` has its own.
  template <class K, class V>
  [[nodiscard]] KTable<K, V> table(const std::string& topic,
                                   Consumed<std::optional<K>, std::optional<V>> consumed = {},
                                   Materialized<K, V, SerdeUse::kMaybe> options = {});
  template <class K, class V>
  [[nodiscard]] KTable<K, V> table(const std::string& topic, Materialized<K, V> options) {
    return table<K, V>(topic, consumed_as<K, V>(options), std::move(options));
  }

  /// Read a topic as a table that every instance has whole, for joins by any key. Its rows are
  /// always kept; its topic is its changelog.
  template <class K, class V>
  [[nodiscard]] GlobalKTable<K, V> global_table(
      const std::string& topic, Consumed<std::optional<K>, std::optional<V>> consumed = {},
      Materialized<K, V, SerdeUse::kMaybe> options = {});
  template <class K, class V>
  [[nodiscard]] GlobalKTable<K, V> global_table(const std::string& topic,
                                                Materialized<K, V> options) {
    return global_table<K, V>(topic, consumed_as<K, V>(options), std::move(options));
  }

  /// Add a store that processors may use; they name it where they are added.
  void add_state_store(StoreSpec store) { graph_->add_state_store(std::move(store)); }
  /// Fill a store from a whole topic in every instance; see Topology::add_global_store.
  template <class K, class V, class Supplier>
  void add_global_store(StoreSpec store, const std::string& topic, Consumed<K, V> options,
                        Supplier supplier) {
    std::string source_name = graph_->name_or_new(options.name, "KSTREAM-SOURCE-");
    std::string name = graph_->new_processor_name("KTABLE-SOURCE-");
    graph_->add(graph_->root(),
                std::make_unique<detail::GlobalStoreGraphNode>(
                    std::move(name),
                    detail::StreamGraph::source_spec(std::move(source_name), {topic}, {}, {},
                                                     source<K, V>(options)),
                    std::move(store),
                    std::make_shared<detail::ProcessorFactory<Supplier>>(std::move(supplier))));
  }

  /// Write what has been said to a topology that may be added to; once only.
  [[nodiscard]] Topology topology(const Config& config = {}) { return graph_->write(config); }
  /// Check everything and make it immutable; once only. **Errors**: kUser with all faults, one a
  /// line.
  [[nodiscard]] Result<std::shared_ptr<const BuiltTopology>> build(const Config& config = {}) {
    return topology(config).build();
  }

  /// For the DSL's own use.
  [[nodiscard]] detail::StreamGraph& graph() { return *graph_; }

 private:
  template <class K, class V>
  std::shared_ptr<const NodeFactory> source(const Consumed<K, V>& options) {
    return std::make_shared<detail::SourceFactory<K, V>>(detail::SourceCodec<K, V>{
        detail::require_serde<K>(*graph_, "a source", "key", options.key_serde, {}),
        detail::require_serde<V>(*graph_, "a source", "value", options.value_serde, {}),
        options.timestamp_extractor, false});
  }
  /// How a table's topic is read by the serdes of its store.
  template <class K, class V>
  Consumed<std::optional<K>, std::optional<V>> consumed_as(const Materialized<K, V>& options) {
    Consumed<std::optional<K>, std::optional<V>> consumed{
        .key_serde = detail::require_serde(*graph_, "a table", "key", options.key_serde, {}),
        .value_serde = detail::require_serde(*graph_, "a table", "value", options.value_serde, {})};
    return consumed;
  }

  std::unique_ptr<detail::StreamGraph> graph_;
};

template <class K, class V>
KTable<K, V> StreamsBuilder::table(const std::string& topic,
                                   Consumed<std::optional<K>, std::optional<V>> consumed,
                                   Materialized<K, V, SerdeUse::kMaybe> options) {
  using Key = std::optional<K>;
  using Value = std::optional<V>;
  const std::string store = graph_->store_name_or_new(options.name, topic + "-");
  std::string source_name = graph_->suffixed_or_new(consumed.name, "-source", "KSTREAM-SOURCE-");
  const std::string name = graph_->name_or_new(consumed.name, "KTABLE-SOURCE-");
  const auto key = detail::inherit(options.key_serde, detail::inherit(consumed.key_serde));
  const auto value = detail::inherit(options.value_serde, detail::inherit(consumed.value_serde));
  if (!consumed.key_serde.given() && key) consumed.key_serde = *key;
  if (!consumed.value_serde.given() && value) consumed.value_serde = *value;
  auto spec = std::make_shared<detail::TableSourceSpec<Key, Value>>(
      detail::table_store(options.store_options(), store),
      detail::require_serde(*graph_, "a table", "key", options.key_serde, key),
      detail::require_serde(*graph_, "a table", "value", options.value_serde, value),
      !options.name.empty());
  auto node = std::make_unique<detail::TableSourceGraphNode>(
      name,
      detail::StreamGraph::source_spec(source_name, {topic}, consumed.reset_policy,
                                       consumed.idle_timeout, source<Key, Value>(consumed)),
      spec);
  detail::GraphNode& added = graph_->add(graph_->root(), std::move(node));
  added.sources = {std::move(source_name)};
  return {{graph_.get(), &added}, std::move(spec), key, value};
}

template <class K, class V>
GlobalKTable<K, V> StreamsBuilder::global_table(
    const std::string& topic, Consumed<std::optional<K>, std::optional<V>> consumed,
    Materialized<K, V, SerdeUse::kMaybe> options) {
  using Key = std::optional<K>;
  using Value = std::optional<V>;
  std::string store = graph_->store_name_or_new(options.name, topic + "-");
  std::string source_name = graph_->suffixed_or_new(consumed.name, "-source", "KSTREAM-SOURCE-");
  std::string name = graph_->name_or_new(consumed.name, "KTABLE-SOURCE-");
  const auto key = detail::inherit(options.key_serde, detail::inherit(consumed.key_serde));
  const auto value = detail::inherit(options.value_serde, detail::inherit(consumed.value_serde));
  if (!consumed.key_serde.given() && key) consumed.key_serde = *key;
  if (!consumed.value_serde.given() && value) consumed.value_serde = *value;
  StoreSpec store_spec = detail::table_store(options.store_options(), store);
  store_spec.logging = false;
  store_spec.caching = false;
  auto spec = std::make_shared<detail::TableSourceSpec<Key, Value>>(
      store_spec, detail::require_serde(*graph_, "a global table", "key", options.key_serde, key),
      detail::require_serde(*graph_, "a global table", "value", options.value_serde, value), true);
  graph_->add(graph_->root(),
              std::make_unique<detail::GlobalStoreGraphNode>(
                  std::move(name),
                  detail::StreamGraph::source_spec(std::move(source_name), {topic}, {}, {},
                                                   source<Key, Value>(consumed)),
                  std::move(store_spec), spec));
  return {std::move(spec), std::move(store)};
}

}  // namespace millstream
