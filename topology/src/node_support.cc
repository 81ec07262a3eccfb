#include <millstream/topology/detail/sink_node.h>
#include <millstream/topology/detail/source_node.h>
#include <millstream/topology/processor_context.h>
#include <millstream/topology/timestamp_extractor.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace millstream {

namespace detail {

void fail_on_invalid_timestamp(Timestamp timestamp, const RecordMetadata& origin) {
  throw StreamsError("record at offset " + std::to_string(to_int(origin.offset)) + " of " +
                     std::string(origin.topic) + "-" + std::to_string(origin.partition) +
                     " has the invalid timestamp " + std::to_string(timestamp.ms()) +
                     "; use another timestamp extractor to process it");
}

Timestamp extract_timestamp(DefaultTimestampExtractor extractor, Timestamp timestamp,
                            const ExtractionContext& context) {
  if (extractor == DefaultTimestampExtractor::kWallClock) return context.wall_clock_time;
  if (timestamp.is_valid() || extractor == DefaultTimestampExtractor::kLogAndSkip) return timestamp;
  if (extractor == DefaultTimestampExtractor::kUsePartitionTime &&
      context.partition_time.is_valid()) {
    return context.partition_time;
  }
  fail_on_invalid_timestamp(timestamp, context.origin);
}

void reject_undecodable(TaskContext& context, const Node& node, const char* part,
                        const Status& status) {
  context.on_deserialization_error(
      node.name(), std::string(part) + ": " + std::string(status.error().message()));
}

ExtractionContext extraction_context(const TaskContext& context, const RawRecord& record,
                                     Timestamp partition_time) {
  return {
      partition_time, context.wall_clock_time(), {record.topic, record.partition, record.offset}};
}

std::optional<Timestamp> accept_timestamp(TaskContext& context, const Node& node,
                                          Timestamp extracted) {
  if (extracted.is_valid()) return extracted;
  context.drop(node.name(), DropReason::kInvalidTimestamp);
  return std::nullopt;
}

void fail_on_negative_timestamp(const Node& node, Timestamp timestamp) {
  throw StreamsError("sink " + node.name() + " can't write a record with the negative timestamp " +
                     std::to_string(timestamp.ms()));
}

void reject_unserializable(TaskContext& context, const Node& node, const char* part,
                           const Status& status) {
  context.on_production_error(node.name(),
                              std::string(part) + ": " + std::string(status.error().message()));
}

void fail_on_unknown_child(std::string_view node, std::string_view child) {
  throw std::invalid_argument("unknown downstream node: " + std::string(child) +
                              " is no child of " + std::string(node));
}

}  // namespace detail

void ProcessorContextBase::require_connected(std::string_view store) const {
  if (std::find(site_.stores.begin(), site_.stores.end(), store) != site_.stores.end()) return;
  throw StreamsError("processor " + site_.name + " has no access to store " + std::string(store) +
                     ": name the store where the processor is added");
}

std::shared_ptr<Cancellable> ProcessorContextBase::schedule(Duration interval, PunctuationType type,
                                                            Punctuator punctuator) const {
  // The node's name and the task outlive the schedule; this context does too.
  auto guarded = [this, punctuator = std::move(punctuator)](Timestamp time) {
    try {
      punctuator(time);
    } catch (const StreamsError&) {
      throw;
    } catch (const StoreError&) {
      throw;
    } catch (const std::exception& error) {
      task_->on_processing_error(site_.name, error.what());
    }
  };
  return task_->schedule(interval, type, std::move(guarded));
}

}  // namespace millstream
