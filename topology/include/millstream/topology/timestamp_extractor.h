#pragma once

#include <millstream/core/record.h>
#include <millstream/core/time.h>
#include <millstream/topology/errors.h>

#include <functional>
#include <string>

namespace millstream {

namespace detail {
[[noreturn]] void fail_on_invalid_timestamp(Timestamp timestamp, const RecordMetadata& origin);
}  // namespace detail

/// What a timestamp extractor may look at beside the record.
struct ExtractionContext {
  /// The largest timestamp seen in the record's partition; negative before the first.
  Timestamp partition_time;
  Timestamp wall_clock_time;
  RecordMetadata origin;
};

/// Says when a record happened. A negative time drops the record, which is counted.
/// **Errors**: an exception ends the task's work. **Thread**: called from every stream thread.
/// **Source**: TimestampExtractor of Kafka Streams.
template <class K, class V>
using TimestampExtractor =
    std::function<Timestamp(const Record<K, V>& record, const ExtractionContext& context)>;

/// What default.timestamp.extractor can name: the extractor of sources that have none of their own.
enum class DefaultTimestampExtractor { kFail, kLogAndSkip, kUsePartitionTime, kWallClock };

namespace detail {
[[nodiscard]] Timestamp extract_timestamp(DefaultTimestampExtractor extractor, Timestamp timestamp,
                                          const ExtractionContext& context);
}  // namespace detail

/// Take the record's own timestamp; fail where it is negative. The default.
struct FailOnInvalidTimestamp {
  template <class K, class V>
  Timestamp operator()(const Record<K, V>& record, const ExtractionContext& context) const {
    if (!record.timestamp().is_valid()) {
      detail::fail_on_invalid_timestamp(record.timestamp(), context.origin);
    }
    return record.timestamp();
  }
};

/// Take the record's own timestamp; drop records where it is negative.
struct LogAndSkipOnInvalidTimestamp {
  template <class K, class V>
  Timestamp operator()(const Record<K, V>& record, const ExtractionContext&) const {
    return record.timestamp();
  }
};

/// Take the record's own timestamp, or its partition's time where it is negative; fail if the
/// partition has none yet.
struct UsePartitionTimeOnInvalidTimestamp {
  template <class K, class V>
  Timestamp operator()(const Record<K, V>& record, const ExtractionContext& context) const {
    if (record.timestamp().is_valid()) return record.timestamp();
    if (!context.partition_time.is_valid()) {
      detail::fail_on_invalid_timestamp(record.timestamp(), context.origin);
    }
    return context.partition_time;
  }
};

/// Take the time of processing.
struct WallclockTimestampExtractor {
  template <class K, class V>
  Timestamp operator()(const Record<K, V>&, const ExtractionContext& context) const {
    return context.wall_clock_time;
  }
};

}  // namespace millstream
