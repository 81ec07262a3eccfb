#pragma once

#include <millstream/transport/broker.h>

#include <functional>
#include <memory>
#include <string>

#include "client.h"
#include "commit_worker.h"
#include "producer_client.h"
#include "settings.h"

namespace millstream::kafka {

/// A producer on librdkafka, transactional if it has a transactional id, else idempotent only.
///
/// Without a transactional id `begin_transaction` only forgets what was written before and
/// `abort_transaction` drops what has not been sent. **Thread**: one.
class KafkaProducer final : public Producer {
 public:
  static Result<std::unique_ptr<Producer>> open(const Settings& settings, Cluster& cluster,
                                                const ProducerOptions& options);
  /// For `open`.
  KafkaProducer(const Settings& settings, Cluster& cluster, ProducerOptions options)
      : settings_(settings), cluster_(cluster), options_(std::move(options)) {}

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
  using Call = rd_kafka_error_t* (*)(rd_kafka_t*, int);

  Status open_client();
  ProducerStatus renew_client();
  ProducerStatus commit(const std::string& group, const OffsetsByPartition& offsets,
                        const Lease& lease, const std::stop_token& stop);
  ProducerStatus send_offsets(const OffsetsByPartition& offsets, const Lease& lease,
                              const std::stop_token& stop);
  /// Call until it's done or says that it can't be; a time-out is resumed by the same call.
  ProducerStatus resumed(std::string_view what, Call call, const std::function<bool()>& give_up);

  [[nodiscard]] bool transactional() const { return !options_.transactional_id.empty(); }
  [[nodiscard]] bool outlived() const;
  [[nodiscard]] ProducerStatus status(std::string_view what, const rd_kafka_error_t& error) const;
  [[nodiscard]] ProducerStatus refused() const;
  ProducerStatus flush(const std::stop_token& stop);

  const Settings& settings_;
  Cluster& cluster_;
  ProducerOptions options_;
  std::unique_ptr<ProducerClient> client_;
  bool open_ = false;  ///< A transaction has begun and neither been committed nor aborted.
  std::chrono::nanoseconds begun_at_{0};
  unsigned unserved_ = 0;
  std::unique_ptr<CommitWorker> worker_;  // last: its job uses the rest
};

}  // namespace millstream::kafka
