#pragma once

#include <millstream/core/log.h>
#include <millstream/transport/broker.h>

#include <chrono>
#include <memory>
#include <set>

#include "alert_source.h"
#include "message_serdes.h"
#include "service.h"

namespace anomaly {

/// Reads the committed topic of alerts; the plots' points come from the topic of scores, by time.
/// **Lifetime**: as the context.
class KafkaAlertSource final : public AlertSource {
 public:
  explicit KafkaAlertSource(ServiceContext& context);

  millstream::Result<std::vector<AlertArrival>> poll(AlertPositions& positions,
                                                     millstream::Duration timeout) override;
  /// **Cost**: a look-up of offsets and the scores of some hours, 2 s at most.
  std::vector<AlertPoint> points_around(const Alert& alert) override;

 private:
  millstream::Status assign_new(AlertPositions& positions);
  void take(const millstream::FetchedBatch& batch, std::vector<AlertArrival>& arrivals);
  millstream::Result<std::vector<AlertPoint>> read_points(const Alert& alert);

  ServiceContext& context_;
  MessageSerde<Alert> alerts_;
  MessageSerde<Score> scores_;
  std::unique_ptr<millstream::Consumer> consumer_;
  std::unique_ptr<millstream::Consumer> points_consumer_;
  std::set<millstream::PartitionId> assigned_;
  std::chrono::nanoseconds look_at_{0};  // for partitions that were added
};

}  // namespace anomaly
