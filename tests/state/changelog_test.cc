// The changelog of each kind of store: Kafka Streams' bytes, and the way back.
#include <millstream/core/serdes.h>
#include <millstream/state/key_value_store.h>
#include <millstream/state/session_store.h>
#include <millstream/state/timestamped_key_value_store.h>
#include <millstream/state/timestamped_window_store.h>
#include <millstream/state/versioned_key_value_store.h>
#include <millstream/state/window_store.h>

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "task_state_fixture.h"

namespace millstream {
namespace {

using testing::Backing;
using testing::StateUnderTest;

struct Logged {
  std::string key;
  std::optional<std::string> value;
  Timestamp timestamp;
};

std::vector<Logged> log_of(TaskState& state) {
  std::vector<Logged> log;
  state.for_each_change("s", [&](const ChangelogRecord& record) {
    std::optional<std::string> value;
    if (record.value) value = std::string(*record.value);
    log.push_back({std::string(record.key), std::move(value), record.timestamp});
  });
  return log;
}

StoreSpec spec_of(StoreKind kind) {
  StoreSpec spec;
  spec.name = "s";
  spec.kind = kind;
  spec.retention = Duration(100'000);
  spec.window_size = Duration(10);
  return spec;
}

std::string big_endian(std::int64_t value) {
  std::string out;
  append_big_endian(out, value);
  return out;
}

const std::string kZeroSequence(4, '\0');

TEST(Changelog, PlainKeyValueStoresLogTheirRows) {
  StateUnderTest under_test(Backing::kMemory, {spec_of(StoreKind::kKeyValue)});
  KeyValueStore<std::string, std::string> store(under_test.store("s"), {}, {});
  store.put("k", "v");
  const auto log = log_of(under_test.state());
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log[0].key, "k");
  EXPECT_EQ(log[0].value, "v");
  EXPECT_EQ(log[0].timestamp, Timestamp::none());
}

TEST(Changelog, TimestampsBecomeRecordTimestamps) {
  StateUnderTest under_test(Backing::kMemory, {spec_of(StoreKind::kTimestampedKeyValue)});
  TimestampedKeyValueStore<std::string, std::string> store(under_test.store("s"), {}, {});
  store.put("k", "v", Timestamp(77));
  store.erase("gone");
  EXPECT_EQ(under_test.store("s").get("k"), big_endian(77) + "v");
  const auto log = log_of(under_test.state());
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0].value, "v");
  EXPECT_EQ(log[0].timestamp, Timestamp(77));
  EXPECT_EQ(log[1].value, std::nullopt);
}

TEST(Changelog, WindowKeysAreKeyStartAndSequence) {
  StateUnderTest under_test(Backing::kMemory, {spec_of(StoreKind::kTimestampedWindow)});
  TimestampedWindowStore<std::string, std::string> store(
      under_test.store("s"), spec_of(StoreKind::kTimestampedWindow), {}, {});
  store.put("k", "v", Timestamp(77), Timestamp(70));
  const auto log = log_of(under_test.state());
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log[0].key, "k" + big_endian(70) + kZeroSequence);
  EXPECT_EQ(log[0].value, "v");
  EXPECT_EQ(log[0].timestamp, Timestamp(77));
}

TEST(Changelog, DuplicatesHaveSequenceNumbers) {
  StoreSpec spec = spec_of(StoreKind::kWindow);
  spec.retain_duplicates = true;
  StateUnderTest under_test(Backing::kMemory, {spec});
  WindowStore<std::string, std::string> store(under_test.store("s"), spec, {}, {});
  store.put("k", "v", Timestamp(70));
  store.put("k", "v", Timestamp(70));
  const auto log = log_of(under_test.state());
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0].key, "k" + big_endian(70) + std::string("\0\0\0\1", 4));
  EXPECT_EQ(log[1].key, "k" + big_endian(70) + std::string("\0\0\0\2", 4));
}

TEST(Changelog, SessionKeysAreKeyEndAndStart) {
  StoreSpec spec = spec_of(StoreKind::kSession);
  spec.time_index = true;
  StateUnderTest under_test(Backing::kMemory, {spec});
  SessionStore<std::string, std::string> store(under_test.store("s"), spec, {}, {});
  store.put({"k", {Timestamp(5), Timestamp(9)}}, "v");
  const auto log = log_of(under_test.state());
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log[0].key, "k" + big_endian(9) + big_endian(5));
}

