#pragma once

#include <millstream/core/config.h>
#include <millstream/operators/detail/graph_node.h>
#include <millstream/operators/options.h>
#include <millstream/topology/name_list.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::detail {

/// What an operator does to keys and values, for repartitioning.
struct OperatorTraits {
  bool key_changing = false;
  bool value_changing = false;
};

/// The logical graph behind a StreamsBuilder: numbers names as Kafka Streams does, and writes
/// itself to a Topology. **Lifetime**: owns its nodes. **Source**: InternalStreamsBuilder of Kafka
/// Streams.
class StreamGraph {
 public:
  StreamGraph();

  /// The next numbered name: `KSTREAM-FILTER-` and ten digits.
  std::string new_processor_name(std::string_view prefix);
  /// The next numbered store name: `<prefix>STATE-STORE-` and ten digits.
  std::string new_store_name(std::string_view prefix);
  /// The given name, or the next numbered one; takes a number in either case, as Kafka Streams
  /// does.
  std::string name_or_new(const std::string& given, std::string_view prefix);
  /// The given name and a suffix, or the next numbered one; takes a number in either case.
  std::string suffixed_or_new(const std::string& given, std::string_view suffix,
                              std::string_view prefix);
  /// The given store name, or the next numbered one; a given one takes no number.
  std::string store_name_or_new(const std::string& given, std::string_view prefix);

  [[nodiscard]] GraphNode& root() { return root_; }
  /// Put a node into the graph. A child has its parents' sources and their need to repartition,
  /// unless the caller says otherwise afterwards.
  GraphNode& add(const std::vector<GraphNode*>& parents, std::unique_ptr<GraphNode> node);
  GraphNode& add(GraphNode& parent, std::unique_ptr<GraphNode> node) {
    return add(std::vector<GraphNode*>{&parent}, std::move(node));
  }
  /// Put a node that is in the graph already below `parent` once more: as in Kafka Streams it is
  /// written later then.
  void add_again(GraphNode& parent, GraphNode& node);

  /// Put an operator of one processor below `parent`.
  GraphNode& add_processor(GraphNode& parent, std::string_view prefix, const Named& named,
                           std::shared_ptr<const ProcessorSpec> spec, OperatorTraits traits = {});

  /// A source, with its topics and options; `factory` makes its typed nodes.
  static NodeSpec source_spec(std::string name, const std::vector<std::string>& topics,
                              const std::optional<std::string>& reset_policy,
                              std::optional<Duration> idle_timeout,
                              std::shared_ptr<const NodeFactory> factory);

  /// The names of a repartition. Takes three numbers in any case. `named`: the prefix is a
  /// person's, and the parts' names are made of it.
  RepartitionNames repartition_names(const std::string& prefix);

  /// The repartition behind a node that its joins share; null until there is one.
  GraphNode*& join_repartition_of(const GraphNode& node) { return join_repartitions_[&node]; }

  void add_state_store(StoreSpec store) { stores_.push_back(std::move(store)); }
  /// Require equal partition counts of the topics behind these sources.
  void copartition(const std::set<std::string>& sources);
  void add_fault(std::string fault) { faults_.push_back(std::move(fault)); }

  /// Write everything to a topology, optimised as the configuration says. Once only.
  Topology write(const Config& config);

 private:
  void optimize(const Config& config);
  void reuse_source_topics();
  void merge_repartitions();
  void merge_repartitions_below(GraphNode& key_changer,
                                const std::vector<RepartitionGraphNode*>& replaced);
  void join_with_self();
  void rename_source(const std::string& from, const std::string& to);
  void merge_duplicate_sources();
  void merge_source(SourceGraphNode& main, SourceGraphNode& duplicate);
  void relax_null_key_filters();
  void write_nodes(Topology& topology);
  void check_explicit_names(const Config& config, Topology& topology) const;

  std::string generate(std::string_view prefix);

  int next_index_ = 0;
  std::vector<std::string> generated_names_;
  int next_priority_ = 0;
  bool written_ = false;
  RootGraphNode root_;
  std::vector<std::unique_ptr<GraphNode>> nodes_;
  std::vector<RepartitionGraphNode*> repartitions_;
  std::map<const GraphNode*, GraphNode*> join_repartitions_;
  std::vector<StoreSpec> stores_;
  std::vector<std::vector<std::string>> copartitioned_;
  std::vector<std::string> faults_;
};

/// A place in the graph: what a stream or table is beside its types.
struct GraphPlace {
  StreamGraph* graph = nullptr;
  GraphNode* node = nullptr;
};

/// Put a sink below a place.
void add_sink(GraphPlace place, const std::string& name, const std::string& topic,
              std::shared_ptr<const NodeFactory> factory);
/// Put a user's own processor below a place. A given name takes no number, as in Kafka Streams.
GraphNode& add_user_processor(GraphPlace place, std::string_view prefix, const Named& named,
                              std::shared_ptr<const NodeFactory> factory, const NameList& stores,
                              OperatorTraits traits);

/// Take a number for a count whose options name no store: Kafka Streams once did so by mistake, and
/// has kept to it.
void burn_count_store(StreamGraph& graph, const std::string& store_name);

/// Note what is wrong with the windows of an aggregation: `fault`, or too short a retention.
void check_windows(StreamGraph& graph, const std::string& store, const char* fault,
                   Duration needed_retention, const std::optional<Duration>& retention);

/// A grouped stream or table: its aggregations share a repartition topic that a person has named.
/// **Source**: GroupedStreamAggregateBuilder of Kafka Streams.
struct GroupPlace {
  StreamGraph* graph = nullptr;
  GraphNode* node = nullptr;
  std::string repartition_name;
  GraphNode* repartition = nullptr;

  /// Below which node an aggregation with this store goes: behind a repartition if one is needed.
  GraphNode& aggregation_parent(const std::string& store_name, RepartitionFactories factories);
  /// The same for a grouped table, which is always repartitioned; `named` is the aggregation's.
  GraphNode& table_aggregation_parent(const std::string& store_name, const Named& named,
                                      RepartitionFactories factories);
};

}  // namespace millstream::detail
