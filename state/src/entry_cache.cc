#include "entry_cache.h"

#include "buffered_store.h"

namespace millstream::detail {

void EntryCache::evict(const Entry* keep) {
  while (used_ > budget_ && !clean_.is_alone()) {
    auto& oldest = static_cast<Entry&>(*clean_.next);
    if (oldest.referenced) {
      oldest.referenced = false;
      oldest.move_to_back_of(clean_);
      continue;
    }
    if (&oldest == keep || !oldest.owner->may_forget(oldest)) {
      oldest.move_to_back_of(clean_);
      if (clean_.next == clean_.prev || &oldest == clean_.next) return;
      auto& next = static_cast<Entry&>(*clean_.next);
      if (&next == keep || !next.owner->may_forget(next)) return;
      continue;
    }
    oldest.owner->forget(oldest);
  }
}

}  // namespace millstream::detail
