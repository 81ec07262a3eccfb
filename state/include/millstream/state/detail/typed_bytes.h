#pragma once

#include <millstream/core/big_endian.h>
#include <millstream/core/record.h>
#include <millstream/core/result.h>
#include <millstream/core/serde.h>
#include <millstream/state/byte_store.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace millstream::detail {

/// Throw a StoreError for a (de)serialisation fault; what is in a store was written by its own
/// serde.
[[noreturn]] void throw_store_error(const Status& status, const std::string& store,
                                    std::string_view doing);
inline void require_ok(const Status& status, const std::string& store, std::string_view doing) {
  if (!status) throw_store_error(status, store, doing);
}

/// Bounds of a scan.
struct KeyBounds {
  std::string low;
  std::string high;
};

/// The first bytes behind all that begin with `prefix`; empty if there are none.
[[nodiscard]] std::string end_of_prefix(std::string_view prefix);

/// A serde with a buffer that is used again.
template <class T>
class TypedBytes {
 public:
  explicit TypedBytes(Serde<T> serde) : serde_(std::move(serde)) {}

  /// **Lifetime**: the view until the next write.
  std::string_view write(const T& value, const std::string& store) {
    buffer_.clear();
    append(value, buffer_, store);
    return buffer_;
  }
  void append(const T& value, std::string& out, const std::string& store) const {
    require_ok(serde_.serialize(value, out), store, "writing");
  }
  T read(std::string_view bytes, const std::string& store) const {
    T value{};
    require_ok(serde_.deserialize(bytes, value), store, "reading");
    return value;
  }
  /// The bounds of the keys in [from, to], null being none.
  KeyBounds bounds(const T* from, const T* to, const std::string& store) const {
    KeyBounds bounds;
    if (from != nullptr) append(*from, bounds.low, store);
    if (to == nullptr) return bounds;
    append(*to, bounds.high, store);
    bounds.high.push_back('\0');
    return bounds;
  }

 private:
  Serde<T> serde_;
  std::string buffer_;
};

/// How a plain store keeps its values.
template <class V>
class PlainValues {
 public:
  using Value = V;
  using Stored = V;
  explicit PlainValues(Serde<V> serde) : bytes_(std::move(serde)) {}
  std::string_view write(const V& value, const std::string& store) {
    return bytes_.write(value, store);
  }
  Stored read(std::string_view bytes, const std::string& store) const {
    return bytes_.read(bytes, store);
  }

 private:
  TypedBytes<V> bytes_;
};

/// How a timestamped store keeps them: behind their timestamp, 8 bytes, big endian.
template <class V>
class TimestampedValues {
 public:
  using Value = V;
  using Stored = ValueAndTimestamp<V>;
  explicit TimestampedValues(Serde<V> serde) : bytes_(std::move(serde)) {}
  std::string_view write(const V& value, Timestamp timestamp, const std::string& store) {
    buffer_.clear();
    append_big_endian(buffer_, timestamp.ms());
    bytes_.append(value, buffer_, store);
    return buffer_;
  }
  Stored read(std::string_view bytes, const std::string& store) const {
    if (bytes.size() < 8)
      require_ok(Error::data("no timestamp before the value"), store, "reading");
    return {bytes_.read(bytes.substr(8), store), Timestamp(read_big_endian<std::int64_t>(bytes))};
  }

 private:
  TypedBytes<V> bytes_;
  std::string buffer_;
};

/// A ByteIterator that begins before its first row.
class RowCursor {
 public:
  explicit RowCursor(std::unique_ptr<ByteIterator> rows) : rows_(std::move(rows)) {}
  bool next() {
    if (started_) rows_->next();
    started_ = true;
    return rows_->valid();
  }
  [[nodiscard]] std::string_view key() const { return rows_->key(); }
  [[nodiscard]] std::string_view value() const { return rows_->value(); }

 private:
  std::unique_ptr<ByteIterator> rows_;
  bool started_ = false;
};

}  // namespace millstream::detail
