#pragma once

#include <millstream/transport/broker.h>

#include <vector>

#include "handles.h"

namespace millstream::kafka {

/// A batch that owns librdkafka's messages; its records are views of them, nothing is copied.
class MessageBatch final : public FetchedBatch {
 public:
  explicit MessageBatch(TopicPartition partition);
  ~MessageBatch() override;
  MessageBatch(const MessageBatch&) = delete;
  MessageBatch& operator=(const MessageBatch&) = delete;

  void add(MessagePtr message);

  [[nodiscard]] const TopicPartition& partition() const override { return partition_; }
  [[nodiscard]] std::span<const FetchedRecord> records() const override { return records_; }
  [[nodiscard]] Headers headers(std::size_t i) const override;

 private:
  TopicPartition partition_;
  std::vector<MessagePtr> messages_;
  std::vector<FetchedRecord> records_;
  bool any_headers_ = false;
};

}  // namespace millstream::kafka
