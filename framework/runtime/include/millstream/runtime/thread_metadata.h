#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

/// What a thread is at. **Source**: StreamThread.State of Kafka Streams; same texts.
enum class ThreadState {
  kCreated,
  kStarting,            ///< Has its clients, waits for its first tasks.
  kPartitionsRevoked,   ///< Holds still until the group says what is its own.
  kPartitionsAssigned,  ///< Opens and restores tasks.
  kRunning,
  kPendingShutdown,
  kDead,
};
inline constexpr std::size_t kThreadStates = 7;
/// "RUNNING" and so on.
[[nodiscard]] std::string_view to_string(ThreadState state);

/// How far a task is in one of its source partitions. Offset::kNone: not known yet.
struct SourceProgress {
  TopicPartition partition;
  std::string topic;                 ///< As the topology names it.
  Offset committed = Offset::kNone;  ///< The next record of the last commit.
  Offset end = Offset::kNone;        ///< The end of the log as last heard.
  std::uint64_t records = 0;         ///< Processed since the task was opened.
  std::size_t queued = 0;            ///< Fetched and not yet processed.

  /// Offsets between the last commit and the end: what a consumer group's lag is elsewhere.
  [[nodiscard]] std::int64_t lag() const {
    if (committed == Offset::kNone || end == Offset::kNone) return 0;
    return std::max<std::int64_t>(0, to_int(end) - to_int(committed));
  }
};

/// One store of a task. Sizes are rough.
struct StoreMetadata {
  std::string name;
  bool persistent = true;
  std::uint64_t entries = 0;
  std::uint64_t database_bytes = 0;  ///< Files and memtables; 0 for a store in memory.
  /// While it is restored: the changelog's offsets that it began at, has reached, and needs.
  Offset restore_from = Offset::kNone;
  Offset restore_position = Offset::kNone;
  Offset restore_end = Offset::kNone;

  /// Changelog offsets still to be read.
  [[nodiscard]] std::int64_t restore_remaining() const {
    return std::max<std::int64_t>(0, to_int(restore_end) - to_int(restore_position));
  }
};

/// One edge of a task's topology.
struct EdgeMetadata {
  std::string from;
  std::string to;
  std::uint64_t records = 0;  ///< Sent along it since the task was opened.
};

/// One task, as it stood a moment ago. **Source**: TaskMetadata of Kafka Streams, and more.
struct TaskMetadata {
  TaskId task;
  bool restoring = false;
  std::vector<SourceProgress> sources;
  std::vector<StoreMetadata> stores;
  std::vector<EdgeMetadata> edges;
  std::uint64_t records = 0;  ///< Input records processed since it was opened.
  std::uint64_t commits = 0;  ///< Number of its last commit.
  Timestamp committed_at = Timestamp::none();
  Timestamp stream_time = Timestamp::none();
  std::size_t buffered_bytes = 0;  ///< In the write buffers of its stores.

  [[nodiscard]] std::int64_t lag() const {
    std::int64_t sum = 0;
    for (const SourceProgress& source : sources) sum += source.lag();
    return sum;
  }
  [[nodiscard]] std::int64_t restore_remaining() const {
    std::int64_t sum = 0;
    for (const StoreMetadata& store : stores) sum += store.restore_remaining();
    return sum;
  }
};

/// One stream thread and its tasks. **Source**: ThreadMetadata of Kafka Streams.
struct ThreadMetadata {
  std::string thread_name;  ///< As in Kafka Streams: `<application.id>-<instance>-StreamThread-1`.
  ThreadState thread_state = ThreadState::kCreated;
  std::vector<TaskMetadata> active_tasks;
};

}  // namespace millstream
