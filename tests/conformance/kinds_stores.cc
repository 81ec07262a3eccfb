// Stores used by a processor: each record is a command, its answer is put out.

#include "function_processor.h"
#include "registry.h"

#include <millstream/state/key_value_store.h>
#include <millstream/state/session_store.h>
#include <millstream/state/versioned_key_value_store.h>
#include <millstream/state/window_store.h>

#include <span>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace millstream::conformance {

namespace {

using KeyValues = KeyValueStore<std::string, std::string>;
using Windows = WindowStore<std::string, std::string>;
using Sessions = SessionStore<std::string, std::string>;
using Versions = VersionedKeyValueStore<std::string, std::string>;

/// A command such as `put:X` in its parts, and the record that brought it.
class Command {
 public:
  explicit Command(const Record<Str, Str>& record)
      : key_(record.key().value()), time_(record.timestamp()) {
    std::istringstream in(record.value().value());
    for (std::string part; std::getline(in, part, ':');) parts_.push_back(part);
    if (record.value()->ends_with(':')) parts_.emplace_back();
  }
  [[nodiscard]] const std::string& name() const { return parts_.at(0); }
  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] Timestamp time() const { return time_; }
  [[nodiscard]] bool has(std::size_t i) const { return i < parts_.size(); }
  /// The argument at a place: 1 is the first one.
  [[nodiscard]] const std::string& word(std::size_t i) const { return parts_.at(i); }
  [[nodiscard]] Timestamp time(std::size_t i) const { return Timestamp(std::stoll(word(i))); }

 private:
  std::string key_;
  Timestamp time_;
  std::vector<std::string> parts_;
};

/// What a command does to a store, and answers.
template <class Store>
struct Operation {
  std::string_view name;
  std::string (*run)(Store&, const Command&);
};

std::string text_of(Timestamp time) { return std::to_string(time.ms()); }

std::string show(const std::pair<std::string, std::string>& row) {
  return row.first + "=" + row.second + ";";
}
std::string show(const std::pair<Timestamp, std::string>& row) {
  return text_of(row.first) + "=" + row.second + ";";
}
std::string show_window(const Windows::Row& row) {
  return row.first.key + "@" + text_of(row.first.window.start) + "=" + row.second + ";";
}
std::string show_session(const Sessions::Row& row) {
  return row.first.key + "@" + text_of(row.first.window.start) + "-" +
         text_of(row.first.window.end) + "=" + row.second + ";";
}
std::string show_version(const std::optional<VersionedRecord<std::string>>& record) {
  return record ? record->value + "@" + text_of(record->timestamp) : "null";
}
std::string show_put(const VersionedPut& put) {
  if (!put.stored) return text_of(Timestamp::min());
  return text_of(put.valid_to.value_or(Timestamp::none()));
}

template <class Row, class Show>
std::string rows(StoreIterator<Row> walk, Show show_row) {
  std::string all;
  while (const auto row = walk.next()) all += show_row(*row);
  return all;
}
template <class Row>
std::string rows(StoreIterator<Row> walk) {
  return rows(std::move(walk), [](const Row& row) { return show(row); });
}

std::string erase_and_tell(KeyValues& s, const Command& c) {
  std::string old = text(s.get(c.key()));
  s.erase(c.key());
  return old;
}

constexpr Operation<KeyValues> kKeyValueOperations[] = {
    {"put", [](auto& s, auto& c) { return s.put(c.key(), c.word(1)), std::string("ok"); }},
    {"putnull", [](auto& s, auto& c) { return s.erase(c.key()), std::string("ok"); }},
    {"del", erase_and_tell},
    {"pia", [](auto& s, auto& c) { return text(s.put_if_absent(c.key(), c.word(1))); }},
    {"get", [](auto& s, auto& c) { return text(s.get(c.key())); }},
    {"range", [](auto& s, auto& c) { return rows(s.range(&c.word(1), &c.word(2))); }},
    {"rrange",
     [](auto& s, auto& c) { return rows(s.range(&c.word(1), &c.word(2), Direction::kReverse)); }},
    {"rangefrom", [](auto& s, auto& c) { return rows(s.range(&c.word(1), nullptr)); }},
    {"rangeto", [](auto& s, auto& c) { return rows(s.range(nullptr, &c.word(1))); }},
    {"prefix", [](auto& s, auto& c) { return rows(s.prefix_scan(c.word(1))); }},
    {"all", [](auto& s, auto&) { return rows(s.all()); }},
    {"rall", [](auto& s, auto&) { return rows(s.all(Direction::kReverse)); }},
};

template <Direction kDirection>
std::string fetch_key(Windows& s, const Command& c) {
  return rows(s.fetch(c.key(), c.time(1), c.time(2), kDirection));
}
template <Direction kDirection>
std::string fetch_keys(Windows& s, const Command& c) {
  return rows(s.fetch(&c.word(1), &c.word(2), c.time(3), c.time(4), kDirection), show_window);
}
template <Direction kDirection>
std::string fetch_times(Windows& s, const Command& c) {
  return rows(s.fetch_all(c.time(1), c.time(2), kDirection), show_window);
}
template <Direction kDirection>
std::string fetch_everything(Windows& s, const Command&) {
  return rows(s.all(kDirection), show_window);
}

