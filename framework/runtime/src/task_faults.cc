#include "task_context_impl.h"

#include <millstream/topology/errors.h>

#include <utility>

namespace millstream {

// What a task does with records that can't be processed, written, or are dropped by an operator.

void StreamTask::Context::drop(std::string_view node, DropReason reason) {
  const auto [entry, added] = dropped_.try_emplace({std::string(node), reason}, nullptr);
  if (added) {
    const std::string why(to_string(reason));
    entry->second =
        &metrics_->counter("millstream_dropped_records_total", "Records dropped by operators.",
                           {{"node", std::string(node)}, {"reason", why}});
    logger_->warning(
        "an operator drops a record; further ones are only counted",
        {{"task", options_.id.to_string()}, {"node", std::string(node)}, {"reason", why}});
  }
  entry->second->add();
  if (options_.rejected_topic.empty() || raw_.topic.empty()) return;
  Rejection rejection{std::string(raw_.topic), raw_.offset, std::string(node)};
  if (rejection == last_rejection_) return;
  last_rejection_ = std::move(rejection);
  send_aside(options_.rejected_topic, node, to_string(reason), {});
}

void StreamTask::Context::on_processing_error(std::string_view node, std::string_view what) {
  respond(RecordFault::Stage::kProcessing, options_.handlers.processing, node, what);
}

void StreamTask::Context::on_production_error(std::string_view node, std::string_view what) {
  respond(RecordFault::Stage::kProduction, options_.handlers.production, node, what);
}

void StreamTask::Context::on_deserialization_error(std::string_view node, std::string_view what) {
  respond(RecordFault::Stage::kDeserialization, options_.handlers.deserialization, node, what);
}

namespace {

std::string_view name_of(RecordFault::Stage stage) {
  switch (stage) {
    case RecordFault::Stage::kDeserialization:
      return "deserialization";
    case RecordFault::Stage::kProcessing:
      return "processing";
    case RecordFault::Stage::kProduction:
      return "production";
  }
  return "processing";
}

std::string place_of(const RawRecord& record) {
  if (record.topic.empty()) return "a punctuation";
  return std::string(record.topic) + "-" + std::to_string(record.partition) + " at offset " +
         std::to_string(to_int(record.offset));
}

}  // namespace

void StreamTask::Context::respond(RecordFault::Stage stage, const ExceptionHandler& handler,
                                  std::string_view node, std::string_view what) {
  const RecordFault fault{stage, raw_, node, what, options_.id};
  const HandlerResponse response = handler ? handler(fault) : HandlerResponse::kFail;
  const std::string place = place_of(raw_);
  if (response == HandlerResponse::kFail) {
    throw StreamsError(std::string(name_of(stage)) + " failed for " + place + " in node " +
                       std::string(node) + " of task " + options_.id.to_string() + ": " +
                       std::string(what) + "; set " + std::string(name_of(stage)) +
                       ".exception.handler to continue or dead-letter to pass such records over");
  }
  metrics_
      ->counter("millstream_faulty_records_total", "Records passed over by a handler.",
                {{"stage", std::string(name_of(stage))}})
      .add();
  logger_->warning("a record is passed over", {{"stage", std::string(name_of(stage))},
                                               {"record", place},
                                               {"node", std::string(node)},
                                               {"error", std::string(what)}});
  if (response == HandlerResponse::kDeadLetter && !options_.dead_letter_topic.empty() &&
      !raw_.topic.empty()) {
    send_aside(options_.dead_letter_topic, node, name_of(stage), what);
    metrics_->counter("millstream_dead_letters_total", "Records sent to the dead-letter topic.")
        .add();
  }
}

/// Send the input record's original bytes to a topic, with headers that say what, where and why;
/// header names as in KIP-1034.
void StreamTask::Context::send_aside(const std::string& topic, std::string_view node,
                                     std::string_view reason, std::string_view what) {
  Headers headers;
  if (raw_.headers != nullptr) headers = *raw_.headers;
  headers.add("__streams.errors.topic", std::string(raw_.topic));
  headers.add("__streams.errors.partition", std::to_string(raw_.partition));
  headers.add("__streams.errors.offset", std::to_string(to_int(raw_.offset)));
  headers.add("__streams.errors.node", std::string(node));
  headers.add("__streams.errors.reason", std::string(reason));
  if (!what.empty()) headers.add("__streams.errors.message", std::string(what));
  const Status status = collector_->send({.topic = topic,
                                          .partition = std::nullopt,
                                          .key = raw_.key,
                                          .value = raw_.value,
                                          .timestamp = raw_.timestamp,
                                          .headers = &headers});
  if (!status) {
    throw StreamsError("topic " + topic + ": " + std::string(status.error().message()));
  }
}

}  // namespace millstream
