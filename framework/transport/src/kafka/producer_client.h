#pragma once

#include <millstream/transport/broker.h>

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "client.h"
#include "request_guard.h"
#include "settings.h"

namespace millstream::kafka {

/// One librdkafka producer: its topics, and what its delivery reports and requests have told.
/// **Thread**: one at a time (the producer's owner, or its committing thread).
class ProducerClient final : private ClientListener {
 public:
  /// The first record that was not written.
  struct DeliveryFault {
    rd_kafka_resp_err_t code;
    TopicPartition partition;
  };

  static Result<std::unique_ptr<ProducerClient>> open(const Settings& settings, Cluster& cluster,
                                                      const ProducerOptions& options);
  /// For `open`: not usable before its client has been started.
  explicit ProducerClient(Cluster& cluster) : ClientListener(cluster) {}

  [[nodiscard]] rd_kafka_t* handle() const { return client_.get(); }

  /// Queue a record. Null: done. **Cost**: one allocation, key and value copied once.
  ErrorPtr produce(const OutgoingRecord& record);
  /// Take delivery reports; wait for one up to `timeout`.
  void serve(Duration timeout) const;

  /// Forget what was written, refused or left unanswered before.
  void begin();
  [[nodiscard]] const std::optional<DeliveryFault>& fault() const { return fault_; }
  [[nodiscard]] Offset end_written(const TopicPartition& partition) const;
  /// A transactional request may still be under way: a transaction must not begin on this client.
  [[nodiscard]] bool left_unanswered() const { return guard_.tripped(); }

 private:
  /// A topic and, a partition each, the offset behind the last record written there, or -1.
  struct Topic {
    TopicPtr handle;
    std::vector<std::int64_t> ends;
  };
  using Topics = std::unordered_map<std::string, Topic>;

  Status start(const Settings& settings, const ProducerOptions& options);
  Topics::value_type* topic_of(std::string_view name);

  void on_delivery(const rd_kafka_message_t& message) noexcept override;
  void on_request(std::int16_t api_key) noexcept override { guard_.sent(api_key); }
  void on_response(std::int16_t api_key, rd_kafka_resp_err_t error) noexcept override {
    guard_.answered(api_key, error);
  }
  void note_end(Topic& topic, const rd_kafka_message_t& message);

  RequestGuard guard_;
  std::optional<DeliveryFault> fault_;
  ClientPtr client_;
  Topics topics_;
  Topics::value_type* last_ = nullptr;
};

}  // namespace millstream::kafka
