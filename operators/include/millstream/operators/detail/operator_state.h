#pragma once

#include <millstream/core/time.h>
#include <millstream/topology/task_context.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace millstream::detail {

/// The greatest timestamp that an operator has seen, committed with its task: late is decided by
/// it. (Kafka Streams forgets it at a restart.)
class ObservedStreamTime final : public OperatorState {
 public:
  [[nodiscard]] Timestamp value() const { return time_; }
  void observe(Timestamp time) { time_ = std::max(time_, time); }

  void save(std::string& out) const override;
  void load(std::string_view bytes) override;

 private:
  Timestamp time_ = Timestamp::none();
};

}  // namespace millstream::detail
