#pragma once

#include <charconv>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace millstream {

/// A position in a partition's log. **Units**: records, though control records and compaction leave
/// gaps, so that a difference of offsets is an upper bound of a count. Negative: none.
enum class Offset : std::int64_t { kNone = -1 };

constexpr std::int64_t to_int(Offset offset) { return static_cast<std::int64_t>(offset); }
constexpr Offset operator+(Offset offset, std::int64_t n) { return Offset{to_int(offset) + n}; }
constexpr Offset next(Offset offset) { return offset + 1; }

/// The number of a partition of a topic, from 0.
using PartitionId = std::int32_t;

/// One partition of one topic.
struct TopicPartition {
  std::string topic;
  PartitionId partition = 0;

  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
  [[nodiscard]] std::string to_string() const { return topic + "-" + std::to_string(partition); }
};

/// The unit of ownership, state and commit: one sub-topology over one partition of its sources.
/// **Source**: Kafka Streams' TaskId, same text ("0_3").
struct TaskId {
  int subtopology = 0;
  PartitionId partition = 0;

  friend auto operator<=>(const TaskId&, const TaskId&) = default;
  [[nodiscard]] std::string to_string() const {
    return std::to_string(subtopology) + "_" + std::to_string(partition);
  }
  /// The task of a text such as "0_3"; nothing if it is no task id.
  static std::optional<TaskId> parse(std::string_view text) {
    TaskId id;
    const char* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, id.subtopology);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '_') return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, id.partition);
    if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
    if (id.subtopology < 0 || id.partition < 0) return std::nullopt;
    return id;
  }
};

}  // namespace millstream

template <>
struct std::hash<millstream::TopicPartition> {
  std::size_t operator()(const millstream::TopicPartition& tp) const noexcept {
    return std::hash<std::string>()(tp.topic) * 31 + static_cast<std::size_t>(tp.partition);
  }
};

template <>
struct std::hash<millstream::TaskId> {
  std::size_t operator()(const millstream::TaskId& id) const noexcept {
    return static_cast<std::size_t>(id.subtopology) * 1000003U +
           static_cast<std::size_t>(id.partition);
  }
};
