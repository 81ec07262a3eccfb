#include <absl/container/node_hash_map.h>

#include <deque>

#include "loops.h"
#include "statistics.h"

namespace ceiling {

namespace {

constexpr std::int64_t kAdvance = 60'000;
constexpr std::int64_t kSize = 10 * kAdvance;
constexpr std::int64_t kGrace = 10'000;
// What Kafka Streams counts for an update that waits: its links and context, the key with the
// window's start, the value with its timestamp.
constexpr std::size_t kWaitingBytes = 64 + 12 + 8 + 48;

/// w4: ten windows of ten minutes a record.
/// Updates wait for the commit in a cache as large as Kafka Streams'; the oldest go before it where
/// there are more.
class Windows final : public Loop {
 public:
  explicit Windows(Places places)
      : places_(std::move(places)),
        partitions_(places_.databases.size()),
        most_waiting_(places_.cache_bytes / kWaitingBytes) {}

  void process(const Input& record) override {
    Partition& partition = partitions_[static_cast<std::size_t>(record.partition)];
    partition.stream_time = std::max(partition.stream_time, record.timestamp);
    Key& key = *partition.keys.try_emplace({record.key.data(), record.key.size()}).first;
    const std::int64_t last = record.timestamp - record.timestamp % kAdvance;
    for (std::int64_t start = std::max<std::int64_t>(0, last - kSize + kAdvance); start <= last;
         start += kAdvance) {
      if (start + kSize + kGrace <= partition.stream_time) continue;
      Window& window = window_at(key.second, start);
      window.statistics.add(amount_of(record.value));
      window.timestamp = std::max(window.timestamp, record.timestamp);
      window.changed = true;
      if (!window.waits) waiting_.push_back({&key, start});
      window.waits = true;
    }
    while (waiting_.size() > most_waiting_) tell_oldest();
    if (!key.second.changed) partition.changed.push_back(&key);
    key.second.changed = true;
  }

  void flush(bool spill) override {
    while (!waiting_.empty()) tell_oldest();
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      for (Key* key : partitions_[i].changed) log(static_cast<int>(i), *key);
      partitions_[i].changed.clear();
      if (spill) write(partitions_[i], *places_.databases[i]);
    }
  }

 private:
  struct Window {
    std::int64_t start = 0;
    std::int64_t timestamp = 0;
    Statistics statistics;
    bool waits = false;
    bool changed = false;
    bool unwritten = false;
  };
  struct KeyWindows {
    std::vector<Window> windows;  // by start
    bool changed = false;
    bool unwritten = false;
  };
  using Keys = absl::node_hash_map<std::string, KeyWindows>;
  using Key = Keys::value_type;
  struct Waiting {
    Key* key;
    std::int64_t start;
  };
  struct Partition {
    Keys keys;
    std::vector<Key*> changed;
    std::vector<Key*> unwritten;
    std::int64_t stream_time = 0;
  };

  static Window& window_at(KeyWindows& key, std::int64_t start) {
    auto place = key.windows.end();
    while (place != key.windows.begin() && std::prev(place)->start >= start) --place;
    if (place == key.windows.end() || place->start != start) {
      place = key.windows.insert(place, Window{.start = start, .statistics = {}});
    }
    return *place;
  }

  void encode(const Key& key, const Window& window) {
    key_ = key.first;
    append_big_endian(key_, static_cast<std::uint64_t>(window.start));
    value_.clear();
    append_big_endian(value_, static_cast<std::uint64_t>(window.timestamp));
    window.statistics.append_to(value_);
  }

  void tell_oldest() {
    const auto [key, start] = waiting_.front();
    waiting_.pop_front();
    Window& window = window_at(key->second, start);
    window.waits = false;
    encode(*key, window);
    const std::string_view value = std::string_view(value_).substr(sizeof window.timestamp);
    places_.output.send(places_.topic, -1, key_, value, window.timestamp);
  }

  void log(int partition, Key& key) {
    for (Window& window : key.second.windows) {
      if (!window.changed) continue;
      encode(key, window);
      key_.append(4, '\0');  // Kafka Streams' number of a duplicate
      places_.output.send(places_.changelogs[0], partition, key_, value_, window.timestamp);
      window.changed = false;
      window.unwritten = true;
    }
    key.second.changed = false;
    if (!key.second.unwritten) {
      partitions_[static_cast<std::size_t>(partition)].unwritten.push_back(&key);
    }
    key.second.unwritten = true;
  }

  void write(Partition& partition, Database& database) {
    for (Key* key : partition.unwritten) {
      for (Window& window : key->second.windows) {
        if (!window.unwritten) continue;
        encode(*key, window);
        database.put(key_, value_);
        window.unwritten = false;
      }
      key->second.unwritten = false;
    }
    partition.unwritten.clear();
    database.write();
  }

  Places places_;
  std::vector<Partition> partitions_;
  std::size_t most_waiting_;
  std::deque<Waiting> waiting_;
  std::string key_;
  std::string value_;
};

}  // namespace

std::unique_ptr<Loop> windows_loop(Places places) {
  return std::make_unique<Windows>(std::move(places));
}

}  // namespace ceiling
