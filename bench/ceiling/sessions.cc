#include <absl/container/node_hash_map.h>

#include "loops.h"
#include "statistics.h"

namespace ceiling {

namespace {

constexpr std::int64_t kGap = 10'000;
constexpr std::int64_t kGrace = 10'000;

/// w5: sessions that end after ten seconds of silence.
class Sessions final : public Loop {
 public:
  explicit Sessions(Places places)
      : places_(std::move(places)), partitions_(places_.databases.size()) {}

  void process(const Input& record) override {
    Partition& partition = partitions_[static_cast<std::size_t>(record.partition)];
    partition.stream_time = std::max(partition.stream_time, record.timestamp);
    if (record.timestamp + kGap + kGrace < partition.stream_time) return;
    Key& key = *partition.keys.try_emplace({record.key.data(), record.key.size()}).first;
    Session merged{.start = record.timestamp, .end = record.timestamp, .statistics = {}};
    merged.statistics.add(amount_of(record.value));
    std::vector<Session>& sessions = key.second.sessions;
    for (auto it = sessions.begin(); it != sessions.end();) {
      if (it->end + kGrace + kGap < partition.stream_time && !it->changed && !it->unwritten) {
        it = sessions.erase(it);  // closed
      } else if (it->end + kGap < record.timestamp || it->start - kGap > record.timestamp) {
        ++it;
      } else {
        it = absorb(key.second, merged, it);
      }
    }
    sessions.push_back(merged);
    if (!key.second.changed) partition.changed.push_back(&key);
    key.second.changed = true;
  }

  void flush(bool spill) override {
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      for (Key* key : partitions_[i].changed) tell(static_cast<int>(i), *key);
      partitions_[i].changed.clear();
      if (spill) write(partitions_[i], *places_.databases[i]);
    }
  }

 private:
  struct Session {
    std::int64_t start = 0;
    std::int64_t end = 0;
    Statistics statistics;
    bool changed = true;
    bool told = false;
    bool unwritten = false;
    bool written = false;
  };
  struct KeySessions {
    std::vector<Session> sessions;
    std::vector<Session> gone;       // told before, to be taken back
    std::vector<Session> to_remove;  // in the database
    bool changed = false;
    bool unwritten = false;
  };
  using Keys = absl::node_hash_map<std::string, KeySessions>;
  using Key = Keys::value_type;
  struct Partition {
    Keys keys;
    std::vector<Key*> changed;
    std::vector<Key*> unwritten;
    std::int64_t stream_time = 0;
  };

  static std::vector<Session>::iterator absorb(KeySessions& key, Session& merged,
                                               std::vector<Session>::iterator it) {
    merged.start = std::min(merged.start, it->start);
    merged.end = std::max(merged.end, it->end);
    merged.statistics.add(it->statistics);
    if (it->told) key.gone.push_back(*it);
    if (it->written) key.to_remove.push_back(*it);
    return key.sessions.erase(it);
  }

  void encode(const Key& key, const Session& session) {
    key_ = key.first;
    append_big_endian(key_, static_cast<std::uint64_t>(session.end));
    append_big_endian(key_, static_cast<std::uint64_t>(session.start));
    value_.clear();
    session.statistics.append_to(value_);
  }

  void tell(int partition, Key& key) {
    KeySessions& of = key.second;
    for (const Session& session : of.gone) {
      encode(key, session);
      send(partition, {}, session.end);
    }
    of.gone.clear();
    for (Session& session : of.sessions) {
      if (!session.changed) continue;
      encode(key, session);
      send(partition, value_, session.end);
      session.changed = false;
      session.told = session.unwritten = true;
    }
    of.changed = false;
    if (!of.unwritten) partitions_[static_cast<std::size_t>(partition)].unwritten.push_back(&key);
    of.unwritten = true;
  }

  void send(int partition, std::string_view value, std::int64_t timestamp) {
    places_.output.send(places_.topic, -1, key_, value, timestamp);
    places_.output.send(places_.changelogs[0], partition, key_, value, timestamp);
  }

  void write(Partition& partition, Database& database) {
    for (Key* key : partition.unwritten) {
      for (const Session& session : key->second.to_remove) {
        encode(*key, session);
        database.remove(key_);
      }
      key->second.to_remove.clear();
      for (Session& session : key->second.sessions) {
        if (!session.unwritten) continue;
        encode(*key, session);
        database.put(key_, value_);
        session.unwritten = false;
        session.written = true;
      }
      key->second.unwritten = false;
    }
    partition.unwritten.clear();
    database.write();
  }

  Places places_;
  std::vector<Partition> partitions_;
  std::string key_;
  std::string value_;
};

}  // namespace

std::unique_ptr<Loop> sessions_loop(Places places) {
  return std::make_unique<Sessions>(std::move(places));
}

}  // namespace ceiling
