#include "kafka_producer.h"

#include <millstream/core/assert.h>

#include "lease.h"
#include "partition_list.h"
#include "producer_fault.h"
#include "timeout.h"

namespace millstream::kafka {

namespace {

/// Delivery reports are taken once in so many records: cheap enough, and the queue stays short.
constexpr unsigned kServeEvery = 512;
constexpr Duration kQueueFullWait{10};
constexpr Duration kFlushSlice{500};
constexpr Duration kRetryWait{50};
constexpr Duration kInitSlice{10'000};
constexpr Duration kInitPatience{60'000};
constexpr Duration kAbortPatience{30'000};
/// Before an abort, records in flight are waited for; those that can't be sent any more are not.
constexpr Duration kFlushBeforeAbort{5'000};
constexpr Duration kFlushBeforeAbortAfterFault{300};

}  // namespace

Result<std::unique_ptr<Producer>> KafkaProducer::open(const Settings& settings, Cluster& cluster,
                                                      const ProducerOptions& options) {
  auto producer = std::make_unique<KafkaProducer>(settings, cluster, options);
  MILLSTREAM_TRY(producer->open_client());
  if (producer->transactional()) producer->worker_ = std::make_unique<CommitWorker>();
  return std::unique_ptr<Producer>(std::move(producer));
}

Status KafkaProducer::open_client() {
  auto client = ProducerClient::open(settings_, cluster_, options_);
  if (!client) return client.error();
  client_ = std::move(*client);
  return {};
}

ProducerStatus KafkaProducer::init_transactions() {
  if (!transactional()) return {};
  const Deadline deadline(cluster_.clock(), kInitPatience);
  const std::string what = "init_transactions of " + options_.transactional_id;
  while (true) {
    const ErrorPtr error(rd_kafka_init_transactions(client_->handle(), timeout_ms(kInitSlice)));
    if (error == nullptr) return {};
    client_->serve(kRetryWait);
    if (rd_kafka_error_is_retriable(error.get()) != 0 && !deadline.passed()) continue;
    ProducerStatus failed = status(what, *error);
    if (failed.fault == ProducerFault::kAbort) failed.fault = ProducerFault::kFatal;
    return failed;
  }
}

ProducerStatus KafkaProducer::renew_client() {
  cluster_.logger().info("a transactional request went unanswered; making a new producer",
                         {{"transactional.id", options_.transactional_id}});
  if (const Status opened = open_client(); !opened) return {ProducerFault::kFatal, opened.error()};
  return init_transactions();
}

ProducerStatus KafkaProducer::begin_transaction() {
  if (transactional() && client_->left_unanswered()) {
    if (auto renewed = renew_client(); !renewed) return renewed;
  }
  client_->begin();
  begun_at_ = cluster_.clock().monotonic();
  if (!transactional()) return {};
  const ErrorPtr error(rd_kafka_begin_transaction(client_->handle()));
  if (error != nullptr) return status("begin_transaction", *error);
  open_ = true;
  return {};
}

ProducerStatus KafkaProducer::produce(const OutgoingRecord& record) {
  while (true) {
    const ErrorPtr error = client_->produce(record);
    if (++unserved_ >= kServeEvery) {
      unserved_ = 0;
      client_->serve(Duration(0));
    }
    if (error == nullptr) return {};
    if (rd_kafka_error_code(error.get()) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      if (client_->fault()) return refused();
      return status("produce to " + std::string(record.topic), *error);
    }
    client_->serve(kQueueFullWait);
  }
}

ProducerStatus KafkaProducer::flush() { return flush(std::stop_token()); }

ProducerStatus KafkaProducer::flush(const std::stop_token& stop) {
  while (rd_kafka_flush(client_->handle(), timeout_ms(kFlushSlice)) != 0) {
    if (client_->fault()) break;
    if (stop.stop_requested()) {
      return {ProducerFault::kFatal, Error::machine("flush: given up, since the producer closes")};
    }
  }
  return refused();
}

ProducerStatus KafkaProducer::refused() const {
  const auto& fault = client_->fault();
  if (!fault) return {};
  const ErrorPtr error(rd_kafka_error_new(fault->code, "%s", rd_kafka_err2str(fault->code)));
  return status("write to " + fault->partition.to_string(), *error);
}

Offset KafkaProducer::end_written(const TopicPartition& partition) const {
  return client_->end_written(partition);
}

void KafkaProducer::submit_commit(const std::string& group, const OffsetsByPartition& offsets,
                                  const Lease& lease) {
  MILLSTREAM_ASSERT(transactional(), "a commit needs a transactional id");
  worker_->submit([this, group, offsets, lease](const std::stop_token& stop) {
    return commit(group, offsets, lease, stop);
  });
}

std::optional<ProducerStatus> KafkaProducer::commit_result(Duration timeout) {
  return worker_->result(timeout);
}

ProducerStatus KafkaProducer::commit(const std::string& group, const OffsetsByPartition& offsets,
                                     const Lease& lease, const std::stop_token& stop) {
  if (auto flushed = flush(stop); !flushed) return flushed;
  if (!offsets.empty()) {
    auto sent = send_offsets(offsets, lease, stop);
    if (!sent) {
      sent.error = sent.error.within("offsets of group " + group);
      return sent;
    }
  }
  auto committed = resumed("commit_transaction", rd_kafka_commit_transaction,
                           [&stop] { return stop.stop_requested(); });
  if (committed) open_ = false;
  return committed;
}

ProducerStatus KafkaProducer::send_offsets(const OffsetsByPartition& offsets, const Lease& lease,
                                           const std::stop_token& stop) {
  const GroupMetadataPtr metadata = group_metadata_of(lease);
  if (metadata == nullptr) {
    return {ProducerFault::kFenced, Error::machine("not sent, since there is no lease")};
  }
  const PartitionListPtr list = list_of(offsets);
  while (true) {
    const ErrorPtr error(rd_kafka_send_offsets_to_transaction(
        client_->handle(), list.get(), metadata.get(), timeout_ms(options_.transaction_timeout)));
    if (error == nullptr) return {};
    const bool again = rd_kafka_error_is_retriable(error.get()) != 0 &&
                       rd_kafka_error_txn_requires_abort(error.get()) == 0;
    if (!again || outlived() || stop.stop_requested()) {
      return status("send_offsets_to_transaction", *error);
    }
    client_->serve(kRetryWait);
  }
}

ProducerStatus KafkaProducer::resumed(std::string_view what, Call call,
                                      const std::function<bool()>& give_up) {
  while (true) {
    // As long as a transaction lives: only an unreachable broker gets as far as a second call.
    const ErrorPtr error(call(client_->handle(), timeout_ms(options_.transaction_timeout)));
    if (error == nullptr) return {};
    if (rd_kafka_error_is_retriable(error.get()) == 0) return status(what, *error);
    if (give_up()) {
      return {ProducerFault::kFatal,
              cluster_.error(what, rd_kafka_error_code(error.get()),
                             "given up with unknown outcome; init_transactions will settle it")};
    }
    client_->serve(kRetryWait);
  }
}

ProducerStatus KafkaProducer::abort_transaction() {
  if (!transactional()) {
    rd_kafka_purge(client_->handle(), RD_KAFKA_PURGE_F_QUEUE);
    static_cast<void>(rd_kafka_flush(client_->handle(), timeout_ms(kFlushBeforeAbort)));
    client_->begin();
    return {};
  }
  if (!open_) return {};
  // An abort while the transaction's first records are in flight is fatal (librdkafka 2.0.2).
  const Duration patience = client_->fault() ? kFlushBeforeAbortAfterFault : kFlushBeforeAbort;
  static_cast<void>(rd_kafka_flush(client_->handle(), timeout_ms(patience)));
  const Deadline deadline(cluster_.clock(), kAbortPatience);
  auto aborted = resumed("abort_transaction", rd_kafka_abort_transaction,
                         [&deadline] { return deadline.passed(); });
  if (aborted) open_ = false;
  return aborted;
}

bool KafkaProducer::outlived() const {
  return open_ && cluster_.clock().monotonic() - begun_at_ >= options_.transaction_timeout;
}

ProducerStatus KafkaProducer::status(std::string_view what, const rd_kafka_error_t& error) const {
  return status_of(what, error, client_->handle(), cluster_, outlived());
}

}  // namespace millstream::kafka
