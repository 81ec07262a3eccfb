#include <absl/container/node_hash_map.h>

#include <array>

#include "loops.h"

namespace ceiling {

namespace {

constexpr std::int64_t kWithin = 5'000;
constexpr std::int64_t kGrace = 5'000;
constexpr std::size_t kAmountAt = 8;

/// w7: every pair of the same key within five seconds.
class Join final : public Loop {
 public:
  Join(Places places, std::string left)
      : places_(std::move(places)), left_(std::move(left)), partitions_(places_.databases.size()) {}

  void process(const Input& record) override {
    Partition& partition = partitions_[static_cast<std::size_t>(record.partition)];
    const std::size_t side = record.topic == left_ ? 0 : 1;
    partition.stream_time[side] = std::max(partition.stream_time[side], record.timestamp);
    Key& key = *partition.keys.try_emplace({record.key.data(), record.key.size()}).first;
    remember(partition, key, side, record);
    for (const Row& other : key.second[1 - side]) {
      if (std::abs(other.timestamp - record.timestamp) > kWithin) continue;
      pair(side == 0 ? record.value : other.value, side == 0 ? other.value : record.value);
      places_.output.send(places_.topic, -1, record.key, value_,
                          std::max(other.timestamp, record.timestamp));
    }
  }

  /// The sides are read at their own pace: a row is needed until the slower one has passed it.
  void flush(bool spill) override {
    if (!spill) return;
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      Partition& partition = partitions_[i];
      const std::int64_t kept_from =
          std::min(partition.stream_time[0], partition.stream_time[1]) - kWithin - kGrace;
      for (Key* key : partition.fresh) write(*key, kept_from, *places_.databases[i]);
      partition.fresh.clear();
      places_.databases[i]->write();
    }
  }

 private:
  struct Row {
    std::int64_t timestamp = 0;
    std::string value;
    bool written = false;
  };
  using Keys = absl::node_hash_map<std::string, std::array<std::vector<Row>, 2>>;
  using Key = Keys::value_type;
  struct Partition {
    Keys keys;
    std::vector<Key*> fresh;
    std::array<std::int64_t, 2> stream_time{};
    std::uint32_t sequence = 0;
  };

  void remember(Partition& partition, Key& key, std::size_t side, const Input& record) {
    key.second[side].push_back({record.timestamp, std::string(record.value)});
    partition.fresh.push_back(&key);
    key_ = key.first;
    append_big_endian(key_, static_cast<std::uint64_t>(record.timestamp));
    append_big_endian(key_, ++partition.sequence);
    key_.erase(key_.size() - 2 * sizeof(std::uint32_t), sizeof(std::uint32_t));
    places_.output.send(places_.changelogs[side], record.partition, key_, record.value,
                        record.timestamp);
  }

  void pair(std::string_view left, std::string_view right) {
    value_ = left.substr(kAmountAt, sizeof(double));
    value_ += right.substr(kAmountAt, sizeof(double));
  }

  void write(Key& key, std::int64_t kept_from, Database& database) {
    for (std::vector<Row>& rows : key.second) {
      std::erase_if(rows, [&](const Row& row) { return row.timestamp < kept_from; });
      for (Row& row : rows) {
        if (row.written) continue;
        key_ = key.first;
        append_big_endian(key_, static_cast<std::uint64_t>(row.timestamp));
        database.put(key_, row.value);
        row.written = true;
      }
    }
  }

  Places places_;
  std::string left_;
  std::vector<Partition> partitions_;
  std::string key_;
  std::string value_;
};

}  // namespace

std::unique_ptr<Loop> join_loop(Places places, std::string left_topic) {
  return std::make_unique<Join>(std::move(places), std::move(left_topic));
}

}  // namespace ceiling
