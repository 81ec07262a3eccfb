#pragma once

#include <millstream/core/result.h>
#include <millstream/state/store_spec.h>
#include <millstream/topology/built_topology.h>
#include <millstream/topology/detail/processor_node.h>
#include <millstream/topology/detail/sink_node.h>
#include <millstream/topology/detail/source_node.h>
#include <millstream/topology/name_list.h>
#include <millstream/topology/node_spec.h>
#include <millstream/topology/options.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace millstream {

/// A list of what a stream application is made of: sources, processors, sinks and stores, by name.
/// Parents come before their children. Nothing is checked before `build()`, which tells all faults.
///
///     Topology topology;
///     topology.add_source<std::string, std::string>("source", "lines")
///         .add_processor("upper", [] { return std::make_unique<Upper>(); }, "source")
///         .add_sink<std::string, std::string>("sink", "shouts", "upper");
///
/// **Source**: org.apache.kafka.streams.Topology.
class Topology {
 public:
  /// Read topics as records of `K`, `V`; either may be an `std::optional`, and is one where null
  /// may come. A null at a plain type goes to the deserialisation handler.
  template <class K, class V>
  Topology& add_source(std::string name, NameList topics, Consumed<K, V> consumed = {}) {
    NodeSpec spec =
        source_spec(std::move(name), topics, consumed.reset_policy, consumed.idle_timeout);
    spec.factory = std::make_shared<detail::SourceFactory<K, V>>(
        detail::SourceCodec<K, V>{require(spec.name, "key", consumed.key_serde),
                                  require(spec.name, "value", consumed.value_serde),
                                  std::move(consumed.timestamp_extractor), false});
    return add_node(std::move(spec));
  }

  /// Call a processor with the records of its parents. `supplier` makes a `std::unique_ptr` of a
  /// new one for each task; it must be callable as const. `stores` have been or will be added.
  template <class Supplier>
  Topology& add_processor(std::string name, Supplier supplier, NameList parents,
                          NameList stores = {}) {
    return add_node(
        {.name = std::move(name),
         .kind = NodeKind::kProcessor,
         .factory = std::make_shared<detail::ProcessorFactory<Supplier>>(std::move(supplier)),
         .parents = parents.values(),
         .topics = {},
         .topic_extractor = {},
         .stores = stores.values()});
  }

  /// Write the records of the parents to a topic.
  template <class K, class V>
  Topology& add_sink(std::string name, std::string topic, NameList parents,
                     Produced<K, V> produced = {}) {
    NodeSpec spec = sink_spec(std::move(name), std::move(topic), parents);
    spec.factory = std::make_shared<detail::SinkFactory<K, V>>(
        detail::SinkCodec<K, V>{require(spec.name, "key", produced.key_serde),
                                require(spec.name, "value", produced.value_serde),
                                std::move(produced.partitioner),
                                {}});
    return add_node(std::move(spec));
  }

  /// Keep a store in each task that has one of these processors.
  Topology& add_state_store(StoreSpec store, NameList processors = {});
  Topology& connect_processor_and_state_stores(std::string processor, NameList stores);

  /// Keep a store filled from one whole topic in every instance: each record goes to `processor`,
  /// which alone writes the store; every processor may read it. It has no changelog but its topic.
  template <class K, class V, class Supplier>
  Topology& add_global_store(StoreSpec store, std::string source_name, std::string topic,
                             Consumed<K, V> consumed, std::string processor_name,
                             Supplier supplier) {
    add_source<K, V>(source_name, topic, std::move(consumed));
    add_processor(processor_name, std::move(supplier), source_name);
    return mark_global(std::move(store), std::move(source_name), std::move(processor_name),
                       std::move(topic));
  }

  /// Require that the topics of these sources have the same number of partitions.
  Topology& copartition_sources(NameList sources);
  /// Add a node with its own factory: what the other functions, and the DSL, stand on.
  Topology& add_node(NodeSpec spec);
  /// The same as `add_global_store`, for a source and a processor that have been added.
  Topology& mark_global(StoreSpec store, std::string source_name, std::string processor_name,
                        std::string topic);
  /// Note a fault that `build()` shall tell.
  Topology& add_fault(std::string fault);

  /// Check everything and make it immutable. **Errors**: kUser with all faults, one a line.
  [[nodiscard]] Result<std::shared_ptr<const BuiltTopology>> build() const;

  /// All that has been said so far.
  struct Specification {
    struct Store {
      StoreSpec spec;
      std::vector<std::string> processors;
    };
    std::vector<NodeSpec> nodes;
    std::vector<Store> stores;
    std::vector<GlobalStore> globals;
    std::vector<std::string> global_processors;  // one for each of `globals`
    std::vector<std::vector<std::string>> copartitioned;
    std::vector<std::string> faults;
  };
  [[nodiscard]] const Specification& specification() const { return specification_; }

 private:
  static NodeSpec source_spec(std::string name, const NameList& topics,
                              const std::optional<std::string>& reset_policy,
                              std::optional<Duration> idle_timeout);
  static NodeSpec sink_spec(std::string name, std::string topic, const NameList& parents);

  template <class T>
  Serde<detail::SerdeTarget<T>> require(const std::string& node, const char* part,
                                        const SerdeOption<T>& option) {
    auto serde = option.resolve();
    if (serde) return *std::move(serde);
    add_fault("node " + node + ": its " + part + " type " + detail::type_name<T>() +
              " has no serde; pass one");
    return Serde<detail::SerdeTarget<T>>(detail::NoSerde<detail::SerdeTarget<T>>());
  }

  Specification specification_;
};

}  // namespace millstream
