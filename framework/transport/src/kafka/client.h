#pragma once

#include <millstream/core/log.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <atomic>
#include <set>
#include <string>

#include "handles.h"

namespace millstream::kafka {

/// The cluster as all handles of one broker see it: its address for messages, and whether it
/// answers.
/// **Thread**: any.
class Cluster {
 public:
  Cluster(std::string bootstrap, const Clock& clock, Logger& logger)
      : bootstrap_(std::move(bootstrap)), clock_(clock), logger_(logger) {}

  [[nodiscard]] const std::string& bootstrap() const { return bootstrap_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] Logger& logger() const { return logger_; }
  [[nodiscard]] bool reachable() const { return reachable_.load(std::memory_order_relaxed); }

  /// Say once, in the log, that the cluster does not answer, and once that it does again.
  void lost(std::string_view reason);
  void answered();

  /// "what: why", with the address and what to do about it where the fault is the connection's.
  [[nodiscard]] Error error(std::string_view what, rd_kafka_resp_err_t code,
                            std::string_view detail = {}) const;

 private:
  std::string bootstrap_;
  const Clock& clock_;
  Logger& logger_;
  std::atomic<bool> reachable_{true};
};

/// What librdkafka's callbacks of one client reach. They are called from librdkafka's threads or
/// from within a poll, and only note or log something. **Lifetime**: outlives the client.
class ClientListener {
 public:
  explicit ClientListener(Cluster& cluster) : cluster_(cluster) {}
  ClientListener(const ClientListener&) = delete;
  ClientListener& operator=(const ClientListener&) = delete;
  virtual ~ClientListener() = default;

  [[nodiscard]] Cluster& cluster() const { return cluster_; }

  /// A delivery report. Thread: the one that polls the producer.
  virtual void on_delivery(const rd_kafka_message_t& /*message*/) noexcept {}
  /// Partitions were given or taken. Thread: the one that polls the member.
  virtual void on_rebalance(rd_kafka_t& /*client*/, rd_kafka_resp_err_t /*kind*/,
                            const rd_kafka_topic_partition_list_t& /*partitions*/) noexcept {}
  /// A request left, or came to an answer or a local failure (again once it's handled). Thread:
  /// any.
  virtual void on_request(std::int16_t /*api_key*/) noexcept {}
  virtual void on_response(std::int16_t /*api_key*/, rd_kafka_resp_err_t /*error*/) noexcept {}

 private:
  Cluster& cluster_;
};

/// Make a client whose callbacks reach `listener`. **Errors**: kUser for settings that librdkafka
/// refuses together, naming them; kMachine when it can't start.
Result<ClientPtr> make_client(rd_kafka_type_t type, ConfPtr conf, ClientListener& listener);

/// Ask the cluster now who leads the partitions of these topics; the client remembers it. What
/// fails shows where it is used.
void refresh_leaders(rd_kafka_t* client, const std::set<std::string>& topics);

}  // namespace millstream::kafka
