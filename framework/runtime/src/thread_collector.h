#pragma once

#include <millstream/runtime/record_collector.h>
#include <millstream/transport/broker.h>

#include "held_records.h"
#include "runtime_services.h"

#include <map>
#include <memory>
#include <string>

namespace millstream {

/// Sends what a thread's tasks write, in the thread's transaction if there is one. A fault of the
/// transaction is kept until the commit asks for it; what is sent meanwhile is dropped, since the
/// transaction will be. While a commit is under way nothing can be sent: it is held in memory then,
/// and goes into the next transaction. **Thread**: the stream thread's.
class ThreadCollector final : public RecordCollector {
 public:
  ThreadCollector(RuntimeServices& services, int thread_index);

  /// Make the producer; under exactly-once settle and fence its predecessor. Also after a fatal
  /// fault.
  Status open();
  Status send(const OutgoingRecord& record) override;
  PartitionId partition_count(std::string_view topic) override;

  /// Note records sent to a topic past `send`.
  void count_sent(std::string_view topic, std::uint64_t records);

  [[nodiscard]] bool exactly_once() const { return exactly_once_; }
  [[nodiscard]] Producer& producer() { return *producer_; }
  /// Begin the transaction unless it is open (exactly-once).
  void begin();
  [[nodiscard]] bool in_transaction() const { return in_transaction_; }
  void transaction_ended() { in_transaction_ = false; }

  /// A commit is under way: keep what is sent until `release` or `drop_held`.
  void hold() { holding_ = true; }
  /// The transaction ended well: send what was held in the next one.
  void release();
  void drop_held();
  /// Memory of what is held. **Units**: bytes.
  [[nodiscard]] std::size_t held_bytes() const { return held_.bytes(); }
  /// The first fault since the last `clear_fault`.
  [[nodiscard]] const ProducerStatus& fault() const { return fault_; }
  void clear_fault() { fault_ = {}; }
  void note(ProducerStatus status);

 private:
  RuntimeServices* services_;
  int thread_index_;
  bool exactly_once_;
  std::unique_ptr<Producer> producer_;
  bool in_transaction_ = false;
  ProducerStatus fault_;
  bool holding_ = false;
  HeldRecords held_;
  struct Target {
    PartitionId partitions = 0;
    Counter* sent = nullptr;
  };
  /// What is known of a topic; `sent` is made when something goes there.
  Target& target(std::string_view topic);

  std::map<std::string, Target, std::less<>> targets_;
};

}  // namespace millstream
