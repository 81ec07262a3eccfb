#pragma once

#include <millstream/operators/detail/processor_spec.h>
#include <millstream/topology/node.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace millstream::detail {

/// What nearly every operator's node is: one input, one kind of output, a context.
template <class KIn_, class VIn_, class KOut_, class VOut_>
class OperatorNode : public Node, public Input<KIn_, VIn_> {
 public:
  using KIn = KIn_;
  using VIn = VIn_;
  using KOut = KOut_;
  using VOut = VOut_;

  using Node::Node;
  void connect(Node& child) override { outputs_.connect(child); }
  void init(TaskContext& context) override {
    context_ = &context;
    outputs_.init(context);
  }
  static std::optional<EdgeType> input_type() { return EdgeType::of<KIn, VIn>(); }
  static std::optional<EdgeType> output_type() { return EdgeType::of<KOut, VOut>(); }

 protected:
  void forward(const Record<KOut, VOut>& record) const { outputs_.forward(record); }
  void drop(DropReason reason) const { context_->drop(name(), reason); }
  [[nodiscard]] TaskContext& context() const { return *context_; }
  [[nodiscard]] const Outputs<KOut, VOut>& outputs() const { return outputs_; }

 private:
  Outputs<KOut, VOut> outputs_;
  TaskContext* context_ = nullptr;
};

/// The same for operators whose records come out under the key with which they came in.
template <class K, class VIn, class VOut>
class KeyKeepingNode : public OperatorNode<K, VIn, K, VOut> {
 public:
  using OperatorNode<K, VIn, K, VOut>::OperatorNode;
  void prefetch(const ComingRecord& record) override { this->outputs().prefetch(record); }
  [[nodiscard]] bool prefetches() const override { return this->outputs().prefetches(); }
};

/// The same for operators that put nothing out.
template <class KIn_, class VIn_>
class TerminalNode : public Node, public Input<KIn_, VIn_> {
 public:
  using Node::Node;
  void connect(Node&) override {}
  void init(TaskContext&) override {}
  static std::optional<EdgeType> input_type() { return EdgeType::of<KIn_, VIn_>(); }
  static std::optional<EdgeType> output_type() { return std::nullopt; }
};

/// The specification of an operator that is a node and a user's function: `NodeType(name,
/// function)`.
template <class NodeType, class F>
class FunctionSpec final : public ProcessorSpec {
 public:
  explicit FunctionSpec(F function) : function_(std::move(function)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<NodeType>(site.name, function_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return NodeType::input_type(); }
  [[nodiscard]] std::optional<EdgeType> output() const override { return NodeType::output_type(); }

 private:
  F function_;
};

template <class NodeType, class F>
std::shared_ptr<const ProcessorSpec> function_spec(F function) {
  return std::make_shared<FunctionSpec<NodeType, F>>(std::move(function));
}

/// The specification of an operator that is nothing but a node: `NodeType(name)`.
template <class NodeType>
class PlainSpec final : public ProcessorSpec {
 public:
  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<NodeType>(site.name);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return NodeType::input_type(); }
  [[nodiscard]] std::optional<EdgeType> output() const override { return NodeType::output_type(); }
};

}  // namespace millstream::detail
