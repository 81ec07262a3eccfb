#pragma once

#include <librdkafka/rdkafka.h>

#include <array>
#include <atomic>
#include <cstdint>

namespace millstream::kafka {

/// Notices transactional requests of which a copy may still be under way.
///
/// A delayed EndTxn commits the next, unfinished transaction (KAFKA-17754), and a delayed
/// TxnOffsetCommit moves offsets back; no librdkafka has the cure on the broker's side (KIP-890).
/// So when such a request went unanswered, or out more than once, the next transaction wants a new
/// producer epoch. **Thread**: any; `reset` between transactions.
class RequestGuard {
 public:
  void sent(std::int16_t api_key) noexcept {
    for (std::size_t i = 0; i < kOnce.size(); ++i) {
      if (kOnce[i] == api_key) sent_[i].fetch_add(1, std::memory_order_relaxed);
    }
  }
  /// Local failures (time-out, lost connection) have negative codes; the broker's own are answers.
  void answered(std::int16_t api_key, rd_kafka_resp_err_t error) noexcept {
    const bool transactional = api_key >= kAddPartitionsToTxn && api_key <= kTxnOffsetCommit &&
                               api_key != kWriteTxnMarkers;
    if (transactional && error < 0) unanswered_.store(true, std::memory_order_relaxed);
  }

  [[nodiscard]] bool tripped() const noexcept {
#ifdef MILLSTREAM_WITHOUT_REQUEST_GUARD  // for the test that shows what it is good for
    return false;
#endif
    if (unanswered_.load(std::memory_order_relaxed)) return true;
    for (const auto& count : sent_) {
      if (count.load(std::memory_order_relaxed) > 1) return true;
    }
    return false;
  }
  void reset() noexcept {
    unanswered_.store(false, std::memory_order_relaxed);
    for (auto& count : sent_) count.store(0, std::memory_order_relaxed);
  }

 private:
  static constexpr std::int16_t kAddPartitionsToTxn = 24;
  static constexpr std::int16_t kWriteTxnMarkers = 27;  // between brokers
  static constexpr std::int16_t kTxnOffsetCommit = 28;
  /// AddOffsetsToTxn, EndTxn, TxnOffsetCommit: once a transaction. AddPartitionsToTxn (24) goes out
  /// as often as partitions are added, and its answer "concurrent transactions" is common.
  static constexpr std::array<std::int16_t, 3> kOnce{25, 26, kTxnOffsetCommit};

  std::atomic<bool> unanswered_{false};
  std::array<std::atomic<int>, kOnce.size()> sent_{};
};

}  // namespace millstream::kafka
