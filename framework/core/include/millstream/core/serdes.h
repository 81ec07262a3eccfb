#pragma once

#include <millstream/core/big_endian.h>
#include <millstream/core/result.h>
#include <millstream/core/serde.h>
#include <millstream/core/windowed.h>

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace millstream {

namespace detail {
[[nodiscard]] Error wrong_size(std::string_view what, std::size_t expected, std::size_t actual);
[[nodiscard]] Error truncated(std::string_view what);
}  // namespace detail

/// Raw UTF-8 (or any bytes), as Kafka's StringSerde and BytesSerde write them.
template <>
struct DefaultSerde<std::string> {
  Status serialize(const std::string& value, std::string& out) const {
    out.append(value);
    return {};
  }
  Status deserialize(std::string_view bytes, std::string& out) const {
    out.assign(bytes);
    return {};
  }
};

/// The same without a copy. **Lifetime**: the view is of the fetched batch, valid during
/// `process()`.
template <>
struct DefaultSerde<std::string_view> {
  Status serialize(std::string_view value, std::string& out) const {
    out.append(value);
    return {};
  }
  Status deserialize(std::string_view bytes, std::string_view& out) const {
    out = bytes;
    return {};
  }
};

/// Big-endian integers as Kafka's Short-, Integer- and LongSerde (2, 4, 8 bytes); one byte for
/// 8-bit integers and bool.
template <std::integral T>
struct DefaultSerde<T> {
  Status serialize(T value, std::string& out) const {
    append_big_endian(out, wire(value));
    return {};
  }
  Status deserialize(std::string_view bytes, T& out) const {
    if (bytes.size() != sizeof(T)) return detail::wrong_size("an integer", sizeof(T), bytes.size());
    out = static_cast<T>(read_big_endian<Wire>(bytes));
    return {};
  }

 private:
  using Wire = std::conditional_t<std::is_same_v<T, bool>, std::type_identity<std::uint8_t>,
                                  std::type_identity<T>>::type;
  static Wire wire(T value) { return static_cast<Wire>(value); }
};

/// IEEE 754 big endian, as Kafka's Float- and DoubleSerde.
template <std::floating_point T>
  requires(sizeof(T) == 4 || sizeof(T) == 8)
struct DefaultSerde<T> {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  Status serialize(T value, std::string& out) const {
    append_big_endian(out, std::bit_cast<Bits>(value));
    return {};
  }
  Status deserialize(std::string_view bytes, T& out) const {
    if (bytes.size() != sizeof(T)) return detail::wrong_size("a float", sizeof(T), bytes.size());
    out = std::bit_cast<T>(read_big_endian<Bits>(bytes));
    return {};
  }
};

/// 16 bytes, written as their 36-character text, as Kafka's UUIDSerde does.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

template <>
struct DefaultSerde<Uuid> {
  Status serialize(const Uuid& value, std::string& out) const;
  Status deserialize(std::string_view bytes, Uuid& out) const;
};

/// A list: count (4 bytes), then each element behind its length (4 bytes, big endian).
template <class T>
struct DefaultSerde<std::vector<T>> {
  Serde<T> element{};

  Status serialize(const std::vector<T>& value, std::string& out) const {
    append_big_endian(out, static_cast<std::int32_t>(value.size()));
    for (const T& item : value) {
      const std::size_t at = out.size();
      append_big_endian(out, std::int32_t{0});
      MILLSTREAM_TRY(element.serialize(item, out));
      std::string length;
      append_big_endian(length, static_cast<std::int32_t>(out.size() - at - 4));
      out.replace(at, 4, length);
    }
    return {};
  }

  Status deserialize(std::string_view bytes, std::vector<T>& out) const {
    out.clear();
    if (bytes.size() < 4) return detail::truncated("a list");
    auto count = read_big_endian<std::int32_t>(bytes);
    bytes.remove_prefix(4);
    for (; count > 0; --count) {
      if (bytes.size() < 4) return detail::truncated("a list");
      const auto length = read_big_endian<std::int32_t>(bytes);
      bytes.remove_prefix(4);
      if (length < 0 || static_cast<std::size_t>(length) > bytes.size()) {
        return detail::truncated("a list");
      }
      T item{};
      MILLSTREAM_TRY(element.deserialize(bytes.substr(0, static_cast<std::size_t>(length)), item));
      out.push_back(std::move(item));
      bytes.remove_prefix(static_cast<std::size_t>(length));
    }
    if (count < 0 || !bytes.empty()) return Error::data("a list has trailing bytes");
    return {};
  }
};

/// A key in a time window: the key's bytes and the window's start (8 bytes). The end is start plus
/// the window's size, which the bytes don't hold. **Source**: TimeWindowedSerde.
template <class K>
struct TimeWindowedSerde {
  Duration window_size{};
  Serde<K> key{};

  Status serialize(const Windowed<K>& value, std::string& out) const {
    MILLSTREAM_TRY(key.serialize(value.key, out));
    append_big_endian(out, value.window.start.ms());
    return {};
  }
  Status deserialize(std::string_view bytes, Windowed<K>& out) const {
    if (bytes.size() < 8) return detail::truncated("a windowed key");
    out.window.start = Timestamp(read_big_endian<std::int64_t>(bytes, bytes.size() - 8));
    out.window.end = out.window.start + window_size;
    return key.deserialize(bytes.substr(0, bytes.size() - 8), out.key);
  }
};

/// A key in a session: the key's bytes, the session's end and its start (8 bytes each).
/// **Source**: SessionWindowedSerde.
template <class K>
struct SessionWindowedSerde {
  Serde<K> key{};

  Status serialize(const Windowed<K>& value, std::string& out) const {
    MILLSTREAM_TRY(key.serialize(value.key, out));
    append_big_endian(out, value.window.end.ms());
    append_big_endian(out, value.window.start.ms());
    return {};
  }
  Status deserialize(std::string_view bytes, Windowed<K>& out) const {
    if (bytes.size() < 16) return detail::truncated("a session key");
    out.window.end = Timestamp(read_big_endian<std::int64_t>(bytes, bytes.size() - 16));
    out.window.start = Timestamp(read_big_endian<std::int64_t>(bytes, bytes.size() - 8));
    return key.deserialize(bytes.substr(0, bytes.size() - 16), out.key);
  }
};

}  // namespace millstream
