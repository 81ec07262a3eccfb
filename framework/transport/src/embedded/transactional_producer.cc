#include "producer.h"

#include <utility>

namespace millstream::embedded {
namespace {

ProducerStatus misuse(const char* what) { return {ProducerFault::kFatal, Error::user(what)}; }

}  // namespace

TransactionalProducer::TransactionalProducer(Log& log, std::shared_ptr<TransactionalId> id)
    : log_(log), id_(std::move(id)), outbox_(log.topics()) {}

TransactionalProducer::~TransactionalProducer() {
  const std::scoped_lock lock(id_->mutex);
  if (id_->epoch == epoch_) id_->open.reset();
}

ProducerStatus TransactionalProducer::init_transactions() {
  const std::scoped_lock lock(id_->mutex);
  const auto epoch = log_.transactions().fence(*id_);
  if (!epoch) return {ProducerFault::kFatal, epoch.error()};
  epoch_ = *epoch;
  begun_ = false;
  outbox_.drop();
  return {};
}

ProducerStatus TransactionalProducer::begin_transaction() {
  if (begun_) return misuse("begin_transaction: the last transaction is still open");
  const std::scoped_lock lock(id_->mutex);
  begun_ = true;
  if (ProducerStatus open = check_open(); !open) {
    begun_ = false;
    return open;
  }
  id_->open = std::make_unique<Write>(log_);
  outbox_.forget_ends();
  bytes_before_ = outbox_.bytes_added();
  refused_ = {};
  result_.reset();
  return {};
}

ProducerStatus TransactionalProducer::check_open() const {
  if (epoch_ == 0) return misuse("a transactional producer needs init_transactions first");
  if (id_->epoch != epoch_) {
    return {ProducerFault::kFenced,
            Error::machine("a newer producer has the transactional.id \"" + id_->name + "\"")};
  }
  if (!begun_) return misuse("there is no open transaction; begin_transaction comes first");
  return {};
}

ProducerStatus TransactionalProducer::produce(const OutgoingRecord& record) {
  if (!begun_) return misuse("produce: there is no open transaction");
  const Result<OutboxSlot*> added = outbox_.add(record);
  ProducerStatus refused;
  if (!added) {
    refused = {ProducerFault::kAbort, added.error()};
  } else if (outbox_.bytes_added() - bytes_before_ > log_.settings().transaction_bytes) {
    refused = {ProducerFault::kAbort,
               Error::user("a transaction of \"" + id_->name + "\" is larger than " +
                           std::to_string(log_.settings().transaction_bytes) +
                           " bytes; commit more often, or raise embedded.transaction.max.bytes")};
  } else {
    if ((*added)->is_full()) (*added)->seal(log_.clock().now());
    return {};
  }
  if (refused_) refused_ = refused;
  return refused;
}

ProducerStatus TransactionalProducer::flush() {
  const std::scoped_lock lock(id_->mutex);
  return reserve();
}

ProducerStatus TransactionalProducer::reserve() {
  if (ProducerStatus open = check_open(); !open) return open;
  if (!refused_) return refused_;
  const Timestamp now = log_.clock().now();
  for (OutboxSlot* slot : outbox_.touched()) {
    slot->seal(now);
    slot->end_written = id_->open->reserve(slot->topic, slot->partition, std::move(slot->sealed));
  }
  outbox_.taken();
  return {};
}

Offset TransactionalProducer::end_written(const TopicPartition& partition) const {
  return outbox_.end_written(partition);
}

void TransactionalProducer::submit_commit(const std::string& group,
                                          const OffsetsByPartition& offsets, const Lease& lease) {
  const std::scoped_lock lock(id_->mutex);
  result_ = commit(group, offsets, lease);
}

ProducerStatus TransactionalProducer::commit(const std::string& group,
                                             const OffsetsByPartition& offsets,
                                             const Lease& lease) {
  if (ProducerStatus reserved = reserve(); !reserved) return reserved;
  if (group.empty() && !offsets.empty()) return misuse("submit_commit: offsets without a group");
  DatabaseBatch batch;
  ProducerStatus committed;
  if (group.empty()) {
    const Status stored = id_->open->store(batch);
    if (!stored) committed = {ProducerFault::kFatal, stored.error()};
  } else {
    committed = log_.groups().get(group).commit(
        offsets, lease, batch, [this](DatabaseBatch& all) { return id_->open->store(all); });
  }
  if (!committed) return committed;
  id_->open->show();
  id_->open.reset();
  begun_ = false;
  return {};
}

std::optional<ProducerStatus> TransactionalProducer::commit_result(Duration) {
  return std::exchange(result_, std::nullopt);
}

ProducerStatus TransactionalProducer::abort_transaction() {
  outbox_.drop();
  outbox_.forget_ends();
  refused_ = {};
  result_.reset();
  const std::scoped_lock lock(id_->mutex);
  if (!std::exchange(begun_, false)) return {};
  if (id_->epoch == epoch_) id_->open.reset();
  return {};
}

}  // namespace millstream::embedded
