#pragma once

#include <absl/container/btree_set.h>

#include <cstdint>
#include <string_view>

#include "entry.h"

namespace millstream::detail {

/// The entries of a buffer in the order of their keys, and what is known of the gaps between them:
/// an entry's `gap_complete` says that the database has no key between it and the entry before it.
class EntryIndex {
 public:
  struct Less {
    using is_transparent = void;
    static std::string_view key(const Entry* entry) { return entry->key(); }
    static std::string_view key(std::string_view bytes) { return bytes; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return key(a) < key(b);
    }
  };
  using Entries = absl::btree_set<Entry*, Less>;
  using Position = Entries::const_iterator;

  [[nodiscard]] Position begin() const { return entries_.begin(); }
  [[nodiscard]] Position end() const { return entries_.end(); }
  /// The first entry whose key is not less.
  [[nodiscard]] Position at_or_after(std::string_view key) const {
    return entries_.lower_bound(key);
  }
  [[nodiscard]] Position after(std::string_view key) const { return entries_.upper_bound(key); }
  [[nodiscard]] bool is_last(const Entry& entry) const {
    return !entries_.empty() && *entries_.rbegin() == &entry;
  }
  /// Whether all keys of the gap before `position` are known.
  [[nodiscard]] bool gap_complete(Position position) const {
    return position == entries_.end() ? tail_complete_ : (*position)->gap_complete;
  }
  /// Whether `key`, which has no entry, is known not to be in the database.
  [[nodiscard]] bool knows_absent(std::string_view key) const {
    return gap_complete(at_or_after(key));
  }
  void set_gap_complete(Position position) {
    if (position == entries_.end()) {
      tail_complete_ = true;
    } else {
      (*position)->gap_complete = true;
    }
  }

  void insert(Entry& entry);
  /// Take an entry out. `absent`: the database doesn't have its key, or the key is as good as gone.
  void erase(Entry& entry, bool absent);
  /// Grows with each insert and erase: positions are void then.
  [[nodiscard]] std::uint64_t version() const { return version_; }

 private:
  Entries entries_;
  bool tail_complete_ = false;
  std::uint64_t version_ = 1;
};

}  // namespace millstream::detail
