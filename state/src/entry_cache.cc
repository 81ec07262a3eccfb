#include "entry_cache.h"

#include "buffered_store.h"

namespace millstream::detail {

void EntryCache::evict(const Entry* keep) {
  // Few entries refuse: the one in use, and the last one of each index.
  constexpr int kMaxRefusals = 64;
  for (int refusals = 0; used_ > budget_ && !clean_.is_alone() && refusals < kMaxRefusals;) {
    auto& oldest = static_cast<Entry&>(*clean_.next);
    if (oldest.referenced) {
      oldest.referenced = false;
      oldest.move_to_back_of(clean_);
    } else if (&oldest == keep || !oldest.owner->may_forget(oldest)) {
      oldest.move_to_back_of(clean_);
      ++refusals;
    } else {
      oldest.owner->forget(oldest);
    }
  }
}

}  // namespace millstream::detail
