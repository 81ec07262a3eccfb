#pragma once

#include <millstream/topology/detail/edge_codec.h>
#include <millstream/topology/node.h>
#include <millstream/topology/node_spec.h>
#include <millstream/topology/options.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace millstream::detail {

/// What a typed sink does with records.
template <class K, class V>
struct SinkCodec {
  Serde<SerdeTarget<K>> key_serde;
  Serde<SerdeTarget<V>> value_serde;
  StreamPartitioner<K, V> partitioner = {};
  /// Empty: all records go to the topic of the node's place.
  TopicNameExtractor<K, V> topic_extractor = {};
};

[[noreturn]] void fail_on_negative_timestamp(const Node& node, Timestamp timestamp);
void reject_unserializable(TaskContext& context, const Node& node, const char* part,
                           const Status& status);

template <class K, class V>
class SinkNode final : public Node, public Input<K, V> {
 public:
  SinkNode(const NodeSite& site, const SinkCodec<K, V>& codec)
      : Node(site.name), topic_(site.topic), codec_(&codec) {}

  void connect(Node&) override {}
  void init(TaskContext& context) override { context_ = &context; }

  void process(const Record<K, V>& record) override {
    if (!record.timestamp().is_valid()) fail_on_negative_timestamp(*this, record.timestamp());
    std::optional<std::string_view> key;
    std::optional<std::string_view> value;
    if (const Status s = write_edge(record.key(), codec_->key_serde, key_buffer_, key); !s) {
      return reject_unserializable(*context_, *this, "key", s);
    }
    if (const Status s = write_edge(record.value(), codec_->value_serde, value_buffer_, value);
        !s) {
      return reject_unserializable(*context_, *this, "value", s);
    }
    if (codec_->topic_extractor) {
      topic_ = codec_->topic_extractor(record, context_->record_metadata());
    }
    context_->send(name(), topic_, partition(record), key, value, record.timestamp(),
                   record.headers());
  }

 private:
  std::optional<PartitionId> partition(const Record<K, V>& record) const {
    if (!codec_->partitioner) return std::nullopt;
    return codec_->partitioner(topic_, record.key(), record.value(),
                               context_->partition_count(topic_));
  }

  std::string topic_;
  const SinkCodec<K, V>* codec_;
  TaskContext* context_ = nullptr;
  std::string key_buffer_;
  std::string value_buffer_;
};

template <class K, class V>
class SinkFactory final : public NodeFactory {
 public:
  explicit SinkFactory(SinkCodec<K, V> codec) : codec_(std::move(codec)) {}

  [[nodiscard]] std::unique_ptr<Node> make(const NodeSite& site) const override {
    return std::make_unique<SinkNode<K, V>>(site, codec_);
  }
  [[nodiscard]] std::optional<EdgeType> input() const override { return EdgeType::of<K, V>(); }
  [[nodiscard]] std::optional<EdgeType> output() const override { return std::nullopt; }

 private:
  SinkCodec<K, V> codec_;
};

}  // namespace millstream::detail
