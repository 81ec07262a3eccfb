#pragma once

#include <millstream/core/metrics.h>

#include <memory>
#include <string>
#include <vector>

#include "api_results.h"
#include "service.h"

namespace anomaly {

/// Reads the committed results beside everybody else, for the page and for the latency that a
/// reader sees. It keeps up or it skips: at most 25,000 scores a second, so that looking on costs
/// next to nothing. As the last service to start and the first to finish it also tells the page
/// that the process runs.
class FeedService final : public Service {
 public:
  FeedService(LivePage& page, ServiceContext& context);

  [[nodiscard]] std::string_view name() const override { return "page"; }
  [[nodiscard]] bool looks_on() const override { return true; }
  millstream::Status start() override;
  millstream::Result<Rest> step() override;
  millstream::Status finish() override;

 private:
  millstream::Status assign(const std::string& topic, std::int64_t records_back);
  void take(const millstream::FetchedBatch& batch);
  void take_score(std::string_view bytes, bool is_score);
  millstream::Status skip_ahead();

  LivePage& page_;
  RecentResults& results_;
  ServiceContext& context_;
  std::unique_ptr<millstream::Consumer> consumer_;
  std::vector<millstream::TopicPartition> scores_;
  millstream::Timestamp opened_;
  std::size_t taken_ = 0;  // scores since the second began
  std::chrono::nanoseconds second_began_{};
  millstream::Histogram& latency_;
  millstream::Counter& unreadable_;
  millstream::Counter& skipped_;
  millstream::Counter& alerts_;
};

}  // namespace anomaly
