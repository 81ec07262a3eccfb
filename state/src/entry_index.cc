#include "entry_index.h"

namespace millstream::detail {

void EntryIndex::insert(Entry& entry) {
  const auto inserted = entries_.insert(&entry).first;
  entry.gap_complete = gap_complete(std::next(inserted));
  ++version_;
}

void EntryIndex::erase(Entry& entry, bool absent) {
  const auto after = entries_.erase(entries_.find(entry.key()));
  const bool complete = absent && entry.gap_complete && gap_complete(after);
  if (after == entries_.end()) {
    tail_complete_ = complete;
  } else {
    (*after)->gap_complete = complete;
  }
  ++version_;
}

}  // namespace millstream::detail
