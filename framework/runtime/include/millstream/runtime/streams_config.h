#pragma once

#include <millstream/core/config.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>
#include <millstream/topology/handlers.h>
#include <millstream/topology/timestamp_extractor.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

/// **Source**: processing.guarantee of Kafka Streams; the same texts in configuration.
enum class ProcessingGuarantee { kAtLeastOnce, kExactlyOnceV2 };

/// The runtime's settings, read from a Config and checked. Names, meanings and defaults are Kafka
/// Streams'; what is millstream's own begins with `millstream.`.
struct StreamsConfig {
  /// application.id: names the group, the internal topics and the state directory. Required.
  std::string application_id;
  /// bootstrap.servers; default `embedded:<state.dir>/broker`.
  std::string bootstrap_servers;
  /// state.dir; default `/tmp/millstream`.
  std::string state_dir;
  /// processing.guarantee: at_least_once (default) or exactly_once_v2.
  ProcessingGuarantee guarantee = ProcessingGuarantee::kAtLeastOnce;
  /// commit.interval.ms: 30000, or 100 under exactly_once_v2; from the end of the last commit.
  Duration commit_interval{30'000};
  /// millstream.commit.idle.interval.ms: when all input is processed, commit this soon after
  /// the last commit if it wasn't much, and else this soon after the last record, so that results
  /// come early at low load and when the input pauses; default a tenth of commit.interval.ms. As
  /// long as that one: never earlier.
  Duration idle_commit_interval{3'000};
  /// num.stream.threads.
  int threads = 1;
  /// max.task.idle.ms.
  Duration max_task_idle{0};
  /// statestore.cache.max.bytes: the record caches of all threads together.
  std::size_t cache_bytes = std::size_t{10} << 20U;
  /// millstream.memory.bytes: write buffers, RocksDB's cache and memtables, and fetched input
  /// together.
  std::size_t memory_bytes = std::size_t{256} << 20U;
  /// buffered.records.per.partition.
  std::size_t buffered_records = 1000;
  /// replication.factor of internal topics; -1: the broker's default.
  std::int16_t replication_factor = -1;
  /// auto.offset.reset: earliest (default) or latest.
  std::string auto_offset_reset = "earliest";
  /// group.instance.id: static membership; a restarted member gets its tasks back at once.
  std::string group_instance_id;
  Duration session_timeout{45'000};
  /// transaction.timeout.ms: pinned, see docs/exactly-once.md.
  Duration transaction_timeout{10'000};
  /// millstream.offsets.refresh.ms: how often offsets of idle partitions are committed again.
  Duration offsets_refresh{3'600'000};
  /// repartition.purge.interval.ms: how often processed records of repartition topics are deleted.
  Duration purge_interval{30'000};
  /// state.cleanup.delay.ms: how long the state of a task that others have is kept for its return.
  Duration state_cleanup_delay{600'000};
  /// deserialization.exception.handler, processing.exception.handler, production.exception.handler:
  /// fail (default), continue, or dead-letter. The first and the last may be named with `default.`
  /// before, as Kafka Streams once did.
  HandlerResponse on_deserialization_error = HandlerResponse::kFail;
  HandlerResponse on_processing_error = HandlerResponse::kFail;
  HandlerResponse on_production_error = HandlerResponse::kFail;
  /// default.timestamp.extractor: fail (default), log-and-skip, partition-time, or wall-clock.
  DefaultTimestampExtractor timestamp_extractor = DefaultTimestampExtractor::kFail;
  /// errors.dead.letter.queue.topic.name (KIP-1034).
  std::string dead_letter_topic;
  /// millstream.rejected.topic: records that operators drop, with the reason.
  std::string rejected_topic;
  /// Everything, for the broker's own settings.
  Config all;

  /// **Errors**: kUser, naming the setting, its text and what is allowed.
  static Result<StreamsConfig> from(const Config& config);
};

/// The names of all settings that the runtime knows, for `unknown_settings`.
[[nodiscard]] std::span<const std::string_view> streams_setting_names();

}  // namespace millstream
