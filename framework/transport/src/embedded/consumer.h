#pragma once

#include "block.h"
#include "log.h"
#include "partition_log.h"
#include "signal.h"

#include <millstream/transport/broker.h>

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace millstream::embedded {

/// Records as views of the log's blocks. **Thread**: as FetchedBatch.
class EmbeddedBatch final : public FetchedBatch {
 public:
  explicit EmbeddedBatch(std::shared_ptr<const PartitionLog> log) : log_(std::move(log)) {}

  [[nodiscard]] const TopicPartition& partition() const override { return log_->name(); }
  [[nodiscard]] std::span<const FetchedRecord> records() const override { return records_; }
  [[nodiscard]] Headers headers(std::size_t i) const override;

 private:
  friend class PartitionReader;
  std::shared_ptr<const PartitionLog> log_;
  std::vector<BlockPtr> blocks_;
  std::vector<FetchedRecord> records_;
  /// The records that have headers, in order.
  std::vector<std::pair<std::size_t, std::string_view>> headers_;
};

/// One consumer's place in one partition. **Thread**: its consumer's.
class PartitionReader {
 public:
  PartitionReader(std::shared_ptr<PartitionLog> log, Offset position)
      : log_(std::move(log)), position_(position), fetched_to_(position) {}

  [[nodiscard]] PartitionLog& log() const { return *log_; }
  [[nodiscard]] Offset position() const { return position_; }
  void seek(Offset position);
  /// Whether `read` would get further.
  [[nodiscard]] bool is_ready() const {
    return !blocks_.empty() || position_ < log_->readable_end();
  }
  /// Up to `max_records` records; null when there was only a gap, which has then been passed.
  Result<std::unique_ptr<FetchedBatch>> read(std::size_t max_records, std::size_t max_bytes,
                                             Logger& logger);

  bool paused = false;

 private:
  Status fetch(std::size_t max_bytes, Logger& logger);
  Status decode(EmbeddedBatch& batch, std::size_t max_records);

  const std::shared_ptr<PartitionLog> log_;
  Offset position_;
  std::deque<BlockPtr> blocks_;
  /// Where the decoding of the first block has come to.
  std::optional<BlockCursor> cursor_;
  /// Nothing is missing between `blocks_` and this offset.
  Offset fetched_to_;
};

class EmbeddedConsumer final : public Consumer {
 public:
  EmbeddedConsumer(Log& log, const ConsumerOptions& options);
  ~EmbeddedConsumer() override;
  EmbeddedConsumer(const EmbeddedConsumer&) = delete;
  EmbeddedConsumer& operator=(const EmbeddedConsumer&) = delete;

  Status assign(std::span<const PartitionPosition> partitions) override;
  void unassign(std::span<const TopicPartition> partitions) override;
  Status seek(const PartitionPosition& position) override;
  void pause(const TopicPartition& partition) override;
  void resume(const TopicPartition& partition) override;
  Result<std::vector<std::unique_ptr<FetchedBatch>>> poll(std::size_t max_records,
                                                          Duration timeout) override;
  [[nodiscard]] Offset position(const TopicPartition& partition) const override;
  [[nodiscard]] Offset known_end(const TopicPartition& partition) const override;

 private:
  using Batches = std::vector<std::unique_ptr<FetchedBatch>>;
  void find_ready();
  Result<Batches> read_ready(std::size_t max_records);

  Log& log_;
  const std::size_t fetch_budget_;
  const std::shared_ptr<Signal> signal_;
  std::map<TopicPartition, PartitionReader> readers_;
  /// The partitions that have something, beginning with another one each time.
  std::vector<PartitionReader*> ready_;
  std::size_t turn_ = 0;
};

}  // namespace millstream::embedded
