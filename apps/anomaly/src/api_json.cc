#include "api_json.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace anomaly {

using Json = nlohmann::ordered_json;
using millstream::Offset;
using millstream::StoreMetadata;
using millstream::TaskMetadata;
using millstream::ThreadMetadata;
using millstream::Timestamp;

namespace {

Json offset_json(Offset offset) { return offset == Offset::kNone ? Json() : Json(to_int(offset)); }

Json time_json(Timestamp time) { return time.is_valid() ? Json(time.ms()) : Json(); }

std::int64_t whole(double count) { return static_cast<std::int64_t>(count); }

/// Five digits are enough for a picture.
double rounded(double value) {
  if (!std::isfinite(value) || value == 0) return 0;
  const double digits = 4 - std::floor(std::log10(std::abs(value)));
  const double unit = std::pow(10, std::abs(digits));  // exact, so that no digits come of it
  return digits >= 0 ? std::round(value * unit) / unit : std::round(value / unit) * unit;
}

Json contributions_json(const std::vector<Contribution>& contributions) {
  Json all = Json::array();
  for (const Contribution& one : contributions) {
    all.push_back({{"feature", one.feature}, {"amount", rounded(one.amount)}});
  }
  return all;
}

Json json_of(const StoreMetadata& store) {
  Json json = {{"name", store.name},
               {"persistent", store.persistent},
               {"entries", store.entries},
               {"database_bytes", store.database_bytes}};
  if (store.restore_end != Offset::kNone) {
    json["restore"] = {{"from", offset_json(store.restore_from)},
                       {"position", offset_json(store.restore_position)},
                       {"end", offset_json(store.restore_end)},
                       {"remaining", store.restore_remaining()}};
  }
  return json;
}

Json json_of(const millstream::SourceProgress& source) {
  return {{"topic", source.partition.topic},
          {"partition", source.partition.partition},
          {"committed", offset_json(source.committed)},
          {"end", offset_json(source.end)},
          {"lag", source.lag()},
          {"records", source.records},
          {"queued", source.queued}};
}

}  // namespace

Json json_of(const Quantiles& quantiles) {
  if (!quantiles.observed) return {};
  return {{"p50", rounded(quantiles.p50)},
          {"p95", rounded(quantiles.p95)},
          {"p99", rounded(quantiles.p99)}};
}

Json json_of(const MetricTotals& totals) {
  return {{"records_processed", whole(totals.processed)},
          {"events_scored", whole(totals.scored)},
          {"anomalies", whole(totals.anomalies)},
          {"alerts", whole(totals.alerts)},
          {"dead_letters", whole(totals.dead_letters)},
          {"dropped", whole(totals.dropped)},
          {"passed_over", whole(totals.faulty)},
          {"commits", whole(totals.commits)},
          {"aborts", whole(totals.aborts)},
          {"rebalances", whole(totals.rebalances)},
          {"cache_hits", whole(totals.cache_hits)},
          {"cache_misses", whole(totals.cache_misses)},
          {"mails_sent", whole(totals.mails_sent)},
          {"mail_failures", whole(totals.mail_failures)},
          {"mails_waiting", whole(totals.mails_waiting)},
          {"buffer_bytes", whole(totals.buffer_bytes)},
          {"rocksdb_memory_bytes", whole(totals.rocksdb_bytes)}};
}

Json sample_fields() {
  return {"time_ms",           "records_per_second", "anomalies_per_second", "lag",
          "restore_remaining", "end_to_end_p50",     "end_to_end_p99",       "commit_p99"};
}

Json json_of(const Sample& sample) {
  const auto seconds = [](const Quantiles& of, double value) {
    return of.observed ? Json(rounded(value)) : Json();
  };
  return {sample.time_ms,
          rounded(sample.records_per_second),
          rounded(sample.anomalies_per_second),
          sample.lag,
          sample.restore_remaining,
          seconds(sample.end_to_end, sample.end_to_end.p50),
          seconds(sample.end_to_end, sample.end_to_end.p99),
          seconds(sample.commit, sample.commit.p99)};
}

