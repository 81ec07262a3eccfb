#include "producer.h"

#include <utility>

namespace millstream::embedded {
namespace {

ProducerStatus no_transactions() {
  return {ProducerFault::kFatal,
          Error::user("this producer was made without a transactional.id: it has no transactions")};
}

}  // namespace

PlainProducer::PlainProducer(Log& log, const ProducerOptions& options)
    : log_(log), linger_(options.linger), outbox_(log.topics()) {}

ProducerStatus PlainProducer::produce(const OutgoingRecord& record) {
  const Result<OutboxSlot*> added = outbox_.add(record);
  if (!added) {
    ProducerStatus refused{ProducerFault::kAbort, added.error()};
    if (refused_) refused_ = refused;
    return refused;
  }
  if ((*added)->is_full()) return write_full(**added);
  if (log_.clock().monotonic() - last_write_ >= linger_) return write_all();
  return {};
}

ProducerStatus PlainProducer::write_full(OutboxSlot& slot) {
  slot.seal(log_.clock().now());
  Write write(log_);
  const Offset end = write.reserve(slot.topic, slot.partition, std::move(slot.sealed));
  outbox_.taken(slot);
  DatabaseBatch batch;
  if (const Status stored = write.store(batch); !stored) {
    return {ProducerFault::kFatal, stored.error()};
  }
  write.show();
  slot.end_written = end;
  return {};
}

ProducerStatus PlainProducer::write_all() {
  last_write_ = log_.clock().monotonic();
  if (outbox_.touched().empty()) return {};
  const Timestamp now = log_.clock().now();
  Write write(log_);
  for (OutboxSlot* slot : outbox_.touched()) {
    slot->seal(now);
    slot->end_written = write.reserve(slot->topic, slot->partition, std::move(slot->sealed));
  }
  outbox_.taken();
  DatabaseBatch batch;
  if (const Status stored = write.store(batch); !stored) {
    return {ProducerFault::kFatal, stored.error()};
  }
  write.show();
  return {};
}

ProducerStatus PlainProducer::flush() {
  ProducerStatus written = write_all();
  if (!written) return written;
  return std::exchange(refused_, {});
}

Offset PlainProducer::end_written(const TopicPartition& partition) const {
  return outbox_.end_written(partition);
}

ProducerStatus PlainProducer::init_transactions() { return no_transactions(); }
ProducerStatus PlainProducer::begin_transaction() { return no_transactions(); }
ProducerStatus PlainProducer::abort_transaction() { return no_transactions(); }
void PlainProducer::submit_commit(const std::string&, const OffsetsByPartition&, const Lease&) {}
std::optional<ProducerStatus> PlainProducer::commit_result(Duration) { return no_transactions(); }

}  // namespace millstream::embedded
