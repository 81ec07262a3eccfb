#pragma once

#include <millstream/core/headers.h>
#include <millstream/core/ids.h>
#include <millstream/core/time.h>

#include <cstdint>
#include <optional>
#include <string>

namespace millstream {

/// A record that a test pipes in or reads, and owns. **Source**: TestRecord of Kafka Streams.
template <class K, class V>
struct TestRecord {
  K key{};
  V value{};
  Timestamp timestamp{0};
  Headers headers = {};

  friend bool operator==(const TestRecord&, const TestRecord&) = default;
};

/// The same in bytes, with its topic (internal topics with the application's prefix) and its place
/// among all that was written.
struct RawTestRecord {
  std::string topic;
  std::optional<PartitionId> partition = {};
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  Timestamp timestamp{0};
  Headers headers = {};
  std::uint64_t sequence = 0;
};

}  // namespace millstream
