#pragma once

#include <millstream/topology/fixed_key_processor.h>
#include <millstream/topology/node.h>
#include <millstream/topology/node_spec.h>
#include <millstream/topology/processor.h>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace millstream::detail {

/// The processor type that a supplier makes.
template <class Supplier>
using SuppliedProcessor =
    typename std::remove_cvref_t<std::invoke_result_t<const Supplier&>>::element_type;

/// Children of a node, or none where the output types are void.
template <class K, class V>
struct OutputsOf {
  Outputs<K, V> outputs;
  static std::optional<EdgeType> type() { return EdgeType::of<K, V>(); }
  void connect(Node& child) { outputs.connect(child); }
  void init(TaskContext& context) { outputs.init(context); }
  ProcessorContext<K, V> context(TaskContext& task, const NodeSite& site) const {
    return ProcessorContext<K, V>(task, site, outputs);
  }
};
template <>
struct OutputsOf<void, void> {
  static std::optional<EdgeType> type() { return std::nullopt; }
  void connect(Node&) {}
  void init(TaskContext&) {}
  ProcessorContext<void, void> context(TaskContext& task, const NodeSite& site) const {
    return {task, site};
  }
};

template <class P>
class ProcessorNode final : public Node, public Input<typename P::KeyIn, typename P::ValueIn> {
 public:
  using Outs = OutputsOf<typename P::KeyOut, typename P::ValueOut>;

  ProcessorNode(const NodeSite& site, std::unique_ptr<P> processor)
      : Node(site.name), site_(site), processor_(std::move(processor)) {}

  void connect(Node& child) override { outputs_.connect(child); }
  void init(TaskContext& context) override {
    outputs_.init(context);
    context_.emplace(outputs_.context(context, site_));
    processor_->init(*context_);
  }
  void process(const Record<typename P::KeyIn, typename P::ValueIn>& record) override {
    processor_->process(record);
  }
  void close() override { processor_->close(); }

 private:
  NodeSite site_;
  Outs outputs_;
  std::optional<ProcessorContext<typename P::KeyOut, typename P::ValueOut>> context_;
  std::unique_ptr<P> processor_;
};

template <class P>
class FixedKeyProcessorNode final : public Node,
                                    public Input<typename P::Key, typename P::ValueIn> {
 public:
  FixedKeyProcessorNode(const NodeSite& site, std::unique_ptr<P> processor)
      : Node(site.name), site_(site), processor_(std::move(processor)) {}

  void connect(Node& child) override { outputs_.connect(child); }
  void init(TaskContext& context) override {
    outputs_.init(context);
    context_.emplace(context, site_, outputs_);
    processor_->init(*context_);
  }
  void process(const Record<typename P::Key, typename P::ValueIn>& record) override {
    processor_->process(FixedKeyRecord<typename P::Key, typename P::ValueIn>(record));
  }
  void close() override { processor_->close(); }

 private:
  NodeSite site_;
  Outputs<typename P::Key, typename P::ValueOut> outputs_;
  std::optional<FixedKeyProcessorContext<typename P::Key, typename P::ValueOut>> context_;
  std::unique_ptr<P> processor_;
};

/// Makes the nodes of a user's processor. `Supplier` is shared by all tasks: callable as const.
template <class Supplier>
class ProcessorFactory final : public NodeFactory {
 public:
  using P = SuppliedProcessor<Supplier>;
  explicit ProcessorFactory(Supplier supplier) : supplier_(std::move(supplier)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<ProcessorNode<P>>(site, supplier_());
  }
  [[nodiscard]] std::optional<EdgeType> input() const override {
    return EdgeType::of<typename P::KeyIn, typename P::ValueIn>();
  }
  [[nodiscard]] std::optional<EdgeType> output() const override {
    return OutputsOf<typename P::KeyOut, typename P::ValueOut>::type();
  }

 private:
  Supplier supplier_;
};

template <class Supplier>
class FixedKeyProcessorFactory final : public NodeFactory {
 public:
  using P = SuppliedProcessor<Supplier>;
  explicit FixedKeyProcessorFactory(Supplier supplier) : supplier_(std::move(supplier)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<FixedKeyProcessorNode<P>>(site, supplier_());
  }
  [[nodiscard]] std::optional<EdgeType> input() const override {
    return EdgeType::of<typename P::Key, typename P::ValueIn>();
  }
  [[nodiscard]] std::optional<EdgeType> output() const override {
    return EdgeType::of<typename P::Key, typename P::ValueOut>();
  }

 private:
  Supplier supplier_;
};

}  // namespace millstream::detail
