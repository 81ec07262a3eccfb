#include "embedded_fixture.h"

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <gmock/gmock.h>

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const TopicPartition kA{"a", 0};

class EmbeddedCleanup : public EmbeddedTest {
 protected:
  /// Append one block.
  void append(const std::string& key, std::optional<std::string_view> value, int records = 1) {
    const auto out = producer();
    for (int i = 0; i < records; ++i) ASSERT_TRUE(send(*out, kA, key, value));
    ASSERT_TRUE(out->flush());
  }
  /// What a table of the topic would hold.
  static std::map<std::string, std::string> fold(const std::vector<ReadRecord>& records) {
    std::map<std::string, std::string> table;
    for (const ReadRecord& record : records) {
      if (record.value) {
        table[*record.key] = *record.value;
      } else {
        table.erase(*record.key);
      }
    }
    return table;
  }
  /// Compact at every write, and read from disk.
  static Config eager() {
    return {{"embedded.compaction.min.bytes", "0"}, {"embedded.cache.bytes", "0"}};
  }
};

TEST_F(EmbeddedCleanup, DropsRecordsBelowAnOffset) {
  open({{"embedded.cache.bytes", "0"}});
  create("a", 1);
  for (int i = 0; i < 10; ++i) append("k", std::to_string(i), 3);
  const auto slow = consumer(kA);
  const PartitionPosition before{kA, Offset{13}};

  ASSERT_TRUE(broker->admin().delete_records({&before, 1}));

  EXPECT_EQ(beginning(kA), Offset{13});
  EXPECT_EQ(read_all(kA).size(), 17U);
  EXPECT_EQ(drain(*slow).front().offset, 13);
  ASSERT_TRUE(broker->admin().delete_records({&before, 1}));
  const PartitionPosition all{kA, Offset::kNone};
  ASSERT_TRUE(broker->admin().delete_records({&all, 1}));
  EXPECT_EQ(beginning(kA), Offset{30});
  EXPECT_THAT(read_all(kA), IsEmpty());

  open();
  EXPECT_EQ(beginning(kA), Offset{30});
  append("k", "next");
  EXPECT_EQ(read_all(kA).front().offset, 30);
}

TEST_F(EmbeddedCleanup, ExpiresByAge) {
  open({{"embedded.cache.bytes", "0"}});
  create("a", 1, {{"retention.ms", "1000"}});
  append("k", "old");
  clock.advance(Duration(500));
  append("k", "younger");
  EXPECT_THAT(values(kA), ElementsAre("old", "younger"));

  clock.advance(Duration(600));
  append("k", "new");

  EXPECT_THAT(values(kA), ElementsAre("younger", "new"));
  EXPECT_EQ(beginning(kA), Offset{1});
}

TEST_F(EmbeddedCleanup, ExpiresBySize) {
  open();
  create("a", 1, {{"retention.bytes", "100000"}});
  for (int i = 0; i < 1000; ++i) append("k", std::string(1000, 'v'));

  const auto left = read_all(kA).size();

  EXPECT_GE(left, 90U);
  EXPECT_LE(left, 130U);
}

TEST_F(EmbeddedCleanup, KeepsTheLastRecordOfEachKey) {
  open(eager());
  create("a", 1, {{"cleanup.policy", "compact"}});
  for (int i = 0; i < 500; ++i) append("key-" + std::to_string(i % 5), std::to_string(i));

  const auto records = read_all(kA);

  EXPECT_LE(records.size(), 40U);
  EXPECT_EQ(fold(records).size(), 5U);
  EXPECT_EQ(fold(records)["key-4"], "499");
  EXPECT_EQ(records.back().offset, 499);
  EXPECT_EQ(end(kA), Offset{500});
  open(eager());
  EXPECT_EQ(fold(read_all(kA))["key-4"], "499");
  EXPECT_EQ(end(kA), Offset{500});
}

TEST_F(EmbeddedCleanup, DropsTombstonesWhenReadersHaveHadTheirTime) {
  open(eager());
  create("a", 1, {{"cleanup.policy", "compact"}, {"delete.retention.ms", "1000"}});
  append("gone", "value");
  append("gone", std::nullopt);
  for (int i = 0; i < 10; ++i) append("other", "1");
  const auto tombstones = [&] {
    const auto records = read_all(kA);
    return std::count_if(records.begin(), records.end(), [](const auto& r) { return !r.value; });
  };
  EXPECT_EQ(tombstones(), 1);

  clock.advance(Duration(1001));
  for (int i = 0; i < 10; ++i) append("other", "2");

  EXPECT_EQ(tombstones(), 0);
  EXPECT_EQ(fold(read_all(kA)), (std::map<std::string, std::string>{{"other", "2"}}));
}

