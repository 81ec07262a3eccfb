#pragma once

#include <millstream/testing/test_record.h>
#include <millstream/transport/broker.h>

#include <span>
#include <utility>

namespace millstream {

/// A fetched batch of one record.
class TestBatch final : public FetchedBatch {
 public:
  TestBatch(TopicPartition partition, Offset offset, RawTestRecord record)
      : partition_(std::move(partition)), record_(std::move(record)) {
    fetched_.offset = offset;
    fetched_.timestamp = record_.timestamp;
    if (record_.key) fetched_.key = *record_.key;
    if (record_.value) fetched_.value = *record_.value;
  }
  [[nodiscard]] const TopicPartition& partition() const override { return partition_; }
  [[nodiscard]] std::span<const FetchedRecord> records() const override { return {&fetched_, 1}; }
  [[nodiscard]] Headers headers(std::size_t) const override { return record_.headers; }

 private:
  TopicPartition partition_;
  RawTestRecord record_;
  FetchedRecord fetched_;
};

}  // namespace millstream
