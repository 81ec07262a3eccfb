#include <millstream/core/assert.h>

#include "simulated_broker.h"

#include <map>
#include <utility>

namespace millstream::simulation {

namespace {

class Batch final : public FetchedBatch {
 public:
  explicit Batch(TopicPartition partition) : partition_(std::move(partition)) {}

  void add(Offset offset, const LogEntry& entry) {
    entries_.push_back(entry);
    offsets_.push_back(offset);
  }
  void finish() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const LogEntry& e = entries_[i];
      records_.push_back({offsets_[i], e.timestamp,
                          e.key ? std::optional<std::string_view>(*e.key) : std::nullopt,
                          e.value ? std::optional<std::string_view>(*e.value) : std::nullopt});
    }
  }
  [[nodiscard]] const TopicPartition& partition() const override { return partition_; }
  [[nodiscard]] std::span<const FetchedRecord> records() const override { return records_; }
  [[nodiscard]] Headers headers(std::size_t) const override { return {}; }

 private:
  TopicPartition partition_;
  std::vector<LogEntry> entries_;
  std::vector<Offset> offsets_;
  std::vector<FetchedRecord> records_;
};

class SimulatedConsumer final : public Consumer {
 public:
  SimulatedConsumer(Client& client, Isolation isolation)
      : client_(&client), isolation_(isolation) {}

  Status assign(std::span<const PartitionPosition> partitions) override {
    for (const auto& [partition, offset] : partitions) assigned_[partition] = {offset, false};
    return {};
  }
  void unassign(std::span<const TopicPartition> partitions) override {
    for (const TopicPartition& partition : partitions) assigned_.erase(partition);
  }
  Status seek(const PartitionPosition& position) override {
    assigned_.at(position.partition).position = position.offset;
    return {};
  }
  void pause(const TopicPartition& partition) override { hold(partition, true); }
  void resume(const TopicPartition& partition) override { hold(partition, false); }

  Result<std::vector<std::unique_ptr<FetchedBatch>>> poll(std::size_t, Duration timeout) override {
    const Timestamp deadline = client_->cluster.now() + timeout;
    auto batches = fetch();
    while (batches.empty() && client_->cluster.now() < deadline) {
      client_->scheduler.wait_for_news(deadline - client_->cluster.now());
      batches = fetch();
      if (client_->cluster.now() < deadline && batches.empty() && client_->dice.chance(30)) break;
    }
    return batches;
  }
  [[nodiscard]] Offset position(const TopicPartition& partition) const override {
    const auto found = assigned_.find(partition);
    return found == assigned_.end() ? Offset::kNone : found->second.position;
  }
  [[nodiscard]] Offset known_end(const TopicPartition& partition) const override {
    return client_->cluster.log(partition).end();
  }

 private:
  struct Assigned {
    Offset position = Offset::kNone;
    bool held = false;
  };
  void hold(const TopicPartition& partition, bool held) {
    const auto found = assigned_.find(partition);
    if (found != assigned_.end()) found->second.held = held;
  }
  std::vector<std::unique_ptr<FetchedBatch>> fetch() {
    std::vector<std::unique_ptr<FetchedBatch>> batches;
    for (auto& [partition, assigned] : assigned_) {
      if (assigned.held) continue;
      if (auto batch = fetch_from(partition, assigned)) batches.push_back(std::move(batch));
    }
    return batches;
  }
  std::unique_ptr<FetchedBatch> fetch_from(const TopicPartition& partition, Assigned& assigned) {
    const PartitionLog& log = client_->cluster.log(partition);
    const bool committed = isolation_ == Isolation::kReadCommitted;
    const Offset end = committed ? log.last_stable() : log.end();
    if (assigned.position >= end) return nullptr;
    auto batch = std::make_unique<Batch>(partition);
    std::int64_t room = client_->dice.between(1, 6);
    for (; assigned.position < end && room > 0; assigned.position = next(assigned.position)) {
      const LogEntry& entry = log.at(assigned.position);
      if (entry.kind != LogEntry::Kind::kRecord || entry.removed) continue;
      if (committed && entry.aborted) continue;
      batch->add(assigned.position, entry);
      --room;
    }
    batch->finish();
    if (batch->records().empty()) return nullptr;
    return batch;
  }

  Client* client_;
  Isolation isolation_;
  std::map<TopicPartition, Assigned> assigned_;
};

}  // namespace

std::unique_ptr<Consumer> make_simulated_consumer(Client& client, Isolation isolation) {
  return std::make_unique<SimulatedConsumer>(client, isolation);
}

}  // namespace millstream::simulation
