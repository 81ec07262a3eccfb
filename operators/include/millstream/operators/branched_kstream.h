#pragma once

#include <millstream/operators/detail/branch_node.h>
#include <millstream/operators/detail/functions.h>
#include <millstream/operators/kstream.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace millstream {

/// What becomes of a branch: a name for the map of branches, a function that makes another stream
/// of it for the map, or a consumer that takes it out of the map.
/// **Source**: Branched of Kafka Streams.
template <class K = void, class V = void>
struct Branched {
  std::string name = {};
  std::function<KStream<K, V>(KStream<K, V>)> function = {};
  std::function<void(KStream<K, V>)> consumer = {};
};

template <>
struct Branched<void, void> {
  std::string name = {};

  template <class K, class V>
  operator Branched<K, V>() const {  // NOLINT(google-explicit-constructor): the untyped options
    return {.name = name};
  }
};

/// The branches of a split, in the making. Streams by name: the split's name and the branch's, or
/// its number from 1, the default's 0. **Source**: BranchedKStream of Kafka Streams.
template <class K, class V>
class BranchedKStream {
 public:
  using Branches = std::map<std::string, KStream<K, V>>;

  /// Add a branch for records of which no earlier branch, but this `predicate(key, value)` holds.
  template <KeyValuePredicate<K, V> F>
  BranchedKStream& branch(F predicate, Branched<K, V> branched = {}) {
    table_->conditions.push_back(
        std::make_unique<detail::BranchPredicate<K, V, F>>(std::move(predicate)));
    add(std::move(branched), std::to_string(table_->conditions.size()));
    return *this;
  }
  /// Add the branch for all other records, and end.
  Branches default_branch(Branched<K, V> branched = {}) {
    add(std::move(branched), "0");
    return branches_;
  }
  /// Drop all other records, and end.
  Branches no_default_branch() { return branches_; }

  /// For the DSL's own use.
  BranchedKStream(const KStream<K, V>& source, const Named& named) : source_(source) {
    const detail::GraphPlace place = source.place();
    splitter_ = &place.graph->add_processor(*place.node, "KSTREAM-BRANCH-", named,
                                            std::make_shared<detail::BranchSpec<K, V>>(table_));
  }

 private:
  void add(Branched<K, V> branched, const std::string& number) {
    detail::StreamGraph& graph = *source_.place().graph;
    const std::string name = splitter_->name() + (branched.name.empty() ? number : branched.name);
    table_->children.push_back(name);
    detail::GraphNode& child =
        graph.add_processor(*splitter_, "KSTREAM-BRANCHCHILD-", {name},
                            std::make_shared<detail::PlainSpec<detail::PassThroughNode<K, V>>>());
    KStream<K, V> stream({&graph, &child}, source_.key_serde(), source_.value_serde());
    if (branched.consumer) return branched.consumer(std::move(stream));
    if (branched.function) stream = branched.function(std::move(stream));
    branches_.insert_or_assign(name, std::move(stream));
  }

  KStream<K, V> source_;
  std::shared_ptr<detail::BranchTable<K, V>> table_ = std::make_shared<detail::BranchTable<K, V>>();
  detail::GraphNode* splitter_ = nullptr;
  Branches branches_;
};

}  // namespace millstream