constexpr Operation<Windows> kWindowOperations[] = {
    {"put",
     [](auto& s, auto& c) { return s.put(c.key(), c.word(1), c.time()), std::string("ok"); }},
    {"putnull", [](auto& s, auto& c) { return s.erase(c.key(), c.time()), std::string("ok"); }},
    {"get", [](auto& s, auto& c) { return text(s.fetch(c.key(), c.time(1))); }},
    {"fetch", fetch_key<Direction::kForward>},
    {"bfetch", fetch_key<Direction::kReverse>},
    {"rfetch", fetch_keys<Direction::kForward>},
    {"brfetch", fetch_keys<Direction::kReverse>},
    {"fetchall", fetch_times<Direction::kForward>},
    {"bfetchall", fetch_times<Direction::kReverse>},
    {"all", fetch_everything<Direction::kForward>},
    {"ball", fetch_everything<Direction::kReverse>},
};

Windowed<std::string> session_of(const Command& c) { return {c.key(), {c.time(1), c.time(2)}}; }

constexpr Operation<Sessions> kSessionOperations[] = {
    {"put", [](auto& s, auto& c) { return s.put(session_of(c), c.word(3)), std::string("ok"); }},
    {"remove", [](auto& s, auto& c) { return s.remove(session_of(c)), std::string("ok"); }},
    {"get", [](auto& s, auto& c) { return text(s.fetch_session(c.key(), c.time(1), c.time(2))); }},
    {"find",
     [](auto& s, auto& c) {
       return rows(s.find_sessions(c.key(), c.time(1), c.time(2)), show_session);
     }},
    {"rfind",
     [](auto& s, auto& c) {
       return rows(s.find_sessions(&c.word(1), &c.word(2), c.time(3), c.time(4)), show_session);
     }},
    {"fetch", [](auto& s, auto& c) { return rows(s.fetch(c.key()), show_session); }},
    {"rfetch",
     [](auto& s, auto& c) { return rows(s.fetch(&c.word(1), &c.word(2)), show_session); }},
};

constexpr Operation<Versions> kVersionedOperations[] = {
    {"put", [](auto& s, auto& c) { return show_put(s.put(c.key(), c.word(1), c.time(2))); }},
    {"putnull", [](auto& s, auto& c) { return show_put(s.put_tombstone(c.key(), c.time(1))); }},
    {"del", [](auto& s, auto& c) { return show_version(s.erase(c.key(), c.time(1))); }},
    {"get",
     [](auto& s, auto& c) {
       return show_version(c.has(1) ? s.get(c.key(), c.time(1)) : s.get(c.key()));
     }},
};

template <class Store>
std::string answer(std::span<const Operation<Store>> operations, Store& store,
                   const Command& command) {
  for (const Operation<Store>& operation : operations) {
    if (operation.name == command.name()) return operation.run(store, command);
  }
  throw std::invalid_argument("unknown command " + command.name());
}

/// The topology of all these kinds: commands in, answers out, one store.
template <class Store>
void commands(Scenario& s, StoreSpec spec, std::span<const Operation<Store>> operations) {
  s.output("out");
  s.builder.add_state_store(std::move(spec));
  const auto process = [operations](StrContext& context, const Record<Str, Str>& record) {
    auto store = context.state_store<Store>("s");
    context.forward(record.with_value<Str>(answer(operations, store, Command(record))));
  };
  s.builder.stream<Str, Str>("cmd").process(processor(process), "s").to("out");
}

void key_value(Scenario& s) {
  s.store("s", StoreType::kPlain);
  commands<KeyValues>(s, {.name = "s", .persistent = !s.in_memory()}, kKeyValueOperations);
}

void window(Scenario& s) {
  s.store("s", StoreType::kWindow);
  commands<Windows>(s,
                    {.name = "s",
                     .kind = StoreKind::kWindow,
                     .persistent = !s.in_memory(),
                     .window_size = Duration(10),
                     .retention = s.millis("retention_ms"),
                     .retain_duplicates = s.yes("duplicates")},
                    kWindowOperations);
}

void session(Scenario& s) {
  s.store("s", StoreType::kSession);
  commands<Sessions>(s,
                     {.name = "s",
                      .kind = StoreKind::kSession,
                      .persistent = !s.in_memory(),
                      .retention = s.millis("retention_ms")},
                     kSessionOperations);
}

/// millstream's versioned stores have no segments of their own: `segment_ms` decides nothing.
void versioned(Scenario& s) {
  s.store("s", StoreType::kVersioned);
  commands<Versions>(
      s, {.name = "s", .kind = StoreKind::kVersioned, .retention = s.millis("history_ms")},
      kVersionedOperations);
}

constexpr Kind kKinds[] = {
    {"store_kv_ops", key_value},
    {"store_window_ops", window},
    {"store_session_ops", session},
    {"store_versioned_ops", versioned},
};

}  // namespace

std::span<const Kind> store_kinds() { return kKinds; }

}  // namespace millstream::conformance
