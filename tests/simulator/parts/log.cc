#include "log.h"

#include <algorithm>
#include <map>
#include <utility>

namespace millstream::simulation {

Offset PartitionLog::append(LogEntry entry) {
  const Offset offset = end();
  if (entry.producer >= 0) open_.try_emplace(entry.producer, offset);
  entries_.push_back(std::move(entry));
  return offset;
}

void PartitionLog::end_transaction(std::int64_t producer, bool commit, Timestamp now) {
  const auto open = open_.find(producer);
  if (open != open_.end()) {
    for (auto at = static_cast<std::size_t>(to_int(open->second)); at < entries_.size(); ++at) {
      if (entries_[at].producer == producer) entries_[at].aborted = !commit;
    }
    open_.erase(open);
  }
  LogEntry marker;
  marker.kind = commit ? LogEntry::Kind::kCommitMarker : LogEntry::Kind::kAbortMarker;
  marker.appended_at = now;
  entries_.push_back(std::move(marker));
}

Offset PartitionLog::last_stable() const {
  Offset stable = end();
  for (const auto& [producer, first] : open_) stable = std::min(stable, first);
  return stable;
}

void PartitionLog::compact(Offset limit, Timestamp now, Duration tombstone_retention) {
  const Offset stable = std::min(limit, last_stable());
  std::map<std::string, std::size_t> newest;
  for (std::size_t at = 0; at < static_cast<std::size_t>(to_int(stable)); ++at) {
    LogEntry& entry = entries_[at];
    if (entry.kind != LogEntry::Kind::kRecord || entry.removed) continue;
    if (entry.aborted) {
      entry.removed = true;
      continue;
    }
    if (!entry.key) continue;
    const auto [found, fresh] = newest.emplace(*entry.key, at);
    if (!fresh) entries_[std::exchange(found->second, at)].removed = true;
    if (!entry.value && now - entry.appended_at > tombstone_retention) entry.removed = true;
  }
}

}  // namespace millstream::simulation
