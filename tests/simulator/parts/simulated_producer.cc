#include <millstream/core/murmur2.h>

#include "simulated_broker.h"

#include <deque>
#include <functional>
#include <map>
#include <utility>

namespace millstream::simulation {

namespace {

constexpr Duration kRetryWait{20};
constexpr Duration kInitPatience{60'000};

/// A producer as the Kafka one behaves: requests are repeated until they are answered, faults come
/// as the three classes, and one whose requests may still be under way is replaced.
class SimulatedProducer final : public Producer {
 public:
  SimulatedProducer(Client& client, const ProducerOptions& options)
      : client_(&client), options_(options), self_{options.transactional_id, -1, -1} {}

  ProducerStatus init_transactions() override {
    const Timestamp deadline = client_->cluster.now() + kInitPatience;
    while (true) {
      client_->travel();
      const Code code = client_->cluster.init_producer(self_, options_.transaction_timeout);
      client_->travel();
      if (code == Code::kOk) return {};
      if (client_->cluster.now() > deadline) return fatal("init_transactions isn't answered");
      client_->scheduler.sleep(kRetryWait);
    }
  }

  ProducerStatus begin_transaction() override {
    if (in_doubt_ && !client_->without_guard) {
      fault_ = {};
      if (auto renewed = init_transactions(); !renewed) return renewed;
    }
    in_doubt_ = false;
    fault_ = {};
    ends_.clear();
    unsent_.clear();
    begun_at_ = client_->cluster.now();
    open_ = true;
    return {};
  }

  ProducerStatus produce(const OutgoingRecord& record) override {
    if (!fault_) return fault_;
    TopicPartition to{std::string(record.topic), 0};
    const auto topic = client_->cluster.topics().find(to.topic);
    if (topic == client_->cluster.topics().end()) {
      return note({ProducerFault::kAbort, Error::user("no topic " + to.topic)});
    }
    const auto count = static_cast<PartitionId>(topic->second.partitions.size());
    to.partition = record.partition ? *record.partition
                   : record.key     ? partition_for_key(*record.key, count)
                                    : 0;
    LogEntry entry;
    if (record.key) entry.key = std::string(*record.key);
    if (record.value) entry.value = std::string(*record.value);
    entry.timestamp = record.timestamp;
    unsent_.emplace_back(std::move(to), std::move(entry));
    // Some are under way before anybody waits for them.
    if (client_->dice.chance(25)) return send_some(client_->dice.index(unsent_.size() + 1));
    return {};
  }

  ProducerStatus flush() override {
    if (unsent_.empty()) {
      // Whoever tries again and again takes time.
      if (!fault_ && options_.transactional_id.empty()) client_->scheduler.sleep(kRetryWait);
      return fault_;
    }
    client_->travel();
    static_cast<void>(send_some(unsent_.size()));
    client_->travel();
    return fault_;
  }

  [[nodiscard]] Offset end_written(const TopicPartition& partition) const override {
    const auto end = ends_.find(partition);
    return end == ends_.end() ? Offset::kNone : end->second;
  }

  void submit_commit(const std::string& group, const OffsetsByPartition& offsets,
                     const Lease& lease) override {
    commit_ = [this, group, offsets, lease] { return commit(group, offsets, lease); };
  }
  std::optional<ProducerStatus> commit_result(Duration) override {
    auto result = commit_();
    commit_ = nullptr;
    return result;
  }

  ProducerStatus abort_transaction() override {
    unsent_.clear();
    if (options_.transactional_id.empty()) {
      fault_ = {};
      ends_.clear();
    }
    if (!open_) return {};
    const auto aborted = end(false);
    if (aborted) open_ = false;
    return aborted;
  }

 private:
  ProducerStatus note(ProducerStatus status) {
    if (fault_) fault_ = std::move(status);
    return fault_;
  }
  static ProducerStatus fatal(const char* why) {
    return {ProducerFault::kFatal, Error::machine(why)};
  }
  ProducerStatus status_of(Code code) const {
    switch (code) {
      case Code::kOk:
        return {};
      case Code::kInvalidProducerEpoch: {
        const bool outlived =
            open_ && client_->cluster.now() - begun_at_ >= options_.transaction_timeout;
        return {outlived ? ProducerFault::kFatal : ProducerFault::kFenced,
                Error::machine("producer epoch is fenced")};
      }
      case Code::kUnknownMember:
        return {ProducerFault::kFenced, Error::machine("unknown member")};
      default:
        return {ProducerFault::kAbort, Error::machine("illegal generation")};
    }
  }

  ProducerStatus send_some(std::size_t count) {
    for (; count > 0 && fault_; --count) {
      auto& [to, entry] = unsent_.front();
      Offset offset = Offset::kNone;
      if (client_->faults.hit(Fault::kFailedRecord)) {
        // It may be in the log all the same.
        if (client_->dice.chance(50)) {
          static_cast<void>(client_->cluster.produce(self_, to, entry, offset));
        }
        return note({ProducerFault::kAbort, Error::machine("a record wasn't delivered")});
      }
      const Code code = client_->cluster.produce(self_, to, entry, offset);
      if (code == Code::kNotCoordinator || code == Code::kConcurrentTransactions) {
        ++count;
        client_->scheduler.sleep(kRetryWait);
        if (unsent_.empty()) return fault_;
        continue;
      }
      if (code != Code::kOk) return note(status_of(code));
      ends_[to] = next(offset);
      unsent_.pop_front();
    }
    return fault_;
  }

  /// Send a request that belongs to the transaction until it is answered.
  Code request(const std::function<Code()>& carry_out) {
    for (int sent = 1;; ++sent) {
      if (sent > 1) in_doubt_ = true;
      client_->travel();
      if (client_->faults.hit(Fault::kLostRequest)) {
        give_up_waiting();
        continue;
      }
      if (client_->faults.hit(Fault::kLateRequest)) {
        const Duration later{client_->dice.between(1, client_->faults.latest.count())};
        client_->cluster.deliver_late(later, [carry_out] { static_cast<void>(carry_out()); });
        if (later > Duration(1000)) give_up_waiting();
        in_doubt_ = true;
        continue;
      }
      const Code code = carry_out();
      if (client_->faults.hit(Fault::kLostAnswer)) {
        give_up_waiting();
        continue;
      }
      client_->travel();
      if (code != Code::kNotCoordinator && code != Code::kConcurrentTransactions) return code;
      client_->scheduler.sleep(kRetryWait);
    }
  }
  void give_up_waiting() {
    in_doubt_ = true;
    client_->scheduler.sleep(Duration(client_->dice.between(200, 3000)));
  }

  ProducerStatus commit(const std::string& group, const OffsetsByPartition& offsets,
                        const Lease& lease) {
    if (auto flushed = flush(); !flushed) return flushed;
    if (!offsets.empty()) {
      if (lease.generation < 0) return {ProducerFault::kFenced, Error::machine("no lease")};
      const Code sent = request([cluster = &client_->cluster, self = self_, group, offsets, lease] {
        return cluster->commit_offsets_in_transaction(self, group, offsets, lease);
      });
      if (sent != Code::kOk) return status_of(sent);
    }
    if (client_->faults.hit(Fault::kUnknownOutcome)) {
      if (client_->dice.chance(50)) {
        static_cast<void>(client_->cluster.end_transaction(self_, true));
      }
      return fatal("given up with unknown outcome");
    }
    const auto committed = end(true);
    if (committed) open_ = false;
    return committed;
  }
  ProducerStatus end(bool commit) {
    return status_of(request([cluster = &client_->cluster, self = self_, commit] {
      return cluster->end_transaction(self, commit);
    }));
  }

  Client* client_;
  ProducerOptions options_;
  ProducerIdentity self_;
  std::deque<std::pair<TopicPartition, LogEntry>> unsent_;
  std::map<TopicPartition, Offset> ends_;
  ProducerStatus fault_;
  std::function<ProducerStatus()> commit_;
  Timestamp begun_at_;
  bool open_ = false;
  /// A copy of a transactional request may still be under way.
  bool in_doubt_ = false;
};

}  // namespace

std::unique_ptr<Producer> make_simulated_producer(Client& client, const ProducerOptions& options) {
  return std::make_unique<SimulatedProducer>(client, options);
}

}  // namespace millstream::simulation
