#pragma once

#include <millstream/core/nullable.h>
#include <millstream/core/record.h>
#include <millstream/core/result.h>
#include <millstream/core/serde.h>
#include <millstream/topology/serde_option.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace millstream::detail {

[[nodiscard]] Error null_at_plain_type(std::string_view what);

/// Keeps a deserialised key or value between being read and being processed, reusing its memory.
template <class T>
class EdgeSlot {
 public:
  Status read(std::optional<std::string_view> bytes, const Serde<T>& serde) {
    if (!bytes) return null_at_plain_type("null");
    return serde.deserialize(*bytes, value_);
  }
  [[nodiscard]] const T& get() const { return value_; }

 private:
  T value_{};
};

template <class T>
class EdgeSlot<std::optional<T>> {
 public:
  Status read(std::optional<std::string_view> bytes, const Serde<T>& serde) {
    if (!bytes) {
      value_.reset();
      return {};
    }
    if (!value_) value_.emplace();
    return serde.deserialize(*bytes, *value_);
  }
  [[nodiscard]] const std::optional<T>& get() const { return value_; }

 private:
  std::optional<T> value_;
};

/// The parts of a serialised Change. **Source**: ChangedSerializer of Kafka Streams (KIP-904):
/// `{new}{flag}`, `{old}{flag}` or `{length of new}{new}{old}{flag}`.
struct ChangeBytes {
  std::optional<std::string_view> new_value;
  std::optional<std::string_view> old_value;
};
[[nodiscard]] Result<ChangeBytes> split_change(std::string_view bytes);
/// Finish a Change of which `out` holds the new value's bytes and behind them the old one's.
void finish_change(std::string& out, std::size_t new_size, bool has_new, bool has_old);

template <class V>
class EdgeSlot<Change<V>> {
 public:
  Status read(std::optional<std::string_view> bytes, const Serde<V>& serde) {
    if (!bytes) return null_at_plain_type("a table's change");
    const auto parts = split_change(*bytes);
    if (!parts) return parts.error();
    MILLSTREAM_TRY(new_.read(parts->new_value, serde));
    MILLSTREAM_TRY(old_.read(parts->old_value, serde));
    change_ = {get_if_present(new_.get()), get_if_present(old_.get()), true};
    return {};
  }
  [[nodiscard]] const Change<V>& get() const { return change_; }

 private:
  EdgeSlot<std::optional<V>> new_;
  EdgeSlot<std::optional<V>> old_;
  Change<V> change_;
};

/// Write a key or value; `out` is null afterwards where it is null.
template <class T>
Status write_edge(const T& value, const Serde<SerdeTarget<T>>& serde, std::string& buffer,
                  std::optional<std::string_view>& out) {
  buffer.clear();
  const auto* present = get_if_present(value);
  if (present == nullptr) {
    out.reset();
    return {};
  }
  MILLSTREAM_TRY(serde.serialize(*present, buffer));
  out = buffer;
  return {};
}

template <class V>
Status write_edge(const Change<V>& change, const Serde<V>& serde, std::string& buffer,
                  std::optional<std::string_view>& out) {
  buffer.clear();
  if (change.new_value != nullptr) MILLSTREAM_TRY(serde.serialize(*change.new_value, buffer));
  const std::size_t new_size = buffer.size();
  if (change.old_value != nullptr) MILLSTREAM_TRY(serde.serialize(*change.old_value, buffer));
  finish_change(buffer, new_size, change.new_value != nullptr, change.old_value != nullptr);
  out = buffer;
  return {};
}

}  // namespace millstream::detail
