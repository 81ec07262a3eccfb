#include "entry_cache.h"

namespace millstream::detail {

// Few refuse: the one in use, and the last one of each index. Once one of them comes round
// again, there is nothing left that would go.
void EntryCache::evict(const Evictable* keep) {
  const Evictable* first_refusal = nullptr;
  while (used_ > budget_ && !clean_.is_alone()) {
    auto& oldest = static_cast<Evictable&>(*clean_.next);
    if (oldest.referenced) {
      oldest.referenced = false;
      oldest.move_to_back_of(clean_);
    } else if (&oldest == first_refusal) {
      return;
    } else if (&oldest == keep || !oldest.owner->may_forget(oldest)) {
      oldest.move_to_back_of(clean_);
      if (first_refusal == nullptr) first_refusal = &oldest;
    } else {
      oldest.owner->forget(oldest);
    }
  }
}

}  // namespace millstream::detail
