#pragma once

#include <millstream/core/time.h>
#include <millstream/topology/task_context.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace millstream::detail {

/// What a windowed aggregation knows of time, committed with its task: its own stream time, by
/// which late is decided, and how far closed windows have been emitted.
class WindowTimes final : public OperatorState {
 public:
  /// The greatest timestamp seen; none: -1.
  [[nodiscard]] Timestamp observed() const { return observed_; }
  void observe(Timestamp time) { observed_ = std::max(observed_, time); }

  /// The greatest window start (sessions: end) of the emissions so far; none: -1.
  [[nodiscard]] Timestamp emitted() const { return emitted_; }
  void set_emitted(Timestamp time) { emitted_ = time; }

  void save(std::string& out) const override;
  void load(std::string_view bytes) override;

 private:
  Timestamp observed_ = Timestamp::none();
  Timestamp emitted_ = Timestamp::none();
};

}  // namespace millstream::detail
