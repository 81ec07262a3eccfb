#pragma once

#include <millstream/topology/detail/edge_codec.h>
#include <millstream/topology/node.h>
#include <millstream/topology/node_spec.h>
#include <millstream/topology/options.h>

#include <memory>
#include <optional>
#include <utility>

namespace millstream::detail {

/// What a typed source does with bytes.
template <class K, class V>
struct SourceCodec {
  Serde<SerdeTarget<K>> key_serde;
  Serde<SerdeTarget<V>> value_serde;
  TimestampExtractor<K, V> timestamp_extractor = {};
  /// An internal topic: default.timestamp.extractor isn't for it.
  bool internal = false;
};

/// Says in `context`'s handlers and counters what became of a record that can't be loaded.
void reject_undecodable(TaskContext& context, const Node& node, const char* part,
                        const Status& status);
[[nodiscard]] ExtractionContext extraction_context(const TaskContext& context,
                                                   const RawRecord& record,
                                                   Timestamp partition_time);
/// The extracted timestamp, or nothing if the record is to be dropped (it has been counted).
[[nodiscard]] std::optional<Timestamp> accept_timestamp(TaskContext& context, const Node& node,
                                                        Timestamp extracted);

/// The head of one source partition.
template <class K, class V>
class TypedSourceHead final : public SourceHead {
 public:
  TypedSourceHead(const Node& node, const SourceCodec<K, V>& codec, const Outputs<K, V>& outputs,
                  TaskContext* const& context)
      : node_(&node), codec_(&codec), outputs_(&outputs), context_(&context) {}

  Outcome load(const RawRecord& raw, Timestamp partition_time) override {
    TaskContext& context = **context_;
    if (const Status status = key_.read(raw.key, codec_->key_serde); !status) {
      reject_undecodable(context, *node_, "key", status);
      return Outcome::kSkip;
    }
    if (const Status status = value_.read(raw.value, codec_->value_serde); !status) {
      reject_undecodable(context, *node_, "value", status);
      return Outcome::kSkip;
    }
    headers_ = raw.headers;
    return extract(context, raw, partition_time);
  }

  [[nodiscard]] Timestamp timestamp() const override { return timestamp_; }

  void process() override {
    outputs_->forward(Record<K, V>(key_.get(), value_.get(), timestamp_, *headers_));
  }
  void prefetch(const ComingRecord& record) override { outputs_->prefetch(record); }
  [[nodiscard]] bool prefetches() const override { return outputs_->prefetches(); }

 private:
  Outcome extract(TaskContext& context, const RawRecord& raw, Timestamp partition_time) {
    const Record<K, V> record(key_.get(), value_.get(), raw.timestamp, *headers_);
    const ExtractionContext extraction = extraction_context(context, raw, partition_time);
    const Timestamp extracted =
        codec_->timestamp_extractor
            ? codec_->timestamp_extractor(record, extraction)
            : extract_timestamp(codec_->internal ? DefaultTimestampExtractor::kFail
                                                 : context.default_timestamp_extractor(),
                                raw.timestamp, extraction);
    const auto accepted = accept_timestamp(context, *node_, extracted);
    if (!accepted) return Outcome::kSkip;
    timestamp_ = *accepted;
    return Outcome::kReady;
  }

  const Node* node_;
  const SourceCodec<K, V>* codec_;
  const Outputs<K, V>* outputs_;
  TaskContext* const* context_;
  EdgeSlot<K> key_;
  EdgeSlot<V> value_;
  Headers* headers_ = nullptr;
  Timestamp timestamp_;
};

template <class K, class V>
class TypedSourceNode final : public SourceNode {
 public:
  TypedSourceNode(std::string name, const SourceCodec<K, V>& codec)
      : SourceNode(std::move(name)), codec_(&codec) {}

  void connect(Node& child) override { outputs_.connect(child); }
  void init(TaskContext& context) override {
    context_ = &context;
    outputs_.init(context);
  }
  [[nodiscard]] std::unique_ptr<SourceHead> make_head() override {
    return std::make_unique<TypedSourceHead<K, V>>(*this, *codec_, outputs_, context_);
  }

 private:
  const SourceCodec<K, V>* codec_;
  Outputs<K, V> outputs_;
  TaskContext* context_ = nullptr;
};

template <class K, class V>
class SourceFactory final : public NodeFactory {
 public:
  explicit SourceFactory(SourceCodec<K, V> codec) : codec_(std::move(codec)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<TypedSourceNode<K, V>>(site.name, codec_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return std::nullopt; }
  [[nodiscard]] std::optional<EdgeType> output() const override { return EdgeType::of<K, V>(); }

 private:
  SourceCodec<K, V> codec_;
};

}  // namespace millstream::detail
