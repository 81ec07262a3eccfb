#include "api_results.h"

#include <algorithm>

namespace anomaly {

std::string_view to_string(IncidentFate fate) {
  switch (fate) {
    case IncidentFate::kOpen:
      return "open";
    case IncidentFate::kAlerted:
      return "alerted";
    case IncidentFate::kMailed:
      return "mailed";
  }
  return "open";
}

namespace {

SeriesPoint point_of(const Score& score) {
  return {score.timestamp_ms, score.value, score.score, score.anomaly};
}

/// In a long incident the middle says least: every second point of it goes.
void thin_out(std::vector<SeriesPoint>& points) {
  std::vector<SeriesPoint> kept;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool is_end = i == 0 || i + 1 == points.size();
    const SeriesPoint& stronger =
        i + 1 < points.size() && points[i + 1].score > points[i].score ? points[i + 1] : points[i];
    if (is_end) {
      kept.push_back(points[i]);
    } else if (i % 2 == 1) {
      kept.push_back(stronger);
    }
  }
  points = std::move(kept);
}

}  // namespace

RecentResults::Series* RecentResults::series_of(const std::string& name) {
  const auto known = series_.find(name);
  if (known != series_.end()) return &known->second;
  if (series_.size() >= limits_.series) return nullptr;
  return &series_[name];
}

SeenIncident* RecentResults::find(std::uint64_t id) {
  const auto found = std::lower_bound(incidents_.begin(), incidents_.end(), id,
                                      [](const auto& one, std::uint64_t i) { return one.id < i; });
  return found != incidents_.end() && found->id == id ? &*found : nullptr;
}

SeenIncident* RecentResults::covering(const std::string& series, std::int64_t from_ms,
                                      std::int64_t to_ms) {
  for (auto at = incidents_.rbegin(); at != incidents_.rend(); ++at) {
    if (at->series == series && at->start_ms <= to_ms && at->end_ms >= from_ms) return &*at;
  }
  return nullptr;
}

void RecentResults::add_score(const Score& score, std::int64_t now_ms) {
  const std::scoped_lock lock(mutex_);
  ++version_;
  Series* series = series_of(score.series);
  if (series == nullptr) return;
  series->points.push_back(point_of(score));
  if (series->points.size() > limits_.points) series->points.pop_front();
  SeenIncident* incident = series->incident == 0 ? nullptr : find(series->incident);
  if (incident != nullptr && score.timestamp_ms - incident->end_ms > gap_ms_) incident = nullptr;
  if (score.anomaly) {
    SeenIncident& mine = incident_for(score, *series);
    const bool is_new = mine.count == 0;
    extend(mine, score, now_ms);
    if (is_new) {
      const std::size_t before = std::min(limits_.before, series->points.size());
      mine.points.assign(series->points.end() - static_cast<std::ptrdiff_t>(before),
                         series->points.end());
      return;
    }
    incident = &mine;
  }
  if (incident == nullptr) {
    series->incident = 0;
    return;
  }
  incident->points.push_back(point_of(score));
  if (incident->points.size() > limits_.incident_points) thin_out(incident->points);
  incident->changed = version_;
}

void RecentResults::add_anomaly(const Score& score, std::int64_t now_ms) {
  const std::scoped_lock lock(mutex_);
  if (covering(score.series, score.timestamp_ms, score.timestamp_ms) != nullptr) return;
  Series* series = series_of(score.series);
  if (series == nullptr) return;
  // Ahead of the scores: they will bring it themselves.
  if (series->points.empty() || series->points.back().timestamp_ms < score.timestamp_ms) return;
  ++version_;
  Series aside{.incident = series->incident};
  extend(incident_for(score, aside), score, now_ms);
}

SeenIncident& RecentResults::incident_for(const Score& score, Series& series) {
  SeenIncident* near =
      covering(score.series, score.timestamp_ms - gap_ms_, score.timestamp_ms + gap_ms_);
  if (near == nullptr) {
    if (incidents_.size() >= limits_.incidents) incidents_.pop_front();
    near = &incidents_.emplace_back();
    near->id = next_id_++;
    near->series = score.series;
    near->start_ms = score.timestamp_ms;
    near->end_ms = score.timestamp_ms;
  }
  series.incident = near->id;
  return *near;
}

void RecentResults::extend(SeenIncident& incident, const Score& score, std::int64_t now_ms) {
  incident.start_ms = std::min(incident.start_ms, score.timestamp_ms);
  incident.end_ms = std::max(incident.end_ms, score.timestamp_ms);
  if (incident.count == 0 || score.score > incident.peak.score) incident.peak = score;
  ++incident.count;
  incident.seen_ms = now_ms;
  incident.changed = version_;
  for (const SeenAlert& alert : alerts_) {
    const bool covers = alert.alert.series == incident.series &&
                        alert.alert.start_ms <= incident.end_ms &&
                        alert.alert.end_ms >= incident.start_ms;
    if (covers) settle(incident, alert);
  }
}

void RecentResults::settle(SeenIncident& incident, const SeenAlert& alert) {
  incident.alert_id = alert.alert.id;
  incident.fate = alert.mailed ? IncidentFate::kMailed : IncidentFate::kAlerted;
  incident.changed = version_;
}

void RecentResults::add_alert(const Alert& alert, std::int64_t now_ms) {
  const std::scoped_lock lock(mutex_);
  ++version_;
  const bool is_known = std::any_of(alerts_.begin(), alerts_.end(),
                                    [&](const auto& known) { return known.alert.id == alert.id; });
  if (is_known) return;  // read from the topic and handed on by the mailer
  if (alerts_.size() >= limits_.alerts) alerts_.pop_front();
  alerts_.push_back({alert, false, now_ms});
  if (SeenIncident* incident = covering(alert.series, alert.start_ms, alert.end_ms)) {
    settle(*incident, alerts_.back());
  }
}

void RecentResults::note_mailed(const std::vector<std::string>& alert_ids) {
  const std::scoped_lock lock(mutex_);
  ++version_;
  for (const std::string& id : alert_ids) {
    for (SeenAlert& alert : alerts_) {
      if (alert.alert.id == id) alert.mailed = true;
    }
    for (SeenIncident& incident : incidents_) {
      if (incident.alert_id != id) continue;
      incident.fate = IncidentFate::kMailed;
      incident.changed = version_;
    }
  }
}

std::vector<SeenIncident> RecentResults::incidents(std::size_t limit, std::string_view series,
                                                   std::uint64_t changed) const {
  const std::scoped_lock lock(mutex_);
  std::vector<SeenIncident> found;
  for (const SeenIncident& incident : incidents_) {
    const bool is_asked = series.empty() || incident.series == series;
    if (is_asked && incident.changed > changed) found.push_back(incident);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.seen_ms != b.seen_ms ? a.seen_ms > b.seen_ms : a.id > b.id;
  });
  if (found.size() > limit) found.resize(limit);
  return found;
}

std::vector<RecentResults::SeenAlert> RecentResults::alerts(std::size_t limit) const {
  const std::scoped_lock lock(mutex_);
  std::vector<SeenAlert> found(alerts_.rbegin(), alerts_.rend());
  if (found.size() > limit) found.resize(limit);
  return found;
}

std::vector<std::string> RecentResults::series() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, series] : series_) names.push_back(name);
  return names;
}

std::vector<SeriesPoint> RecentResults::points(std::string_view name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = series_.find(name);
  if (found == series_.end()) return {};
  return {found->second.points.begin(), found->second.points.end()};
}

std::uint64_t RecentResults::version() const {
  const std::scoped_lock lock(mutex_);
  return version_;
}

}  // namespace anomaly
