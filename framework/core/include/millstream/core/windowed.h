#pragma once

#include <millstream/core/time.h>

#include <compare>

namespace millstream {

/// A window of event time. Time windows are `[start, end)`; session windows include their end.
struct Window {
  Timestamp start;
  Timestamp end;

  friend auto operator<=>(const Window&, const Window&) = default;
};

/// A key within a window: the key of every windowed table.
/// **Source**: org.apache.kafka.streams.kstream.Windowed.
template <class K>
struct Windowed {
  K key;
  Window window;

  friend auto operator<=>(const Windowed&, const Windowed&) = default;
  friend bool operator==(const Windowed&, const Windowed&) = default;
};

}  // namespace millstream
