#pragma once

#include <millstream/transport/broker.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace anomaly {

/// A topic in memory behind the Broker interface, as far as a reader needs it.
class FakeLog final : public millstream::Broker, private millstream::Admin {
  template <class T>
  using Result = millstream::Result<T>;
  using Status = millstream::Status;
  using Partitions = std::span<const millstream::TopicPartition>;
  using Offsets = std::map<millstream::TopicPartition, millstream::Offset>;

 public:
  explicit FakeLog(std::string topic, millstream::PartitionId partitions = 1)
      : topic_(std::move(topic)), logs_(static_cast<std::size_t>(partitions)) {}

  /// Append a record at the end, or behind a gap of offsets such as a control record leaves.
  void append(std::string value, millstream::PartitionId partition = 0, std::int64_t gap = 0) {
    Log& log = logs_[static_cast<std::size_t>(partition)];
    log.end += gap;
    log.records.emplace(log.end++, std::move(value));
  }
  void delete_before(std::int64_t offset, millstream::PartitionId partition = 0) {
    Log& log = logs_[static_cast<std::size_t>(partition)];
    log.begin = offset;
    log.records.erase(log.records.begin(), log.records.lower_bound(offset));
  }
  void clear(millstream::PartitionId partition = 0) {
    logs_[static_cast<std::size_t>(partition)] = Log{};
  }
  void add_partition() { logs_.emplace_back(); }
  [[nodiscard]] std::size_t polled_records() const { return polled_; }
  bool consumer_fails = false;

  Result<std::unique_ptr<millstream::Consumer>> make_consumer(
      const millstream::ConsumerOptions&) override {
    return std::unique_ptr<millstream::Consumer>(std::make_unique<Reader>(*this));
  }
  Result<std::unique_ptr<millstream::Producer>> make_producer(
      const millstream::ProducerOptions&) override {
    return millstream::Error::machine("no producer here");
  }
  Result<std::unique_ptr<millstream::Membership>> join(
      const millstream::MembershipOptions&) override {
    return millstream::Error::machine("no groups here");
  }
  millstream::Admin& admin() override { return *this; }
  Status sync() override { return {}; }

 private:
  struct Log {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::map<std::int64_t, std::string> records;
  };

  class Batch final : public millstream::FetchedBatch {
   public:
    Batch(millstream::TopicPartition partition, const Log& log, std::int64_t from, std::size_t max)
        : partition_(std::move(partition)) {
      for (auto at = log.records.lower_bound(from); at != log.records.end() && values_.size() < max;
           ++at) {
        values_.push_back(at->second);
        records_.push_back({.offset = millstream::Offset{at->first},
                            .timestamp = millstream::Timestamp(0),
                            .value = values_.back()});
      }
    }
    [[nodiscard]] const millstream::TopicPartition& partition() const override {
      return partition_;
    }
    [[nodiscard]] std::span<const millstream::FetchedRecord> records() const override {
      return records_;
    }
    [[nodiscard]] millstream::Headers headers(std::size_t) const override { return {}; }

   private:
    millstream::TopicPartition partition_;
    std::deque<std::string> values_;
    std::vector<millstream::FetchedRecord> records_;
  };

  class Reader final : public millstream::Consumer {
   public:
    explicit Reader(FakeLog& log) : log_(log) {}
    Status assign(std::span<const millstream::PartitionPosition> partitions) override {
      for (const auto& one : partitions) positions_[one.partition] = to_int(one.offset);
      return {};
    }
    void unassign(Partitions) override {}
    Status seek(const millstream::PartitionPosition& position) override {
      positions_[position.partition] = to_int(position.offset);
      return {};
    }
    void pause(const millstream::TopicPartition&) override {}
    void resume(const millstream::TopicPartition&) override {}
    Result<std::vector<std::unique_ptr<millstream::FetchedBatch>>> poll(
        std::size_t max, millstream::Duration) override {
      if (std::exchange(log_.consumer_fails, false)) {
        return millstream::Error::machine("the consumer is done for");
      }
      std::vector<std::unique_ptr<millstream::FetchedBatch>> out;
      for (auto& [partition, position] : positions_) {
        const Log& log = log_.log_of(partition);
        auto batch = std::make_unique<Batch>(partition, log, position, max);
        log_.polled_ += batch->records().size();
        position = batch->records().empty() ? log.end : to_int(batch->records().back().offset) + 1;
        if (!batch->records().empty()) out.push_back(std::move(batch));
      }
      return out;
    }
    [[nodiscard]] millstream::Offset position(
        const millstream::TopicPartition& partition) const override {
      return millstream::Offset{positions_.at(partition)};
    }
    [[nodiscard]] millstream::Offset known_end(
        const millstream::TopicPartition& partition) const override {
      return millstream::Offset{log_.log_of(partition).end};
    }

   private:
    FakeLog& log_;
    std::map<millstream::TopicPartition, std::int64_t> positions_;
  };

  [[nodiscard]] const Log& log_of(const millstream::TopicPartition& partition) const {
    return logs_[static_cast<std::size_t>(partition.partition)];
  }
  template <class Get>
  Result<Offsets> offsets(Partitions partitions, Get get) const {
    Offsets out;
    for (const auto& one : partitions) out[one] = millstream::Offset{get(log_of(one))};
    return out;
  }

  Status create_topics(std::span<const millstream::NewTopic>) override { return {}; }
  Status delete_topics(std::span<const std::string>) override { return {}; }
  Result<std::map<std::string, millstream::PartitionId>> partition_counts(
      std::span<const std::string>) override {
    return std::map<std::string, millstream::PartitionId>{
        {topic_, static_cast<millstream::PartitionId>(logs_.size())}};
  }
  Result<std::vector<std::string>> list_topics() override { return std::vector{topic_}; }
  Result<std::map<std::string, std::string>> topic_config(const std::string&) override {
    return std::map<std::string, std::string>{};
  }
  Result<Offsets> beginning_offsets(Partitions partitions) override {
    return offsets(partitions, [](const Log& log) { return log.begin; });
  }
  Result<Offsets> end_offsets(Partitions partitions, millstream::Isolation) override {
    return offsets(partitions, [](const Log& log) { return log.end; });
  }
  Result<Offsets> offsets_for_time(Partitions, millstream::Timestamp) override { return Offsets{}; }
  Result<millstream::OffsetsByPartition> committed_offsets(const std::string&,
                                                           Partitions) override {
    return millstream::OffsetsByPartition{};
  }
  Status reset_offsets(const std::string&, const millstream::OffsetsByPartition&) override {
    return {};
  }
  Status delete_records(std::span<const millstream::PartitionPosition>) override { return {}; }

  std::string topic_;
  std::vector<Log> logs_;
  std::size_t polled_ = 0;
};

}  // namespace anomaly