TEST_F(EmbeddedCleanup, KeepsTheEndWhenTheLastRecordsAreDropped) {
  open(eager());
  create("a", 1, {{"cleanup.policy", "compact"}, {"delete.retention.ms", "0"}});
  create("b", 1, {{"cleanup.policy", "compact"}});
  append("k", "v");
  for (int i = 0; i < 10; ++i) append("k", std::nullopt);
  const Offset before = end(kA);
  EXPECT_LE(read_all(kA).size(), 3U);

  open(eager());

  EXPECT_EQ(end(kA), before);
  append("k", "next");
  EXPECT_EQ(read_all(kA).back().offset, to_int(before));
}

TEST_F(EmbeddedCleanup, BoundsACompactedTopicOverALongRun) {
  open({{"embedded.compaction.min.bytes", "100000"}});
  create("a", 1, {{"cleanup.policy", "compact"}});
  const auto out = producer("x");
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(out->begin_transaction());
    for (int k = 0; k < 10; ++k) {
      ASSERT_TRUE(send(*out, kA, "key-" + std::to_string(k), std::string(100, 'v')));
    }
    ASSERT_TRUE(commit(*out));
  }

  open();

  EXPECT_LE(read_all(kA).size(), 2000U);
  EXPECT_EQ(end(kA), Offset{30000});
}

TEST_F(EmbeddedCleanup, RefusesRecordsWithoutKeysInACompactedTopic) {
  open();
  create("a", 1, {{"cleanup.policy", "compact"}});
  const auto out = producer();

  EXPECT_FALSE(out->produce({"a", 0, std::nullopt, "v", Timestamp(0), nullptr}));
}

/// Whatever is written, deleted, reopened: the fold of the compacted log is the map that was
/// written, and what is left are records as they were written, in their order.
RC_GTEST_FIXTURE_PROP(EmbeddedCleanup, CompactionEqualsAMap, ()) {
  std::filesystem::remove_all(directory());
  const Config config{{"embedded.compaction.min.bytes",
                       *rc::gen::elementOf(std::vector<std::string>{"0", "500", "5000"})},
                      {"embedded.cache.bytes",
                       *rc::gen::elementOf(std::vector<std::string>{"0", "2000", "1000000"})}};
  open(config);
  create("a", 1, {{"cleanup.policy", "compact"}, {"delete.retention.ms", "100"}});
  std::map<std::string, std::string> table;
  std::vector<std::optional<std::string>> written;
  const int steps = *rc::gen::inRange(1, 60);
  for (int step = 0; step < steps; ++step) {
    const auto out = producer("x");
    RC_ASSERT(static_cast<bool>(out->begin_transaction()));
    const bool aborts = *rc::gen::inRange(0, 10) == 0;
    const int records = *rc::gen::inRange(1, 30);
    for (int i = 0; i < records; ++i) {
      const std::string key = std::to_string(*rc::gen::inRange(0, 12));
      std::optional<std::string> value;
      if (*rc::gen::inRange(0, 4) != 0)
        value = std::string(50, 'v') + std::to_string(step * 100 + i);
      RC_ASSERT(static_cast<bool>(send(*out, kA, key, value)));
      if (aborts) continue;
      written.push_back(value);
      if (value) table[key] = *value;
      if (!value) table.erase(key);
    }
    if (aborts) {
      RC_ASSERT(static_cast<bool>(out->flush()));
      RC_ASSERT(static_cast<bool>(out->abort_transaction()));
    } else {
      RC_ASSERT(static_cast<bool>(commit(*out)));
    }
    clock.advance(Duration(*rc::gen::inRange(0, 60)));
    if (*rc::gen::inRange(0, 15) == 0) open(config);
    const auto left = read_all(kA);
    RC_ASSERT(fold(left) == table);
    std::int64_t previous = -1;
    for (const ReadRecord& record : left) {
      RC_ASSERT(record.offset > previous);
      RC_ASSERT(record.value == written[static_cast<std::size_t>(record.offset)]);
      previous = record.offset;
    }
    RC_ASSERT(to_int(end(kA)) == static_cast<std::int64_t>(written.size()));
  }
  broker.reset();
}

}  // namespace
}  // namespace millstream::testing
