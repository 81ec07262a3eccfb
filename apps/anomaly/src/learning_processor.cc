#include "learning_processor.h"

#include <millstream/core/log.h>

#include <algorithm>

namespace anomaly {

using millstream::FixedKeyProcessorContext;
using millstream::FixedKeyRecord;
using millstream::forest::kBlockRecords;

namespace {

constexpr std::size_t kShownContributions = 3;

}  // namespace

template <class Detector>
void LearningProcessor<Detector>::init(FixedKeyProcessorContext<std::string, Score>& context) {
  context_ = &context;
  store_.emplace(context.state_store<DetectorStore::Bytes>(kDetectorStore));
  context.register_operator_state(*this);
  // By task: no two threads write the same counter.
  const millstream::MetricLabels task = {{"task", context.task_id().to_string()}};
  auto& metrics = context.metrics();
  events_ = &metrics.counter("events_processed_total", "Metrics scored.", task);
  anomalies_ = &metrics.counter("anomalies_detected_total", "Scores above the threshold.", task);
  loads_ = &metrics.counter("detector_states_loaded_total",
                            "Series whose state was read from the store.", task);
  restarts_ = &metrics.counter("detector_states_restarted_total",
                               "Series whose state was of other options and began anew.", task);
  memory_ = &metrics.gauge("detector_memory_bytes", "Held by the series in memory.", task);
}

template <class Detector>
auto LearningProcessor<Detector>::entry_of(const std::string& series) -> typename Cache::Entry& {
  if (auto* entry = cache_.find(series)) return *entry;
  Detector detector(options_, series);
  switch (store_->load(series, detector)) {
    case DetectorStore::Found::kNothing:
      break;
    case DetectorStore::Found::kState:
      loads_->add();
      break;
    case DetectorStore::Found::kOtherOptions:
      restarts_->add();
      context_->logger().warning("a detector's state is of other options: it begins anew",
                                 {{"series", series}});
  }
  auto& entry = cache_.add(series, std::move(detector));
  cache_.weigh(entry);
  return entry;
}

template <class Detector>
void LearningProcessor<Detector>::process(const FixedKeyRecord<std::string, Metric>& record) {
  const Metric& metric = record.value();
  auto& entry = entry_of(record.key());
  Detector& detector = entry.detector;
  score_.series = record.key();
  score_.timestamp_ms = metric.timestamp_ms;
  score_.value = metric.value;
  score_.produced_at_ms = metric.produced_at_ms;
  score_.model_version = version_;
  score_.expected = detector.count() == 0 ? metric.value : detector.level();
  const auto result = detector.update(metric.timestamp_ms, metric.value);
  store_->save(record.key(), detector);
  score_.score = to_unit(detector, result.score);
  score_.threshold = to_unit(detector, result.threshold);
  score_.anomaly = result.alarm;
  score_.contributions.clear();
  if (result.alarm) explain(detector, result.score);
  if (detector.count() % kBlockRecords == 0) {
    cache_.weigh(entry);
    memory_->set(static_cast<double>(cache_.bytes()));
  }
  events_->add();
  if (result.alarm) anomalies_->add();
  context_->forward(record.with_value(score_));
}

/// Amounts in parts of the score as the message has it.
template <class Detector>
void LearningProcessor<Detector>::explain(const Detector& detector, double own_score) {
  const double scale = own_score > 0 ? score_.score / own_score : 0.0;
  for (const auto& one : detector.explain()) {
    if (score_.contributions.size() == kShownContributions) break;
    score_.contributions.push_back({.feature = std::string(one.feature),
                                    .amount = one.amount * scale,
                                    .value = one.value,
                                    .expected = one.expected});
  }
}

template class LearningProcessor<millstream::forest::OnlineForest>;
template class LearningProcessor<millstream::forest::SeriesForest>;

}  // namespace anomaly
