#include "cluster.h"

#include <millstream/core/assert.h>

#include <algorithm>
#include <utility>

namespace millstream::simulation {

Cluster::Cluster(Scheduler& scheduler, Dice& dice, ArmedFaults& faults)
    : scheduler_(&scheduler), dice_(&dice), faults_(&faults), group_(scheduler, dice) {}

void Cluster::changed() {
  ++version_;
  scheduler_->notify();
}

// ---- Topics
// ---------------------------------------------------------------------------------------

void Cluster::create_topic(const NewTopic& topic) {
  const auto [found, fresh] = topics_.try_emplace(topic.name);
  if (!fresh) return;
  found->second.partitions.resize(static_cast<std::size_t>(topic.partitions));
  found->second.config = topic.config;
}

PartitionLog& Cluster::log(const TopicPartition& partition) {
  return topics_.at(partition.topic).partitions.at(static_cast<std::size_t>(partition.partition));
}

bool Cluster::has(const TopicPartition& partition) const {
  const auto topic = topics_.find(partition.topic);
  return topic != topics_.end() &&
         static_cast<std::size_t>(partition.partition) < topic->second.partitions.size();
}

void Cluster::append(const TopicPartition& to, LogEntry entry) {
  entry.appended_at = now();
  log(to).append(std::move(entry));
  changed();
}

void Cluster::append_aborted(const TopicPartition& to, LogEntry entry) {
  entry.producer = next_producer_++;
  entry.appended_at = now();
  PartitionLog& partition = log(to);
  const std::int64_t producer = entry.producer;
  partition.append(std::move(entry));
  partition.end_transaction(producer, false, now());
  changed();
}

// ---- Transactions
// ---------------------------------------------------------------------------------

Code Cluster::init_producer(ProducerIdentity& producer, Duration timeout) {
  if (refuses(producer.transactional_id)) return Code::kNotCoordinator;
  Transaction& transaction = transactions_[producer.transactional_id];
  if (transaction.id < 0) transaction.id = next_producer_++;
  if (transaction.state == Transaction::State::kOpen) {
    ++transaction.epoch;  // fences its predecessor, whose transaction is aborted first
    begin_ending(transaction, false);
  }
  if (transaction.state == Transaction::State::kEnding) return Code::kConcurrentTransactions;
  ++transaction.epoch;
  transaction.timeout = timeout;
  producer.id = transaction.id;
  producer.epoch = transaction.epoch;
  return Code::kOk;
}

Code Cluster::check_epoch(const ProducerIdentity& producer, Transaction*& transaction) {
  const auto found = transactions_.find(producer.transactional_id);
  if (found == transactions_.end() || found->second.epoch != producer.epoch) {
    return Code::kInvalidProducerEpoch;
  }
  transaction = &found->second;
  return Code::kOk;
}

void Cluster::open(Transaction& transaction) const {
  if (transaction.state == Transaction::State::kOpen) return;
  transaction.state = Transaction::State::kOpen;
  transaction.begun_at = now();
}

Code Cluster::produce(const ProducerIdentity& producer, const TopicPartition& to, LogEntry entry,
                      Offset& offset) {
  if (!has(to)) return Code::kUnknownTopic;
  if (!producer.transactional_id.empty()) {
    if (refuses(producer.transactional_id)) return Code::kNotCoordinator;
    Transaction* transaction = nullptr;
    if (const Code code = check_epoch(producer, transaction); code != Code::kOk) return code;
    if (transaction->state == Transaction::State::kEnding) return Code::kConcurrentTransactions;
    open(*transaction);
    transaction->partitions.insert(to);
    entry.producer = producer.id;
  }
  entry.appended_at = now();
  offset = log(to).append(std::move(entry));
  if (producer.transactional_id.empty()) changed();
  return Code::kOk;
}

Code Cluster::check_lease(const Lease& lease) {
  if (now() < no_groups_until_) {
    if (!std::exchange(no_groups_felt_, true)) faults_->count(Fault::kNoGroups);
    return Code::kNotCoordinator;
  }
  if (faults_->hit(Fault::kRefusedOffsets)) {
    return dice_->chance(50) ? Code::kIllegalGeneration : Code::kUnknownMember;
  }
  if (!group_.knows(lease.member_id)) return Code::kUnknownMember;
  return lease.generation == group_.generation() ? Code::kOk : Code::kIllegalGeneration;
}

Code Cluster::commit_offsets_in_transaction(const ProducerIdentity& producer, const std::string&,
                                            const OffsetsByPartition& offsets, const Lease& lease) {
  if (refuses(producer.transactional_id)) return Code::kNotCoordinator;
  const auto found = transactions_.find(producer.transactional_id);
  if (found == transactions_.end()) return Code::kInvalidProducerEpoch;
  Transaction& transaction = found->second;
  // The partition of the offsets knows only the epochs that have written to it.
  const bool current = producer.epoch == transaction.epoch;
  const bool late = !current && transaction.state == Transaction::State::kOpen &&
                    transaction.offsets_epoch <= producer.epoch;
  if (!current && !late) return Code::kInvalidProducerEpoch;
  if (const Code code = check_lease(lease); code != Code::kOk) return code;
  if (transaction.state == Transaction::State::kEnding) return Code::kConcurrentTransactions;
  if (current) open(transaction);
  transaction.offsets_epoch = std::max(transaction.offsets_epoch, producer.epoch);
  for (const auto& [partition, offset] : offsets) transaction.offsets[partition] = offset;
  return Code::kOk;
}

Code Cluster::end_transaction(const ProducerIdentity& producer, bool commit) {
  if (refuses(producer.transactional_id)) return Code::kNotCoordinator;
  Transaction* transaction = nullptr;
  if (const Code code = check_epoch(producer, transaction); code != Code::kOk) return code;
  switch (transaction->state) {
    case Transaction::State::kOpen:
      begin_ending(*transaction, commit);
      return Code::kOk;
    case Transaction::State::kEnding:
      return transaction->commit == commit ? Code::kOk : Code::kConcurrentTransactions;
    case Transaction::State::kEmpty:
      return Code::kOk;  // a repeated request, or a transaction without records
  }
  return Code::kOk;
}

void Cluster::begin_ending(Transaction& transaction, bool commit) {
  transaction.state = Transaction::State::kEnding;
  transaction.commit = commit;
  if (commit && on_commit_decided) on_commit_decided(transaction.id);
  const Duration slow = std::exchange(next_markers_, Duration(0));
  if (slow.count() > 0) faults_->count(Fault::kSlowMarkers);
  const auto some_time = [&] {
    return now() + Duration(dice_->between(0, slow.count() > 0 ? slow.count() : 8));
  };
  for (const TopicPartition& partition : transaction.partitions) {
    transaction.markers[partition] = some_time();
  }
  transaction.offsets_at = some_time();
}

void Cluster::write_markers(Transaction& transaction, Timestamp until) {
  for (auto marker = transaction.markers.begin(); marker != transaction.markers.end();) {
    if (marker->second > until) {
      ++marker;
      continue;
    }
    log(marker->first).end_transaction(transaction.id, transaction.commit, now());
    marker = transaction.markers.erase(marker);
    changed();
  }
  if (transaction.offsets_at <= until) {
    for (const auto& [partition, offset] : transaction.offsets) {
      if (!transaction.commit) continue;
      Committed& committed = committed_[partition];
      committed = {offset, now(), committed.value};
    }
    if (!transaction.offsets.empty()) changed();
    transaction.offsets.clear();
    transaction.offsets_at = Timestamp::max();
  }
  if (!transaction.markers.empty() || transaction.offsets_at != Timestamp::max()) return;
  transaction.partitions.clear();
  transaction.state = Transaction::State::kEmpty;
  changed();
}

Timestamp Cluster::next_marker(const Transaction& transaction) {
  Timestamp next = transaction.offsets_at;
  for (const auto& [partition, time] : transaction.markers) next = std::min(next, time);
  return next;
}

bool Cluster::is_ending() const {
  return std::any_of(transactions_.begin(), transactions_.end(), [](const auto& entry) {
    return entry.second.state == Transaction::State::kEnding;
  });
}

void Cluster::write_markers() {
  for (auto& [id, transaction] : transactions_) {
    if (transaction.state == Transaction::State::kEnding) {
      write_markers(transaction, Timestamp::max());
    }
  }
}

Code Cluster::commit_offsets(const std::string&, const OffsetsByPartition& offsets,
                             const Lease& lease) {
  if (const Code code = check_lease(lease); code != Code::kOk) return code;
  for (const auto& [partition, offset] : offsets) {
    Committed& committed = committed_[partition];
    committed = {offset, now(), committed.value};
  }
  changed();
  return Code::kOk;
}

bool Cluster::has_pending_offsets(const std::vector<TopicPartition>& partitions) const {
  return std::any_of(transactions_.begin(), transactions_.end(), [&](const auto& entry) {
    return std::any_of(partitions.begin(), partitions.end(), [&](const TopicPartition& partition) {
      return entry.second.offsets.contains(partition);
    });
  });
}

// ---- Time and faults
// ------------------------------------------------------------------------------

void Cluster::tick() {
  while (!late_.empty() && late_.begin()->first <= now()) {
    const auto request = std::move(late_.begin()->second);
    late_.erase(late_.begin());
    request();
  }
  for (auto& [id, transaction] : transactions_) {
    if (transaction.state == Transaction::State::kOpen && !is_away(id) &&
        now() - transaction.begun_at >= transaction.timeout) {
      ++transaction.epoch;
      begin_ending(transaction, false);
    }
    if (transaction.state == Transaction::State::kEnding) write_markers(transaction, now());
  }
  if (group_.tick()) scheduler_->notify();
}

Timestamp Cluster::next_tick() const {
  Timestamp next = late_.empty() ? Timestamp::max() : late_.begin()->first;
  for (const auto& [id, transaction] : transactions_) {
    if (transaction.state == Transaction::State::kOpen) {
      next = std::min(next, std::max(transaction.begun_at + transaction.timeout,
                                     no_transactions_until_.at(coordinator_of(id))));
    } else if (transaction.state == Transaction::State::kEnding) {
      next = std::min(next, next_marker(transaction));
    }
  }
  return std::max(std::min(next, group_.next_tick()), now());
}

void Cluster::deliver_late(Duration after, std::function<void()> request) {
  late_.emplace(now() + after, std::move(request));
}

std::size_t Cluster::coordinator_of(const std::string& transactional_id) {
  std::size_t sum = 0;
  for (const char c : transactional_id) sum += static_cast<unsigned char>(c);
  return sum % kCoordinators;
}

bool Cluster::refuses(const std::string& transactional_id) {
  if (!is_away(transactional_id)) return false;
  if (!std::exchange(no_transactions_felt_, true)) faults_->count(Fault::kNoTransactions);
  return true;
}

void Cluster::lose_transaction_coordinator(Duration time) {
  const std::size_t spared = dice_->index(2 * kCoordinators);  // half of the time none is
  for (std::size_t i = 0; i < kCoordinators; ++i) {
    if (i != spared) no_transactions_until_.at(i) = now() + time;
  }
  no_transactions_felt_ = false;
}

void Cluster::lose_group_coordinator(Duration time) {
  no_groups_until_ = now() + time;
  no_groups_felt_ = false;
}

bool Cluster::time_out_a_transaction() {
  for (auto& [id, transaction] : transactions_) {
    if (transaction.state != Transaction::State::kOpen) continue;
    ++transaction.epoch;
    begin_ending(transaction, false);
    return true;
  }
  return false;
}

void Cluster::compact(Duration tombstone_retention,
                      const std::function<Offset(const TopicPartition&)>& limit) {
  for (auto& [name, topic] : topics_) {
    const auto policy = topic.config.find("cleanup.policy");
    if (policy == topic.config.end() || !policy->second.starts_with("compact")) continue;
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      topic.partitions[i].compact(limit({name, static_cast<PartitionId>(i)}), now(),
                                  tombstone_retention);
    }
  }
}

std::vector<TopicPartition> Cluster::expire_offsets(Duration retention) {
  std::vector<TopicPartition> forgotten;
  for (const auto& [partition, committed] : committed_) {
    if (now() - committed.at > retention) forgotten.push_back(partition);
  }
  for (const TopicPartition& partition : forgotten) committed_.erase(partition);
  return forgotten;
}

}  // namespace millstream::simulation
