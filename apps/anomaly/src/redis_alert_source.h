#pragma once

#include <millstream/core/log.h>
#include <millstream/core/time.h>

#include <string>

#include "alert_source.h"
#include "redis_stream_reader.h"

namespace anomaly {

/// Hears of alerts by Pub/Sub and reads them from the streams that the sink keeps beside it, from
/// where it stood: nothing is missed while it wasn't listening. The plots' points come from the
/// recent scores. Redis may be away, restarted or emptied: it is asked again every second.
/// **Lifetime**: clock and logger outlive it.
class RedisAlertSource final : public AlertSource {
 public:
  struct Options {
    RedisOptions redis;
    std::string topic = "alerts";
    std::string prefix = "anomaly:";
    std::string channel = "anomaly:alerts";
    /// How often the streams are read though nothing was heard.
    millstream::Duration refill_interval{5'000};
    millstream::Duration retry_interval{1'000};
  };

  RedisAlertSource(Options options, const millstream::Clock& clock, millstream::Logger& logger);

  millstream::Result<std::vector<AlertArrival>> poll(AlertPositions& positions,
                                                     millstream::Duration timeout) override;
  std::vector<AlertPoint> points_around(const Alert& alert) override;

 private:
  millstream::Status listen(millstream::Duration timeout);
  millstream::Status refill(AlertPositions& positions, std::vector<AlertArrival>& arrivals);
  millstream::Result<std::size_t> read_partition(millstream::PartitionId partition,
                                                 millstream::Offset from,
                                                 std::vector<AlertArrival>& arrivals);
  void failed(const millstream::Error& error);

  Options options_;
  const millstream::Clock& clock_;
  millstream::Logger& logger_;
  RedisClient redis_;
  RedisStreamReader reader_;
  RedisSubscription subscription_;
  std::chrono::nanoseconds refill_at_{0};
  std::chrono::nanoseconds retry_at_{0};
  bool down_ = false;
  bool more_ = false;
};

}  // namespace anomaly
