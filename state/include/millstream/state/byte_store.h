#pragma once

#include <millstream/core/time.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace millstream {

/// The direction of a range read.
enum class Direction { kForward, kReverse };

/// A walk over a key range. Changes of the store made meanwhile don't disturb it; whether it sees
/// them is not said. **Lifetime**: views until the next `next()`; ends before its store does.
class ByteIterator {
 public:
  virtual ~ByteIterator() = default;
  [[nodiscard]] virtual bool valid() const = 0;
  [[nodiscard]] virtual std::string_view key() const = 0;
  [[nodiscard]] virtual std::string_view value() const = 0;
  virtual void next() = 0;
};

/// What a store knows beside its rows; committed, aborted, spilt and restored together with them.
struct StoreNumbers {
  /// The greatest time put so far (window start, session end, version); none: -1.
  Timestamp observed = Timestamp::none();
  /// The number given to the last row of a store that retains duplicates.
  std::uint32_t sequence = 0;

  friend bool operator==(const StoreNumbers&, const StoreNumbers&) = default;
};

/// How far a look-up was prepared: each step stands on what the one before asked from memory, so
/// that some other work must lie between them.
enum class PrefetchStep { kFirst, kSecond, kLast };

/// An ordered map of bytes: what every store stands on. Below it lie the write buffer with its two
/// slots (dirty, committed) and RocksDB or nothing; above it the typed facades.
/// **Thread**: the task's. **Errors**: StoreError.
class ByteStore {
 public:
  virtual ~ByteStore() = default;
  [[nodiscard]] virtual const std::string& name() const = 0;
  /// **Lifetime**: the view is valid until the next call on this store.
  [[nodiscard]] virtual std::optional<std::string_view> get(std::string_view key) = 0;
  /// A hint that `key` will be read or put soon: ask memory for what that will touch. Changes and
  /// reads nothing.
  virtual void prefetch(std::string_view key, PrefetchStep step) const {
    static_cast<void>(key);
    static_cast<void>(step);
  }
  virtual void put(std::string_view key, std::string_view value) = 0;
  virtual void erase(std::string_view key) = 0;
  /// Keys in [from, to); an empty `to` is no bound.
  [[nodiscard]] virtual std::unique_ptr<ByteIterator> scan(std::string_view from,
                                                           std::string_view to,
                                                           Direction direction) = 0;
  /// The same for a narrow range inside [low, high), the rows that belong together: where those are
  /// not all in memory they are read from the database once, and kept.
  [[nodiscard]] virtual std::unique_ptr<ByteIterator> scan_group(std::string_view from,
                                                                 std::string_view to,
                                                                 Direction direction,
                                                                 std::string_view low,
                                                                 std::string_view high) = 0;
  /// Forget keys in [from, to) for good, without telling the changelog: expiry of whole segments.
  /// Takes effect at the next commit; until then, and in the database for some time longer, rows of
  /// the range may still be read. Nothing may be put there again.
  virtual void drop_range(std::string_view from, std::string_view to) = 0;
  /// The numbers beside the rows, to read and to change.
  [[nodiscard]] virtual StoreNumbers& numbers() = 0;
  /// Note a changelog record of a store whose rows are not its changelog (StoreKind::kVersioned).
  virtual void append_change(std::string_view key, std::optional<std::string_view> value,
                             Timestamp time) = 0;
  /// Visit the rows changed since the last commit, in the order of their last change where the
  /// specification asks for caching, else of their first: key, value before, value now. The visitor
  /// may read this store, not change it; a view is valid until it reads.
  using DirtyVisitor =
      std::function<void(std::string_view key, std::optional<std::string_view> before,
                         std::optional<std::string_view> now)>;
  virtual void for_each_dirty(const DirtyVisitor& visit) = 0;
  [[nodiscard]] virtual std::uint64_t approximate_entries() const = 0;
};

}  // namespace millstream
