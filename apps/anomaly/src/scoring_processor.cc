#include "scoring_processor.h"

#include <algorithm>

namespace anomaly {

using millstream::FixedKeyProcessorContext;
using millstream::FixedKeyRecord;

namespace {

constexpr std::size_t kShownContributions = 3;

}  // namespace

void ScoringProcessor::init(FixedKeyProcessorContext<std::string, Score>& context) {
  context_ = &context;
  take_model();
  // By task: no two threads write the same counter.
  const millstream::MetricLabels task = {{"task", context.task_id().to_string()}};
  auto& metrics = context.metrics();
  events_ = &metrics.counter("events_processed_total", "Metrics scored.", task);
  anomalies_ = &metrics.counter("anomalies_detected_total", "Scores above the threshold.", task);
  cache_hits_ = &metrics.counter("score_cache_hits_total",
                                 "Scores taken from the cache of equal features.", task);
  cache_misses_ =
      &metrics.counter("score_cache_misses_total", "Scores computed by the forest.", task);
}

void ScoringProcessor::take_model() {
  generation_ = models_->generation();
  model_ = models_->current();
  cache_ = ScoreCache();
  states_ = context_->state_store<States>(kFeatureStore, {},
                                          SeriesStateSerde(model_->parts().extraction));
}

void ScoringProcessor::process(const FixedKeyRecord<std::string, Metric>& record) {
  if (models_->generation() != generation_) take_model();
  const Metric& metric = record.value();
  score_.series = record.key();
  score_.timestamp_ms = metric.timestamp_ms;
  score_.value = metric.value;
  score_.produced_at_ms = metric.produced_at_ms;
  score_.threshold = model_->parts().threshold;
  score_.model_version = model_->version();
  score(record.key(), metric);
  events_->add();
  if (score_.anomaly) anomalies_->add();
  context_->forward(record.with_value(score_));
}

void ScoringProcessor::score(const std::string& series, const Metric& metric) {
  auto found = states_->get(series);
  SeriesState state = found ? *found
                            : SeriesState{.extractor = millstream::forest::FeatureExtractor(
                                              model_->parts().extraction)};
  score_.expected = state.extractor.count() == 0 ? metric.value : state.level;
  state.learn_level(metric.value);
  ScoreCache::Features features{};
  const bool warm = state.extractor.update(metric.timestamp_ms, metric.value, features);
  states_->put(series, state);
  score_.score = warm ? score_of(features) : 0;
  score_.anomaly = warm && model_->is_anomaly(score_.score);
  score_.contributions.clear();
  if (score_.anomaly) explain(features);
}

double ScoringProcessor::score_of(const ScoreCache::Features& features) {
  if (const auto cached = cache_.find(features)) {
    cache_hits_->add();
    return *cached;
  }
  cache_misses_->add();
  const double score = model_->score(features);
  cache_.insert(features, score);
  return score;
}

void ScoringProcessor::explain(const ScoreCache::Features& features) {
  const auto contributions = model_->explain(features);
  const std::size_t shown = std::min(contributions.size(), kShownContributions);
  for (std::size_t i = 0; i < shown; ++i) {
    score_.contributions.push_back({.feature = std::string(contributions[i].feature),
                                    .amount = contributions[i].amount,
                                    .value = contributions[i].value,
                                    .expected = contributions[i].expected});
  }
}

}  // namespace anomaly
