#pragma once

#include <millstream/core/log.h>
#include <millstream/core/metrics.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "model_source.h"

namespace anomaly {

/// Looks after a model file and puts each new model into the source. A file that is no good model
/// is told in the log, once, and the old model stays. **Thread**: one.
class ModelWatch {
 public:
  /// `model` is what the file held a moment ago. **Lifetime**: the rest outlives this.
  ModelWatch(std::filesystem::path file, std::chrono::nanoseconds interval,
             std::shared_ptr<ModelSource> models, millstream::Logger& logger,
             millstream::Metrics& metrics);

  /// Look if it is time to; true if there is a new model. `now`: of a monotonic clock.
  bool look(std::chrono::nanoseconds now);

 private:
  /// What tells a file from the one that took its place.
  [[nodiscard]] std::string stamp() const;

  std::filesystem::path file_;
  std::chrono::nanoseconds interval_;
  std::chrono::nanoseconds next_{0};
  std::shared_ptr<ModelSource> models_;
  millstream::Logger& logger_;
  millstream::Counter& reloads_;
  millstream::Counter& failures_;
  std::string seen_;
};

}  // namespace anomaly
