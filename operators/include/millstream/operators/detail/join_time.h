#pragma once

#include <millstream/core/time.h>
#include <millstream/operators/detail/operator_node.h>
#include <millstream/topology/task_context.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace millstream::detail {

/// What both sides of a left or outer join of streams know of time.
/// **Source**: KStreamImplJoin.TimeTracker.
class JoinTime final : public OperatorState {
 public:
  [[nodiscard]] Timestamp stream_time() const { return stream_time_; }
  void observe(Timestamp time) { stream_time_ = std::max(stream_time_, time); }

  /// The smallest time of a record that waits for a partner, as far as known: Kafka Streams takes
  /// the last one that it looked at for it, and results depend on it.
  [[nodiscard]] Timestamp first_waiting() const { return first_waiting_; }
  void add_waiting(Timestamp time) { first_waiting_ = std::min(first_waiting_, time); }
  void set_first_waiting(Timestamp time) { first_waiting_ = time; }

  void save(std::string& out) const override;
  void load(std::string_view bytes) override;

 private:
  Timestamp stream_time_ = Timestamp::none();
  Timestamp first_waiting_ = Timestamp::max();
};

/// A node that keeps the time of the joins above it.
class JoinTimeKeeper {
 public:
  virtual ~JoinTimeKeeper() = default;
  [[nodiscard]] JoinTime& join_time() { return time_; }

 private:
  JoinTime time_;
};

/// Puts the results of both sides of a join of streams together, and keeps the time that they
/// share.
template <class K, class V>
class JoinMergeNode final : public OperatorNode<K, V, K, V>, public JoinTimeKeeper {
 public:
  using OperatorNode<K, V, K, V>::OperatorNode;
  void init(TaskContext& context) override {
    OperatorNode<K, V, K, V>::init(context);
    context.register_operator_state(this->name(), join_time());
  }
  void process(const Record<K, V>& record) override { this->forward(record); }
};

}  // namespace millstream::detail
