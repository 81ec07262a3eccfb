#include "consumer.h"

#include <algorithm>

namespace millstream::embedded {
namespace {

/// Fetched ahead in one partition at most: enough to make a scan worth its while.
constexpr std::size_t kMostPerFetch = std::size_t{1} << 20U;

}  // namespace

EmbeddedConsumer::EmbeddedConsumer(Log& log, const ConsumerOptions& options)
    : log_(log), fetch_budget_(options.fetch_budget), signal_(std::make_shared<Signal>()) {}

EmbeddedConsumer::~EmbeddedConsumer() {
  for (const auto& entry : readers_) entry.second.log().detach(*signal_);
}

Status EmbeddedConsumer::assign(std::span<const PartitionPosition> partitions) {
  for (const PartitionPosition& wanted : partitions) {
    const auto log = log_.topics().find(wanted.partition);
    if (!log) return log.error();
    const auto [it, fresh] = readers_.try_emplace(wanted.partition, *log, Offset{0});
    if (fresh) (*log)->attach(signal_);
    MILLSTREAM_TRY(seek(wanted));
  }
  return {};
}

void EmbeddedConsumer::unassign(std::span<const TopicPartition> partitions) {
  for (const TopicPartition& partition : partitions) {
    const auto it = readers_.find(partition);
    if (it == readers_.end()) continue;
    it->second.log().detach(*signal_);
    readers_.erase(it);
  }
}

Status EmbeddedConsumer::seek(const PartitionPosition& position) {
  const auto it = readers_.find(position.partition);
  if (it == readers_.end()) {
    return Error::user("cannot seek " + position.partition.to_string() + ": it is not assigned");
  }
  const PartitionLog& log = it->second.log();
  const Offset end = log.readable_end();
  if (position.offset > end) {
    return Error::machine("offset " + std::to_string(to_int(position.offset)) + " of " +
                          position.partition.to_string() + " lies beyond the log's end " +
                          std::to_string(to_int(end)) +
                          ": it was kept from another log, or from before a loss");
  }
  it->second.seek(position.offset == Offset::kNone ? log.start() : position.offset);
  return {};
}

void EmbeddedConsumer::pause(const TopicPartition& partition) {
  const auto it = readers_.find(partition);
  if (it != readers_.end()) it->second.paused = true;
}

void EmbeddedConsumer::resume(const TopicPartition& partition) {
  const auto it = readers_.find(partition);
  if (it != readers_.end()) it->second.paused = false;
}

Result<EmbeddedConsumer::Batches> EmbeddedConsumer::poll(std::size_t max_records,
                                                         Duration timeout) {
  const auto deadline = Signal::after(timeout);
  for (;;) {
    signal_->clear();
    find_ready();
    if (!ready_.empty()) return read_ready(std::max<std::size_t>(max_records, 1));
    if (!signal_->wait_until(deadline)) return Batches();
  }
}

void EmbeddedConsumer::find_ready() {
  ready_.clear();
  for (auto& entry : readers_) {
    if (!entry.second.paused && entry.second.is_ready()) ready_.push_back(&entry.second);
  }
  if (ready_.empty()) return;
  const auto first = static_cast<std::ptrdiff_t>(turn_++ % ready_.size());
  std::rotate(ready_.begin(), ready_.begin() + first, ready_.end());
}

/// Shares the records out evenly, so that no partition keeps the others waiting.
Result<EmbeddedConsumer::Batches> EmbeddedConsumer::read_ready(std::size_t max_records) {
  Batches batches;
  std::size_t left = max_records;
  const std::size_t most_bytes =
      std::min(kMostPerFetch, fetch_budget_ / std::max<std::size_t>(readers_.size(), 1));
  for (std::size_t i = 0; i < ready_.size() && left > 0; ++i) {
    const std::size_t partitions = ready_.size() - i;
    const std::size_t share = (left + partitions - 1) / partitions;
    auto batch = ready_[i]->read(share, most_bytes, log_.logger());
    if (!batch) return batch.error();
    if (*batch == nullptr) continue;
    left -= (*batch)->records().size();
    batches.push_back(std::move(*batch));
  }
  return batches;
}

Offset EmbeddedConsumer::position(const TopicPartition& partition) const {
  const auto it = readers_.find(partition);
  return it == readers_.end() ? Offset::kNone : it->second.position();
}

Offset EmbeddedConsumer::known_end(const TopicPartition& partition) const {
  const auto it = readers_.find(partition);
  return it == readers_.end() ? Offset::kNone : it->second.log().readable_end();
}

}  // namespace millstream::embedded
