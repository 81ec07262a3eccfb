#include <millstream/core/big_endian.h>
#include <millstream/state/task_state.h>

#include <cstdint>

#include "crc32c.h"

namespace millstream {
namespace {

constexpr std::uint8_t kVersion = 1;

/// Layout: version (1 byte); number (8); committed_at (8); lineage; three lists; CRC-32C of all
/// before it (4). A text is its length (4) and its bytes, a list its count (4) and its elements;
/// all integers big endian.
class Writer {
 public:
  template <class T>
  void integer(T value) {
    append_big_endian(out_, value);
  }
  void text(std::string_view bytes) {
    integer(static_cast<std::uint32_t>(bytes.size()));
    out_.append(bytes);
  }
  template <class Map, class F>
  void list(const Map& map, F write) {
    integer(static_cast<std::uint32_t>(map.size()));
    for (const auto& [key, value] : map) write(key, value);
  }
  std::string finish() && {
    integer(detail::crc32c(out_));
    return std::move(out_);
  }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  T integer() {
    if (rest_.size() < sizeof(T)) {
      ok_ = false;
      return T{};
    }
    const T value = read_big_endian<T>(rest_);
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  std::string text() {
    const auto size = integer<std::uint32_t>();
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    std::string out(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return out;
  }
  /// Elements are read until one fails, so that a false count costs no memory.
  template <class F>
  void list(F read) {
    for (auto count = integer<std::uint32_t>(); ok_ && count > 0; --count) read();
  }
  [[nodiscard]] bool at_end() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string CommitMark::serialize() const {
  Writer out;
  out.integer(kVersion);
  out.integer(number);
  out.integer(committed_at.ms());
  out.text(lineage);
  out.list(input_offsets, [&](const TopicPartition& partition, Offset offset) {
    out.text(partition.topic);
    out.integer(partition.partition);
    out.integer(to_int(offset));
  });
  out.list(changelog_positions, [&](const std::string& store, Offset offset) {
    out.text(store);
    out.integer(to_int(offset));
  });
  out.list(operator_state, [&](const std::string& name, const std::string& value) {
    out.text(name);
    out.text(value);
  });
  return std::move(out).finish();
}

Result<CommitMark> CommitMark::parse(std::string_view bytes) {
  if (bytes.size() < 1 + 4) return Error::data("a commit record is cut off");
  const auto version = static_cast<std::uint8_t>(bytes.front());
  if (version != kVersion) {
    return Error::data("a commit record has version " + std::to_string(version) +
                       ", this program reads version " + std::to_string(kVersion));
  }
  const std::string_view body = bytes.substr(0, bytes.size() - 4);
  if (detail::crc32c(body) != read_big_endian<std::uint32_t>(bytes, body.size())) {
    return Error::data("a commit record is damaged (checksum)");
  }
  CommitMark mark;
  Reader in(body.substr(1));
  mark.number = in.integer<std::uint64_t>();
  mark.committed_at = Timestamp(in.integer<std::int64_t>());
  mark.lineage = in.text();
  in.list([&] {
    TopicPartition partition{in.text(), in.integer<std::int32_t>()};
    mark.input_offsets[std::move(partition)] = Offset{in.integer<std::int64_t>()};
  });
  in.list([&] {
    std::string store = in.text();
    mark.changelog_positions[std::move(store)] = Offset{in.integer<std::int64_t>()};
  });
  in.list([&] {
    std::string name = in.text();
    mark.operator_state[std::move(name)] = in.text();
  });
  if (!in.at_end()) return Error::data("a commit record has the wrong length");
  return mark;
}

}  // namespace millstream
