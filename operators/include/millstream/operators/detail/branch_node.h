#pragma once

#include <millstream/core/assert.h>
#include <millstream/operators/detail/operator_node.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millstream::detail {

/// A branch's condition: one virtual call.
template <class K, class V>
class BranchCondition {
 public:
  virtual ~BranchCondition() = default;
  [[nodiscard]] virtual bool holds(const K& key, const V& value) const = 0;
};

template <class K, class V, class F>
class BranchPredicate final : public BranchCondition<K, V> {
 public:
  explicit BranchPredicate(F predicate) : predicate_(std::move(predicate)) {}
  [[nodiscard]] bool holds(const K& key, const V& value) const override {
    return static_cast<bool>(predicate_(key, value));
  }

 private:
  F predicate_;
};

/// The conditions of a split in their order, and the children that they lead to; one child more
/// than conditions is the default. Filled while the topology is said.
template <class K, class V>
struct BranchTable {
  std::vector<std::unique_ptr<const BranchCondition<K, V>>> conditions;
  std::vector<std::string> children;
};

/// Hands a record to the first branch whose condition holds. **Source**: KStreamBranch.
template <class K, class V>
class BranchNode final : public Node, public Input<K, V> {
 public:
  BranchNode(std::string name, const BranchTable<K, V>& table)
      : Node(std::move(name)), table_(table), branches_(table.children.size()) {}

  void connect(Node& child) override {
    const auto at = std::find(table_.children.begin(), table_.children.end(), child.name());
    MILLSTREAM_ASSERT(at != table_.children.end(), "a child that is no branch");
    branches_[static_cast<std::size_t>(at - table_.children.begin())].connect(child);
  }
  void init(TaskContext& context) override {
    for (auto& branch : branches_) branch.init(context);
  }
  void process(const Record<K, V>& record) override {
    for (std::size_t i = 0; i < table_.conditions.size(); ++i) {
      if (table_.conditions[i]->holds(record.key(), record.value())) {
        return branches_[i].forward(record);
      }
    }
    if (branches_.size() > table_.conditions.size()) branches_.back().forward(record);
  }

 private:
  const BranchTable<K, V>& table_;
  std::vector<Outputs<K, V>> branches_;
};

template <class K, class V>
class BranchSpec final : public ProcessorSpec {
 public:
  explicit BranchSpec(std::shared_ptr<const BranchTable<K, V>> table) : table_(std::move(table)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<BranchNode<K, V>>(site.name, *table_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return EdgeType::of<K, V>(); }
  [[nodiscard]] std::optional<EdgeType> output() const override { return EdgeType::of<K, V>(); }

 private:
  std::shared_ptr<const BranchTable<K, V>> table_;
};

}  // namespace millstream::detail
