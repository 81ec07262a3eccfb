#include <millstream/runtime/global_updater.h>

#include <millstream/core/assert.h>
#include <millstream/topology/errors.h>

#include <algorithm>

namespace millstream {

GlobalUpdater::GlobalUpdater(const BuiltTopology& topology, const std::string& application_id,
                             const Handlers& handlers, DefaultTimestampExtractor extractor,
                             TaskState& state, Metrics& metrics, Logger& logger)
    : application_id_(application_id),
      handlers_(handlers),
      extractor_(extractor),
      state_(&state),
      metrics_(&metrics),
      logger_(&logger),
      nodes_(topology.instantiate_global()) {
  for (const GlobalStore& global : topology.global_stores()) {
    heads_[global.topic] = nodes_->source(global.topic).make_head();
  }
  nodes_->init(*this);
}

void GlobalUpdater::process(const RawRecord& record, Timestamp now) {
  now_ = now;
  raw_ = record;
  metadata_ = {record.topic, record.partition, record.offset};
  SourceHead& head = *heads_.find(record.topic)->second;
  if (head.load(raw_, stream_time_) == SourceHead::Outcome::kSkip) return;
  stream_time_ = std::max(stream_time_, head.timestamp());
  head.process();
}

const StoreSpec& GlobalUpdater::store_spec(std::string_view name) const {
  const auto& specs = state_->specs();
  const auto found =
      std::find_if(specs.begin(), specs.end(), [&](const auto& spec) { return spec.name == name; });
  MILLSTREAM_ASSERT(found != specs.end(), "a store that is not the topology's");
  return *found;
}

void GlobalUpdater::send(std::string_view node, std::string_view, std::optional<PartitionId>,
                         std::optional<std::string_view>, std::optional<std::string_view>,
                         Timestamp, const Headers&) {
  throw StreamsError("node " + std::string(node) + " fills a global store and can't write a topic");
}

std::shared_ptr<Cancellable> GlobalUpdater::schedule(Duration, PunctuationType, Punctuator) {
  throw StreamsError("a processor that fills a global store can't schedule punctuations");
}

void GlobalUpdater::drop(std::string_view node, DropReason reason) {
  metrics_
      ->counter("millstream_dropped_records_total", "Records dropped by operators.",
                {{"node", std::string(node)}, {"reason", std::string(to_string(reason))}})
      .add();
}

void GlobalUpdater::on_processing_error(std::string_view node, std::string_view what) {
  respond(RecordFault::Stage::kProcessing, handlers_.processing, node, what);
}
void GlobalUpdater::on_deserialization_error(std::string_view node, std::string_view what) {
  respond(RecordFault::Stage::kDeserialization, handlers_.deserialization, node, what);
}
void GlobalUpdater::on_production_error(std::string_view node, std::string_view what) {
  respond(RecordFault::Stage::kProduction, handlers_.production, node, what);
}

void GlobalUpdater::respond(RecordFault::Stage stage, const ExceptionHandler& handler,
                            std::string_view node, std::string_view what) {
  const RecordFault fault{stage, raw_, node, what, task_id()};
  if (handler && handler(fault) != HandlerResponse::kFail) return;
  throw StreamsError("a record of global topic " + std::string(raw_.topic) + " failed in node " +
                     std::string(node) + ": " + std::string(what));
}

}  // namespace millstream