Json json_of(const TaskMetadata& task) {
  Json sources = Json::array();
  for (const auto& source : task.sources) sources.push_back(json_of(source));
  Json stores = Json::array();
  for (const StoreMetadata& store : task.stores) stores.push_back(json_of(store));
  return {{"task", task.task.to_string()},
          {"state", task.restoring ? "restoring" : "running"},
          {"sources", std::move(sources)},
          {"stores", std::move(stores)},
          {"records", task.records},
          {"lag", task.lag()},
          {"restore_remaining", task.restore_remaining()},
          {"commits", task.commits},
          {"committed_at_ms", time_json(task.committed_at)},
          {"stream_time_ms", time_json(task.stream_time)},
          {"buffered_bytes", task.buffered_bytes}};
}

Json json_of(const ThreadMetadata& thread) {
  Json tasks = Json::array();
  for (const TaskMetadata& task : thread.active_tasks) tasks.push_back(json_of(task));
  return {{"name", thread.thread_name},
          {"state", to_string(thread.thread_state)},
          {"tasks", std::move(tasks)}};
}

Json json_of(const std::vector<SeriesPoint>& points) {
  Json rows = Json::array();
  for (const SeriesPoint& point : points) {
    rows.push_back(
        {point.timestamp_ms, rounded(point.value), rounded(point.score), point.anomaly ? 1 : 0});
  }
  return rows;
}

Json json_of(const SeenIncident& incident) {
  return {{"id", incident.id},
          {"series", incident.series},
          {"start_ms", incident.start_ms},
          {"end_ms", incident.end_ms},
          {"count", incident.count},
          {"peak_ms", incident.peak.timestamp_ms},
          {"peak_score", rounded(incident.peak.score)},
          {"peak_value", rounded(incident.peak.value)},
          {"expected", rounded(incident.peak.expected)},
          {"threshold", rounded(incident.peak.threshold)},
          {"contributions", contributions_json(incident.peak.contributions)},
          {"model_version", incident.peak.model_version},
          {"fate", to_string(incident.fate)},
          {"alert_id", incident.alert_id.empty() ? Json() : Json(incident.alert_id)},
          {"seen_ms", incident.seen_ms},
          {"points", json_of(incident.points)}};
}

Json json_of(const RecentResults::SeenAlert& seen) {
  const Alert& alert = seen.alert;
  return {{"id", alert.id},
          {"series", alert.series},
          {"start_ms", alert.start_ms},
          {"end_ms", alert.end_ms},
          {"count", alert.count},
          {"peak_ms", alert.peak_ms},
          {"peak_score", rounded(alert.peak_score)},
          {"peak_value", rounded(alert.peak_value)},
          {"expected", rounded(alert.peak_expected)},
          {"threshold", rounded(alert.threshold)},
          {"contributions", contributions_json(alert.contributions)},
          {"model_version", alert.model_version},
          {"mailed", seen.mailed},
          {"seen_ms", seen.seen_ms}};
}

Json json_of(const millstream::forest::Model& model) {
  const auto& parts = model.parts();
  return {{"version", model.version()},      {"threshold", rounded(parts.threshold)},
          {"features", parts.features},      {"trained_on", parts.training.data},
          {"series", parts.training.series}, {"rows", parts.training.rows}};
}

Json rates_json(const Sampler& sampler, const std::vector<ThreadMetadata>& threads) {
  Json edges = Json::array();
  for (const auto& [edge, rate] : sampler.edges()) {
    edges.push_back({edge.first, edge.second, rounded(rate)});
  }
  Json sources = Json::object();
  for (const auto& [topic, rate] : sampler.sources()) sources[topic] = rounded(rate);
  std::map<std::string, StoreMetadata> sums;
  for (const ThreadMetadata& thread : threads) {
    for (const TaskMetadata& task : thread.active_tasks) {
      for (const StoreMetadata& store : task.stores) {
        StoreMetadata& sum = sums[store.name];
        sum.entries += store.entries;
        sum.database_bytes += store.database_bytes;
      }
    }
  }
  Json stores = Json::object();
  for (const auto& [name, sum] : sums) {
    stores[name] = {{"entries", sum.entries}, {"database_bytes", sum.database_bytes}};
  }
  return {
      {"edges", std::move(edges)}, {"sources", std::move(sources)}, {"stores", std::move(stores)}};
}

}  // namespace anomaly
