#pragma once

#include <millstream/operators/detail/processor_spec.h>
#include <millstream/topology/topology.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace millstream::detail {

/// An operator in the logical graph, from which the topology is written.
/// **Source**: GraphNode of Kafka Streams, and its sub-classes.
class GraphNode {
 public:
  explicit GraphNode(std::string name) : name_(std::move(name)) {}
  virtual ~GraphNode() = default;
  GraphNode(const GraphNode&) = delete;
  GraphNode& operator=(const GraphNode&) = delete;

  /// Add what the node stands for to the topology.
  virtual void write(Topology& topology) const = 0;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<GraphNode*>& parents() const { return parents_; }
  [[nodiscard]] const std::vector<GraphNode*>& children() const { return children_; }
  [[nodiscard]] std::vector<std::string> parent_names() const;

  void add_child(GraphNode& child);
  void remove_child(GraphNode& child);

  /// Its records have other keys than its parent's, so that what groups them must repartition.
  bool key_changing = false;
  /// Its values have another type or content: a repartition can't be moved above it.
  bool value_changing = false;
  bool is_merge = false;
  /// An operator that takes null keys (left joins): repartitions above it let them through.
  bool relaxes_null_keys = false;
  /// A windowed aggregation: how far behind stream time a window's end is when the window closes.
  std::optional<Duration> closing_delay;
  /// The rows that it puts out are versions: see StoreKind::kVersioned.
  bool output_versioned = false;
  /// A key changed somewhere above, and no repartition followed.
  bool repartition_required = false;
  /// The source nodes of its sub-topology, for co-partitioning.
  std::set<std::string> sources;
  /// Order of writing.
  int build_priority = 0;
  bool written = false;

 private:
  std::string name_;
  std::vector<GraphNode*> parents_;
  std::vector<GraphNode*> children_;
};

class RootGraphNode final : public GraphNode {
 public:
  RootGraphNode() : GraphNode("root") {}
  void write(Topology&) const override {}
};

/// Topics read as a stream.
class SourceGraphNode final : public GraphNode {
 public:
  explicit SourceGraphNode(NodeSpec spec) : GraphNode(spec.name), spec_(std::move(spec)) {}
  void write(Topology& topology) const override { topology.add_node(spec_); }
  [[nodiscard]] const NodeSpec& spec() const { return spec_; }

 private:
  NodeSpec spec_;
};

/// Any operator that is one processor.
class ProcessorGraphNode : public GraphNode {
 public:
  /// A factory that is a ProcessorSpec brings its stores along; `stores` are others to connect.
  ProcessorGraphNode(std::string name, std::shared_ptr<const NodeFactory> factory,
                     std::vector<std::string> stores = {})
      : GraphNode(std::move(name)), factory_(std::move(factory)), stores_(std::move(stores)) {}
  void write(Topology& topology) const override;

 protected:
  void write_below(Topology& topology, std::vector<std::string> parents) const;

 private:
  std::shared_ptr<const NodeFactory> factory_;
  std::vector<std::string> stores_;
};

/// A topic read as a table: a source and the processor that keeps its rows.
class TableSourceGraphNode final : public ProcessorGraphNode {
 public:
  TableSourceGraphNode(std::string name, NodeSpec source, std::shared_ptr<ProcessorSpec> spec)
      : ProcessorGraphNode(std::move(name), spec),
        source_(std::move(source)),
        spec_(std::move(spec)) {}
  void write(Topology& topology) const override;
  [[nodiscard]] const NodeSpec& source() const { return source_; }
  [[nodiscard]] ProcessorSpec& spec() const { return *spec_; }

 private:
  NodeSpec source_;
  std::shared_ptr<ProcessorSpec> spec_;
};

class SinkGraphNode final : public GraphNode {
 public:
  /// `spec` without its parents, which are known when it is written.
  explicit SinkGraphNode(NodeSpec spec) : GraphNode(spec.name), spec_(std::move(spec)) {}
  void write(Topology& topology) const override;

 private:
  NodeSpec spec_;
};

/// The typed pieces of a repartition.
struct RepartitionFactories {
  /// Drops null keys; null where there are none (tables).
  std::shared_ptr<const NodeFactory> null_key_filter;
  /// In its place where an operator below takes null keys.
  std::shared_ptr<const NodeFactory> pass_through;
  /// Makes the sink for the topic's name.
  std::shared_ptr<const NodeFactory> sink;
  std::shared_ptr<const NodeFactory> source;
};

/// The names of a repartition's pieces.
struct RepartitionNames {
  std::string topic;
  std::string filter;
  std::string sink;
  std::string source;
};

/// A filter, a sink, an internal topic and the source that reads it. Its name is the source's.
class RepartitionGraphNode final : public GraphNode {
 public:
  RepartitionGraphNode(RepartitionNames names, RepartitionFactories factories,
                       std::optional<PartitionId> partitions, bool optimizable)
      : GraphNode(names.source),
        names_(std::move(names)),
        factories_(std::move(factories)),
        partitions_(partitions),
        optimizable_(optimizable) {}
  void write(Topology& topology) const override;

  [[nodiscard]] const RepartitionNames& names() const { return names_; }
  [[nodiscard]] const RepartitionFactories& factories() const { return factories_; }
  /// May be merged with others below the same key change.
  [[nodiscard]] bool optimizable() const { return optimizable_; }
  /// Let null keys through.
  bool keeps_null_keys = false;

 private:
  RepartitionNames names_;
  RepartitionFactories factories_;
  std::optional<PartitionId> partitions_;
  bool optimizable_;
};

/// A store filled from a whole topic in every instance.
class GlobalStoreGraphNode final : public GraphNode {
 public:
  GlobalStoreGraphNode(std::string name, NodeSpec source, StoreSpec store,
                       std::shared_ptr<const NodeFactory> processor)
      : GraphNode(std::move(name)),
        source_(std::move(source)),
        store_(std::move(store)),
        processor_(std::move(processor)) {}
  void write(Topology& topology) const override;

 private:
  NodeSpec source_;
  StoreSpec store_;
  std::shared_ptr<const NodeFactory> processor_;
};

}  // namespace millstream::detail
