#pragma once

#include <millstream/core/config.h>
#include <millstream/core/ids.h>
#include <millstream/core/log.h>
#include <millstream/core/metrics.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>
#include <millstream/runtime/stream_task.h>
#include <millstream/runtime/thread_metadata.h>
#include <millstream/topology/built_topology.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

class Broker;

namespace simulation {
class SteppedStreams;
}

/// What to do when an error has left a task and no handler took it.
/// **Source**: StreamsUncaughtExceptionHandler of Kafka Streams.
enum class UncaughtResponse {
  /// Back to the last commit, and on.
  kReplaceThread,
  /// This instance ends in ERROR; its tasks go to the others.
  kShutdownClient,
  /// All instances that run now end in ERROR, the others within about a second.
  kShutdownApplication,
};

/// Told when the restore of a store begins, moves and ends. **Units**: changelog offsets.
/// **Thread**: called from stream threads. **Source**: StateRestoreListener.
struct StateRestoreListener {
  std::function<void(TaskId, const std::string& store, Offset from, Offset end)> on_restore_start;
  std::function<void(TaskId, const std::string& store, Offset position)> on_batch_restored;
  /// `records`: how many were read.
  std::function<void(TaskId, const std::string& store, std::uint64_t records)> on_restore_end;
};

/// An instance of an application: runs a topology, shares its partitions with the other instances
/// of the same application.id, and keeps its state and progress as the configuration promises.
///
///     KafkaStreams app(builder.build(), Config{{"application.id", "word-count"}});
///     return app.run();
///
/// **Thread**: start, close and run from one thread; the rest from any.
/// **Source**: org.apache.kafka.streams.KafkaStreams.
class KafkaStreams {
 public:
  /// **Source**: KafkaStreams.State; same texts.
  enum class State {
    kCreated,
    kRebalancing,
    kRunning,
    kPendingShutdown,
    kNotRunning,
    kPendingError,
    kError,
  };

  /// What comes from outside; everything may be left out.
  struct Options {
    /// Win over the handlers that the configuration names.
    Handlers handlers;
    std::function<UncaughtResponse(const Error&)> on_uncaught;
    std::function<void(State now, State before)> on_state;
    StateRestoreListener restore;
    /// Shared with others of the process; null: opened from the configuration. An embedded log can
    /// be open once a process, so whoever also produces or reads shares it here.
    Broker* broker = nullptr;
    Logger* logger = nullptr;
    const Clock* clock = nullptr;
    Metrics* metrics = nullptr;
    /// Seed of lineages and instance ids; 0: taken from the system.
    std::uint64_t seed = 0;
  };

  /// Nothing happens before `start`, which also reports what is wrong with the arguments.
  KafkaStreams(Result<std::shared_ptr<const BuiltTopology>> topology, Config config,
               Options options);
  KafkaStreams(Result<std::shared_ptr<const BuiltTopology>> topology, Config config);
  /// Closes.
  ~KafkaStreams();
  KafkaStreams(const KafkaStreams&) = delete;
  KafkaStreams& operator=(const KafkaStreams&) = delete;

  /// Check everything, open broker and state, make internal topics, join the group; returns as soon
  /// as the threads run. **Errors**: kUser for topology and configuration (all faults in one
  /// message), kMachine for a locked or unwritable state directory or an unreachable broker.
  Status start();
  /// Commit, close and leave the group. False if it took longer than `timeout`; then threads are
  /// still ending and the destructor waits for them.
  bool close(Duration timeout = Duration(30'000));
  /// Start, run until SIGINT or SIGTERM or an error, close. For `main`: returns its exit status
  /// (0, 1 run time, 2 usage), says errors on standard error. A second signal ends the process.
  int run();

  /// Say that the input is complete: once everything there is has been processed and committed,
  /// stream time moves on to wall-clock time, so that the last windows close and suppressed results
  /// come out; behind repartition topics when those before are done.
  void finish_input();
  /// Whether all tasks of this instance have done so.
  [[nodiscard]] bool input_finished() const;

  [[nodiscard]] State state() const;
  /// The error that ended the instance, if one did.
  [[nodiscard]] Error error() const;
  /// The threads and their tasks as of half a second ago or later; none before `start` and after
  /// `close`. **Cost**: a copy under a lock that the threads take twice a second.
  /// **Source**: KafkaStreams.metadataForLocalThreads.
  [[nodiscard]] std::vector<ThreadMetadata> metadata_for_local_threads() const;
  /// The tasks of all threads, by id.
  [[nodiscard]] std::vector<TaskMetadata> tasks() const;
  [[nodiscard]] Metrics& metrics();
  /// The broker it runs on, once started; for reading and producing beside it.
  [[nodiscard]] Broker& broker();

 private:
  friend class simulation::SteppedStreams;  // the simulator, which steps it without threads
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// "RUNNING" and so on.
[[nodiscard]] std::string_view to_string(KafkaStreams::State state);

}  // namespace millstream