TEST(Changelog, EveryVersionIsLoggedAsItWasPut) {
  const StoreSpec spec = spec_of(StoreKind::kVersioned);
  StateUnderTest under_test(Backing::kMemory, {spec});
  VersionedKeyValueStore<std::string, std::string> store(under_test.store("s"), spec, {}, {});
  store.put("k", "new", Timestamp(200'000));
  store.put("k", "old", Timestamp(150'000));
  store.put_tombstone("k", Timestamp(170'000));
  store.put("k", "too old", Timestamp(1));
  const auto log = log_of(under_test.state());
  ASSERT_EQ(log.size(), 3U);
  EXPECT_EQ(log[0].value, "new");
  EXPECT_EQ(log[1].timestamp, Timestamp(150'000));
  EXPECT_EQ(log[2].value, std::nullopt);
  EXPECT_EQ(log[2].timestamp, Timestamp(170'000));
  under_test.state().abort();
  EXPECT_TRUE(log_of(under_test.state()).empty());
}

TEST(Changelog, AKeyThatIsNoWindowKeyIsRefused) {
  StateUnderTest under_test(Backing::kMemory, {spec_of(StoreKind::kWindow)});
  const std::vector<ChangelogRecord> records = {{"short", "v", Timestamp(1)}};
  const Status status = under_test.state().restore("s", records, Offset{1});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind(), ErrorKind::kData);
  EXPECT_FALSE(under_test.state().has_changes());
}

/// Random puts and erasures into a store of some kind.
using Work = std::function<void(ByteStore&, const StoreSpec&, std::mt19937&)>;
using Text = std::string;

void work_key_value(ByteStore& bytes, const StoreSpec&, std::mt19937& random) {
  TimestampedKeyValueStore<Text, Text> store(bytes, {}, {});
  const Text key = "k" + std::to_string(random() % 30);
  if (random() % 4 == 0) {
    store.erase(key);
  } else {
    store.put(key, std::to_string(random()), Timestamp(random() % 1000));
  }
}

void work_window(ByteStore& bytes, const StoreSpec& spec, std::mt19937& random) {
  WindowStore<Text, Text> store(bytes, spec, {}, {});
  const Text key = "k" + std::to_string(random() % 10);
  const Timestamp start((random() % 400) * 1000);
  if (random() % 5 == 0) {
    store.erase(key, start);
  } else {
    store.put(key, std::to_string(random()), start);
  }
}

void work_session(ByteStore& bytes, const StoreSpec& spec, std::mt19937& random) {
  SessionStore<Text, Text> store(bytes, spec, {}, {});
  const Timestamp start((random() % 400) * 1000);
  const Windowed<Text> session{"k" + std::to_string(random() % 5),
                               {start, start + Duration(random() % 5000)}};
  if (random() % 5 == 0) {
    store.remove(session);
  } else {
    store.put(session, std::to_string(random()));
  }
}

void work_versioned(ByteStore& bytes, const StoreSpec& spec, std::mt19937& random) {
  VersionedKeyValueStore<Text, Text> store(bytes, spec, {}, {});
  const Text key = "k" + std::to_string(random() % 5);
  const Timestamp time((random() % 400) * 1000);
  if (random() % 4 == 0) {
    store.put_tombstone(key, time);
  } else {
    store.put(key, std::to_string(random()), time);
  }
}

struct RoundTrip {
  const char* name;
  StoreKind kind;
  bool retain_duplicates;
  bool time_index;
  Work work;
};

class ChangelogRoundTrip : public ::testing::TestWithParam<RoundTrip> {};

const RoundTrip kRoundTrips[] = {
    {"KeyValue", StoreKind::kTimestampedKeyValue, false, false, work_key_value},
    {"Window", StoreKind::kWindow, false, false, work_window},
    {"WindowByTime", StoreKind::kWindow, false, true, work_window},
    {"Duplicates", StoreKind::kWindow, true, false, work_window},
    {"Session", StoreKind::kSession, false, false, work_session},
    {"SessionByTime", StoreKind::kSession, false, true, work_session},
    {"Versioned", StoreKind::kVersioned, false, false, work_versioned},
};

INSTANTIATE_TEST_SUITE_P(Kinds, ChangelogRoundTrip, ::testing::ValuesIn(kRoundTrips),
                         [](const auto& kind) { return kind.param.name; });

/// The rows that a store still shows: segments behind the retention go at different times.
std::vector<std::pair<Text, Text>> live_rows(ByteStore& store, const StoreSpec& spec) {
  Text first_live;
  if (spec.kind != StoreKind::kTimestampedKeyValue) {
    const std::int64_t live = store.numbers().observed.ms() - spec.retention.count() + 1;
    detail::Segments(spec.retention).append_prefix(first_live, Timestamp(std::max(live, 0L)));
  }
  std::vector<std::pair<Text, Text>> rows;
  for (auto row = store.scan(first_live, {}, Direction::kForward); row->valid(); row->next()) {
    rows.emplace_back(row->key(), row->value());
  }
  return rows;
}

TEST_P(ChangelogRoundTrip, RestoredStoresEqualTheirOriginals) {
  StoreSpec spec = spec_of(GetParam().kind);
  spec.retain_duplicates = GetParam().retain_duplicates;
  spec.time_index = GetParam().time_index;
  StateUnderTest original(Backing::kDatabase, {spec});
  StateUnderTest in_memory(Backing::kMemory, {spec});
  StateUnderTest restored(Backing::kTinyBuffer, {spec});
  std::mt19937 random(7);
  for (std::int64_t round = 0; round < 40; ++round) {
    for (int i = 0; i < 20; ++i) GetParam().work(original.store("s"), spec, random);
    const auto log = log_of(original.state());
    if (round % 5 == 3) {  // A transaction that fails never gets into the changelog.
      original.state().abort();
      continue;
    }
    std::vector<ChangelogRecord> records;
    for (const Logged& l : log) {
      std::optional<std::string_view> value;
      if (l.value) value = *l.value;
      records.push_back({l.key, value, l.timestamp});
    }
    ASSERT_TRUE(restored.state().restore("s", records, Offset{round}));
    ASSERT_TRUE(in_memory.state().restore("s", records, Offset{round}));
    original.commit();
    if (round % 3 == 0) original.spill();
  }
  const auto expected = live_rows(original.store("s"), spec);
  EXPECT_FALSE(expected.empty());
  EXPECT_EQ(live_rows(restored.store("s"), spec), expected);
  EXPECT_EQ(live_rows(in_memory.store("s"), spec), expected);
  EXPECT_EQ(restored.store("s").numbers(), original.store("s").numbers());
  ASSERT_TRUE(restored.state().finish_restore({}));
  restored.reopen();
  EXPECT_EQ(live_rows(restored.store("s"), spec), expected);
  EXPECT_EQ(restored.store("s").numbers(), original.store("s").numbers());
}

}  // namespace
}  // namespace millstream
