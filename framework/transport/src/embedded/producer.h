#pragma once

#include "log.h"
#include "outbox.h"
#include "transaction.h"

#include <millstream/transport/broker.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace millstream::embedded {

/// Writes without transactions: a partition's records go to the log when there is a block of them,
/// when the linger is over at the time of a later record, or at a flush. It has no thread: who
/// stops producing flushes.
class PlainProducer final : public Producer {
 public:
  PlainProducer(Log& log, const ProducerOptions& options);

  ProducerStatus init_transactions() override;
  ProducerStatus begin_transaction() override;
  ProducerStatus produce(const OutgoingRecord& record) override;
  ProducerStatus flush() override;
  [[nodiscard]] Offset end_written(const TopicPartition& partition) const override;
  void submit_commit(const std::string& group, const OffsetsByPartition& offsets,
                     const Lease& lease) override;
  std::optional<ProducerStatus> commit_result(Duration timeout) override;
  ProducerStatus abort_transaction() override;

 private:
  ProducerStatus write_full(OutboxSlot& slot);
  ProducerStatus write_all();

  Log& log_;
  const std::chrono::nanoseconds linger_;
  Outbox outbox_;
  std::chrono::nanoseconds last_write_{0};
  ProducerStatus refused_;
};

/// Writes in transactions: everything is kept in memory, a flush reserves the offsets, and the
/// commit writes records and offsets with one atomic batch. So the log never holds an aborted
/// record.
class TransactionalProducer final : public Producer {
 public:
  TransactionalProducer(Log& log, std::shared_ptr<TransactionalId> id);
  ~TransactionalProducer() override;
  TransactionalProducer(const TransactionalProducer&) = delete;
  TransactionalProducer& operator=(const TransactionalProducer&) = delete;

  ProducerStatus init_transactions() override;
  ProducerStatus begin_transaction() override;
  ProducerStatus produce(const OutgoingRecord& record) override;
  ProducerStatus flush() override;
  [[nodiscard]] Offset end_written(const TopicPartition& partition) const override;
  void submit_commit(const std::string& group, const OffsetsByPartition& offsets,
                     const Lease& lease) override;
  std::optional<ProducerStatus> commit_result(Duration timeout) override;
  ProducerStatus abort_transaction() override;

 private:
  // With the id's mutex held.
  [[nodiscard]] ProducerStatus check_open() const;
  ProducerStatus reserve();
  ProducerStatus commit(const std::string& group, const OffsetsByPartition& offsets,
                        const Lease& lease);

  Log& log_;
  const std::shared_ptr<TransactionalId> id_;
  /// 0: not initialised.
  std::uint64_t epoch_ = 0;
  bool begun_ = false;
  Outbox outbox_;
  std::size_t bytes_before_ = 0;
  ProducerStatus refused_;
  std::optional<ProducerStatus> result_;
};

}  // namespace millstream::embedded
