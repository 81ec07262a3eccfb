#pragma once

#include <millstream/core/log.h>
#include <millstream/core/metrics.h>
#include <millstream/core/time.h>
#include <millstream/rocks/database.h>
#include <millstream/runtime/stream_task.h>
#include <millstream/runtime/streams_config.h>
#include <millstream/topology/built_topology.h>
#include <millstream/transport/broker.h>

#include "task_plan.h"

#include <atomic>
#include <functional>
#include <string>

namespace millstream {

/// What the threads of an instance share. **Thread**: what it points to is safe for all of them, or
/// immutable. **Lifetime**: owned by KafkaStreams, outlives the threads.
struct RuntimeServices {
  StreamsConfig config;
  const BuiltTopology* topology = nullptr;
  TaskPlan plan;
  Broker* broker = nullptr;
  /// Null until the group is joined.
  Membership* membership = nullptr;
  RocksResources* rocks = nullptr;
  /// `<state.dir>/<application.id>`.
  std::string state_root;
  /// Kept in the state directory: makes transactional ids stable over restarts.
  std::string instance_id;
  Handlers handlers;
  Metrics* metrics = nullptr;
  Logger* logger = nullptr;
  const Clock* clock = nullptr;
  /// Random hexadecimal text, for lineages.
  std::function<std::string()> new_lineage;
  /// How to wait where several instances share one thread (the simulator). Empty: as threads do.
  std::function<void(Duration)> pause;
  std::function<void(TaskId, const std::string& store, Offset from, Offset end)> on_restore_start;
  std::function<void(TaskId, const std::string& store, Offset position)> on_restore_progress;
  std::function<void(TaskId, const std::string& store, std::uint64_t records)> on_restore_end;
};

}  // namespace millstream
