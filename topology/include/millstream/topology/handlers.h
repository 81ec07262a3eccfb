#pragma once

#include <millstream/core/headers.h>
#include <millstream/core/ids.h>
#include <millstream/core/time.h>

#include <functional>
#include <optional>
#include <string_view>

namespace millstream {

/// A record as it came from its topic, and where it came from. **Lifetime**: views during the call.
struct RawRecord {
  std::string_view topic;
  PartitionId partition = 0;
  Offset offset = Offset::kNone;
  Timestamp timestamp;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  Headers* headers = nullptr;
};

/// What went wrong with a record, for a handler.
struct RecordFault {
  enum class Stage { kDeserialization, kProcessing, kProduction };
  Stage stage = Stage::kDeserialization;
  /// The input record that was being processed; empty topic during punctuation.
  RawRecord record;
  /// The node in which it went wrong, and the words of what went wrong.
  std::string_view node;
  std::string_view what;
  TaskId task;
};

/// What a handler decides. A dead letter keeps the original bytes with headers that say what, where
/// and why; then the record is skipped. **Source**: DeserializationExceptionHandler,
/// ProcessingExceptionHandler, ProductionExceptionHandler of Kafka Streams, KIP-1034.
enum class HandlerResponse { kFail, kContinue, kDeadLetter };

/// Decides what becomes of a faulty record. **Thread**: called from every stream thread.
using ExceptionHandler = std::function<HandlerResponse(const RecordFault&)>;

}  // namespace millstream
