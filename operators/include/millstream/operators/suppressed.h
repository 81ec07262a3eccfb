#pragma once

#include <millstream/core/time.h>

#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace millstream {

class EagerBufferConfig;
class StrictBufferConfig;

/// How much `KTable::suppress` may hold back. **Source**: Suppressed.BufferConfig of Kafka Streams.
class BufferConfig {
 public:
  enum class WhenFull { kEmit, kShutDown };
  static constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

  /// As much as comes.
  static StrictBufferConfig unbounded();
  /// At most so many records; the oldest are emitted early when it is full.
  static EagerBufferConfig max_records(std::size_t records);
  /// At most so many bytes of keys, values and headers; the oldest are emitted early when it is
  /// full.
  static EagerBufferConfig max_bytes(std::size_t bytes);

  [[nodiscard]] std::size_t records() const { return records_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] WhenFull when_full() const { return when_full_; }
  [[nodiscard]] bool logging() const { return logging_; }
  [[nodiscard]] const std::map<std::string, std::string>& changelog_config() const {
    return changelog_config_;
  }

 protected:
  std::size_t records_ = kUnbounded;
  std::size_t bytes_ = kUnbounded;
  WhenFull when_full_ = WhenFull::kEmit;
  bool logging_ = true;
  std::map<std::string, std::string> changelog_config_;
};

namespace detail {
/// The settings of both kinds of buffers, each returning its own kind.
template <class Self>
class BufferSettings : public BufferConfig {
 public:
  BufferSettings() = default;
  explicit BufferSettings(const BufferConfig& other) : BufferConfig(other) {}

  /// Bound the number of records.
  [[nodiscard]] Self with_max_records(std::size_t records) const {
    return changed([records](BufferSettings& made) { made.records_ = records; });
  }
  /// Bound the bytes of keys, values and headers.
  [[nodiscard]] Self with_max_bytes(std::size_t bytes) const {
    return changed([bytes](BufferSettings& made) { made.bytes_ = bytes; });
  }
  /// Keep no changelog: what is held back is lost with the machine.
  [[nodiscard]] Self with_logging_disabled() const {
    return changed([](BufferSettings& made) { made.logging_ = false; });
  }
  /// Settings of the changelog topic over the defaults.
  [[nodiscard]] Self with_logging_enabled(std::map<std::string, std::string> config) const {
    return changed([&config](BufferSettings& made) {
      made.logging_ = true;
      made.changelog_config_ = std::move(config);
    });
  }
  /// Emit the oldest records early when it is full.
  [[nodiscard]] EagerBufferConfig emit_early_when_full() const;
  /// Stop with an error when it is full.
  [[nodiscard]] StrictBufferConfig shut_down_when_full() const;

 protected:
  void set_when_full(WhenFull when_full) { this->when_full_ = when_full; }

 private:
  template <class Change>
  [[nodiscard]] Self changed(Change change) const {
    Self made = static_cast<const Self&>(*this);
    change(made);
    return made;
  }
};
}  // namespace detail

/// A buffer that emits early when it is full.
class EagerBufferConfig : public detail::BufferSettings<EagerBufferConfig> {
 public:
  explicit EagerBufferConfig(const BufferConfig& other) : BufferSettings(other) {
    set_when_full(WhenFull::kEmit);
  }
};

/// A buffer that never emits early.
class StrictBufferConfig : public detail::BufferSettings<StrictBufferConfig> {
 public:
  explicit StrictBufferConfig(const BufferConfig& other) : BufferSettings(other) {
    set_when_full(WhenFull::kShutDown);
  }
};

template <class Self>
EagerBufferConfig detail::BufferSettings<Self>::emit_early_when_full() const {
  return EagerBufferConfig(*this);
}
template <class Self>
StrictBufferConfig detail::BufferSettings<Self>::shut_down_when_full() const {
  return StrictBufferConfig(*this);
}
inline StrictBufferConfig BufferConfig::unbounded() { return StrictBufferConfig(BufferConfig()); }
inline EagerBufferConfig BufferConfig::max_records(std::size_t records) {
  return EagerBufferConfig(BufferConfig()).with_max_records(records);
}
inline EagerBufferConfig BufferConfig::max_bytes(std::size_t bytes) {
  return EagerBufferConfig(BufferConfig()).with_max_bytes(bytes);
}

/// What `KTable::suppress` holds back and until when, for tables with windowed keys: one result a
/// window, once it is closed. **Source**: Suppressed.untilWindowCloses of Kafka Streams.
class SuppressedUntilWindowCloses {
 public:
  explicit SuppressedUntilWindowCloses(StrictBufferConfig buffer) : buffer_(std::move(buffer)) {}
  /// The same with a name for the node, from which its store's is made.
  [[nodiscard]] SuppressedUntilWindowCloses with_name(std::string name) const {
    SuppressedUntilWindowCloses other = *this;
    other.name_ = std::move(name);
    return other;
  }
  /// The same, closing windows by the stream time of the task: every record that the task takes
  /// moves it, not only one that reaches this table; so behind a filter the last window doesn't
  /// wait for the next record that passes.
  /// **Units**: `every`: of stream time, how often it looks.
  /// **Source**: none; in Kafka Streams windows always wait for a record of their table.
  [[nodiscard]] SuppressedUntilWindowCloses following_task_time(Duration every) const {
    SuppressedUntilWindowCloses other = *this;
    other.every_ = every;
    return other;
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const BufferConfig& buffer() const { return buffer_; }
  [[nodiscard]] std::optional<Duration> task_time_interval() const { return every_; }

 private:
  StrictBufferConfig buffer_;
  std::string name_;
  std::optional<Duration> every_;
};

/// The same for tables of any kind: the last update of a row, a time after the first that was held
/// back.
/// **Source**: Suppressed.untilTimeLimit of Kafka Streams.
class SuppressedUntilTimeLimit {
 public:
  SuppressedUntilTimeLimit(Duration limit, BufferConfig buffer)
      : limit_(limit), buffer_(std::move(buffer)) {}
  /// The same with a name for the node, from which its store's is made.
  [[nodiscard]] SuppressedUntilTimeLimit with_name(std::string name) const {
    SuppressedUntilTimeLimit other = *this;
    other.name_ = std::move(name);
    return other;
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Duration limit() const { return limit_; }
  [[nodiscard]] const BufferConfig& buffer() const { return buffer_; }

 private:
  Duration limit_;
  BufferConfig buffer_;
  std::string name_;
};

/// What `KTable::suppress` takes. **Source**: Suppressed of Kafka Streams.
struct Suppressed {
  /// One result a window, once it is closed: its end is a grace behind the stream time of the
  /// table's updates. The buffer must not emit early.
  [[nodiscard]] static SuppressedUntilWindowCloses until_window_closes(StrictBufferConfig buffer) {
    return SuppressedUntilWindowCloses(std::move(buffer));
  }
  /// The last update of a row, `limit` of stream time after the first that was held back.
  [[nodiscard]] static SuppressedUntilTimeLimit until_time_limit(Duration limit,
                                                                 BufferConfig buffer) {
    return {limit, std::move(buffer)};
  }
};

}  // namespace millstream
