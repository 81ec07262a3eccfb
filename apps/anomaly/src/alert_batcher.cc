#include "alert_batcher.h"

#include <algorithm>

namespace anomaly {

using millstream::Duration;
using millstream::Timestamp;

namespace {

constexpr Duration kHour{3'600'000};
constexpr Duration kRemember{7 * 24 * 3'600'000};
constexpr std::size_t kMaxTold = 50'000;
constexpr char kSeparator = '\x1f';

std::string category(const std::string& series) {
  const std::size_t slash = series.rfind('/');
  return slash == std::string::npos ? std::string() : series.substr(0, slash);
}

std::string joined(const std::vector<std::string>& values, const std::string& separator) {
  std::string out;
  for (const std::string& value : values) {
    if (!out.empty() && !value.empty()) out += separator;
    out += value;
  }
  return out;
}

bool has_grown(const AlertNotice& notice, const AlertBatcher::Told& told) {
  return notice.end > told.end || notice.count > told.count || notice.peak_score > told.peak_score;
}

}  // namespace

std::vector<std::string> AlertBatcher::group_values(const AlertNotice& notice) const {
  std::vector<std::string> values;
  for (const std::string& name : options_.group_by) {
    if (name == "series") {
      values.push_back(notice.series);
    } else if (name == "category") {
      values.push_back(category(notice.series));
    } else if (name == "...") {
      values.push_back(notice.id);
    } else {
      const auto label = notice.labels.find(name);
      values.push_back(label == notice.labels.end() ? std::string() : label->second);
    }
  }
  return values;
}

AlertBatcher::Accepted AlertBatcher::add(AlertNotice notice, Timestamp now) {
  if (!(notice.peak_score >= options_.min_score)) return Accepted::kTooLow;
  const auto told = state_.told.find(notice.id);
  if (told == state_.told.end()) {
    put(std::move(notice), now, now);
    return Accepted::kNew;
  }
  if (!has_grown(notice, told->second)) return Accepted::kDuplicate;
  put(std::move(notice), told->second.when + options_.repeat_interval, now);
  return Accepted::kGrown;
}

void AlertBatcher::put(AlertNotice notice, Timestamp not_before, Timestamp now) {
  const std::vector<std::string> values = group_values(notice);
  auto [at, is_new] = state_.groups.try_emplace(joined(values, std::string(1, kSeparator)));
  Group& group = at->second;
  if (is_new) group.name = joined(values, ", ");
  if (group.waiting.empty()) {
    const bool is_recent =
        group.last_batch.is_valid() && now < group.last_batch + options_.group_interval;
    group.opens =
        is_recent ? group.last_batch + options_.group_interval : now + options_.group_wait;
  }
  auto [waiting, first] = group.waiting.try_emplace(notice.id, Waiting{{}, not_before});
  waiting->second.notice = std::move(notice);
}

Timestamp AlertBatcher::due(const Group& group) const {
  Timestamp first = Timestamp::max();
  for (const auto& [id, waiting] : group.waiting) first = std::min(first, waiting.not_before);
  return std::max(first, group.opens);
}

Timestamp AlertBatcher::allowed_from() const {
  if (options_.max_per_hour == 0 || state_.batches.size() < options_.max_per_hour) {
    return Timestamp::min();
  }
  return state_.batches[state_.batches.size() - options_.max_per_hour] + kHour;
}

Timestamp AlertBatcher::next_due() const {
  Timestamp next = Timestamp::max();
  for (const auto& [key, group] : state_.groups) {
    if (!group.waiting.empty()) next = std::min(next, due(group));
  }
  return next == Timestamp::max() ? next : std::max(next, allowed_from());
}

std::size_t AlertBatcher::waiting() const {
  std::size_t count = 0;
  for (const auto& [key, group] : state_.groups) count += group.waiting.size();
  return count;
}

void AlertBatcher::take_from(Group& group, AlertBatch& batch, Timestamp now) {
  for (auto at = group.waiting.begin(); at != group.waiting.end();) {
    if (at->second.not_before > now) {
      ++at;
      continue;
    }
    AlertNotice& notice = at->second.notice;
    state_.told.insert_or_assign(at->first, Told{now, notice.end, notice.count, notice.peak_score});
    batch.alerts.push_back(std::move(notice));
    at = group.waiting.erase(at);
  }
  group.last_batch = now;
  group.opens = now + options_.group_interval;
}

std::optional<AlertBatch> AlertBatcher::take_due(Timestamp now) {
  forget_old(now);
  if (now < allowed_from()) return std::nullopt;
  std::vector<Group*> ready;
  for (auto& [key, group] : state_.groups) {
    if (!group.waiting.empty() && due(group) <= now) ready.push_back(&group);
  }
  if (ready.empty()) return std::nullopt;
  // The last mail that is allowed for now takes everything with it.
  const bool together = state_.batches.size() + 1 == options_.max_per_hour;
  if (!together) {
    std::swap(ready[0], *std::min_element(ready.begin(), ready.end(),
                                          [&](auto* a, auto* b) { return due(*a) < due(*b); }));
    ready.resize(1);
  }
  AlertBatch batch{.group = ready.size() == 1 ? ready[0]->name : std::string()};
  for (Group* group : ready) take_from(*group, batch, now);
  state_.batches.push_back(now);
  forget_told(now);
  return batch;
}

void AlertBatcher::forget_old(Timestamp now) {
  while (!state_.batches.empty() && state_.batches.front() + kHour <= now) {
    state_.batches.pop_front();
  }
  std::erase_if(state_.groups, [&](const auto& entry) {
    const Group& group = entry.second;
    return group.waiting.empty() && group.last_batch + options_.group_interval <= now;
  });
}

void AlertBatcher::forget_told(Timestamp now) {
  const Duration remember = std::max(kRemember, options_.repeat_interval);
  std::erase_if(state_.told,
                [&](const auto& entry) { return entry.second.when + remember <= now; });
  while (state_.told.size() > kMaxTold) {
    state_.told.erase(std::min_element(
        state_.told.begin(), state_.told.end(),
        [](const auto& a, const auto& b) { return a.second.when < b.second.when; }));
  }
}

}  // namespace anomaly
