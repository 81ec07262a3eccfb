#pragma once

#include <millstream/operators/detail/graph_node.h>
#include <millstream/operators/detail/stateless_nodes.h>
#include <millstream/operators/detail/stream_graph.h>
#include <millstream/topology/detail/sink_node.h>
#include <millstream/topology/detail/source_node.h>
#include <millstream/topology/edge_type.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace millstream::detail {

/// A serde that travels with a stream, because a person gave it or an operator made it.
template <class T>
using Inherited = std::optional<Serde<SerdeTarget<T>>>;

/// The serde for an edge, or a fault of the topology that names the type.
template <class T, SerdeUse Use = SerdeUse::kCertain>
Serde<SerdeTarget<T>> require_serde(StreamGraph& graph, const char* doing, const char* part,
                                    const SerdeOption<T, Use>& option,
                                    const Inherited<T>& inherited) {
  auto serde = option.resolve(inherited);
  if (serde) return *std::move(serde);
  graph.add_fault(std::string(doing) + " needs a serde for its " + part + " type " +
                  type_name<T>() + ": pass one");
  return Serde<SerdeTarget<T>>(NoSerde<SerdeTarget<T>>());
}

/// What travels on: a serde that was given, or was inherited.
template <class T, SerdeUse Use = SerdeUse::kCertain>
Inherited<T> inherit(const SerdeOption<T, Use>& option,
                     const Inherited<T>& inherited = std::nullopt) {
  return option.given() || inherited ? option.resolve(inherited) : std::nullopt;
}

/// The options with the value's serde that travels with the stream, unless they give one.
template <class Options, class Serde>
Options with_value_serde(Options options, const std::optional<Serde>& inherited) {
  if (!options.value_serde.given() && inherited) options.value_serde = *inherited;
  return options;
}

/// A topic read with its records' own timestamps, as repartition topics are.
template <class K, class V>
std::shared_ptr<const NodeFactory> internal_source(Serde<SerdeTarget<K>> key,
                                                   Serde<SerdeTarget<V>> value) {
  return std::make_shared<SourceFactory<K, V>>(
      SourceCodec<K, V>{std::move(key), std::move(value), {}, true});
}

template <class K, class V>
std::shared_ptr<const NodeFactory> topic_sink(Serde<SerdeTarget<K>> key,
                                              Serde<SerdeTarget<V>> value,
                                              StreamPartitioner<K, V> partitioner = {}) {
  return std::make_shared<SinkFactory<K, V>>(
      SinkCodec<K, V>{std::move(key), std::move(value), std::move(partitioner), {}});
}

/// The pieces of a stream's repartition.
template <class K, class V>
RepartitionFactories stream_repartition(Serde<SerdeTarget<K>> key, Serde<SerdeTarget<V>> value,
                                        StreamPartitioner<K, V> partitioner = {}) {
  return {std::make_shared<PlainSpec<NullKeyFilterNode<K, V>>>(),
          std::make_shared<PlainSpec<PassThroughNode<K, V>>>(),
          topic_sink<K, V>(key, value, std::move(partitioner)), internal_source<K, V>(key, value)};
}

}  // namespace millstream::detail
