#pragma once

#include <millstream/forest/model.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace anomaly {

/// The model that records are scored with, which may be replaced while they are: a scorer compares
/// the generation before each record and takes the new model when it has changed, so that every
/// record is scored once, wholly by one model. **Thread**: safe.
class ModelSource {
 public:
  using ModelPtr = std::shared_ptr<const millstream::forest::Model>;
  explicit ModelSource(ModelPtr model) : model_(std::move(model)) {}

  /// Changes with the model. **Cost**: a load.
  [[nodiscard]] std::uint64_t generation() const {
    return generation_.load(std::memory_order_acquire);
  }
  [[nodiscard]] ModelPtr current() const {
    const std::lock_guard lock(mutex_);
    return model_;
  }
  void replace(ModelPtr model) {
    const std::lock_guard lock(mutex_);
    model_ = std::move(model);
    generation_.fetch_add(1, std::memory_order_release);
  }

 private:
  mutable std::mutex mutex_;
  ModelPtr model_;  // guarded by mutex_
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace anomaly
