#include "embedded_fixture.h"

#include <millstream/core/murmur2.h>

#include <gmock/gmock.h>

#include <thread>

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const TopicPartition kIn{"in", 0};

class EmbeddedRecords : public EmbeddedTest {
 protected:
  void SetUp() override { open(); }
};

TEST_F(EmbeddedRecords, ComeBackAsTheyWereWritten) {
  create("in", 1);
  const auto out = producer();
  const Headers headers{{"a", "1"}, {"a", std::nullopt}, {"", ""}};

  ASSERT_TRUE(out->produce({"in", 0, "k", "v", Timestamp(5), nullptr}));
  ASSERT_TRUE(out->produce({"in", 0, std::nullopt, "v2", Timestamp(-1), nullptr}));
  ASSERT_TRUE(out->produce({"in", 0, "", std::nullopt, Timestamp::max(), &headers}));
  ASSERT_TRUE(out->flush());

  const auto records = read_all(kIn);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].offset, 0);
  EXPECT_EQ(records[0].timestamp, 5);
  EXPECT_EQ(records[0].key, "k");
  EXPECT_EQ(records[0].value, "v");
  EXPECT_TRUE(records[0].headers.empty());
  EXPECT_EQ(records[1].key, std::nullopt);
  EXPECT_EQ(records[1].timestamp, -1);
  EXPECT_EQ(records[2].offset, 2);
  EXPECT_EQ(records[2].key, "");
  EXPECT_EQ(records[2].value, std::nullopt);
  EXPECT_EQ(records[2].timestamp, Timestamp::max().ms());
  EXPECT_EQ(records[2].headers, headers);
  EXPECT_EQ(out->end_written(kIn), Offset{3});
}

TEST_F(EmbeddedRecords, GoWhereTheJavaClientPutsThem) {
  create("in", 7);
  const auto out = producer();

  for (int i = 0; i < 100; ++i) {
    const std::string key = "key-" + std::to_string(i);
    ASSERT_TRUE(out->produce({"in", std::nullopt, key, "v", Timestamp(0), nullptr}));
  }
  ASSERT_TRUE(out->flush());

  std::size_t count = 0;
  for (PartitionId p = 0; p < 7; ++p) {
    for (const auto& record : read_all({"in", p})) {
      EXPECT_EQ(partition_for_key(*record.key, 7), p);
      ++count;
    }
  }
  EXPECT_EQ(count, 100U);
}

TEST_F(EmbeddedRecords, WithoutKeysSpreadOverAllPartitions) {
  create("in", 3);
  const auto out = producer();

  for (int i = 0; i < 6000; ++i) {
    ASSERT_TRUE(out->produce({"in", std::nullopt, std::nullopt, "v", Timestamp(0), nullptr}));
  }
  ASSERT_TRUE(out->flush());

  for (PartitionId p = 0; p < 3; ++p) EXPECT_NEAR(double(read_all({"in", p}).size()), 2000, 10);
}

TEST_F(EmbeddedRecords, ToAnUnknownTopicAreRefusedWithItsName) {
  const auto out = producer();

  const ProducerStatus refused = out->produce({"nix", 0, "k", "v", Timestamp(0), nullptr});

  EXPECT_FALSE(refused);
  EXPECT_THAT(std::string(refused.error.message()), HasSubstr("\"nix\" does not exist"));
  EXPECT_FALSE(out->flush());
  EXPECT_TRUE(out->flush());
}

TEST_F(EmbeddedRecords, AreRefusedBeyondTheLastPartitionAndBeyondTheLargestSize) {
  create("in", 1, {{"max.message.bytes", "10"}});
  const auto out = producer();

  EXPECT_FALSE(out->produce({"in", 1, "k", "v", Timestamp(0), nullptr}));
  EXPECT_FALSE(out->produce({"in", 0, "k", "0123456789", Timestamp(0), nullptr}));
  EXPECT_TRUE(out->produce({"in", 0, "k", "012345678", Timestamp(0), nullptr}));
}

TEST_F(EmbeddedRecords, AreReadInPortionsFromMemoryAndFromDisk) {
  for (const char* cache : {"0", "100000000"}) {
    open({{"embedded.cache.bytes", cache}});
    const std::string topic = std::string("t") + cache;
    create(topic, 1);
    const auto out = producer();
    constexpr std::int64_t kCount = 5000;
    for (std::int64_t i = 0; i < kCount; ++i) {
      ASSERT_TRUE(send(*out, {topic, 0}, std::to_string(i), std::string(50, 'x')));
    }
    ASSERT_TRUE(out->flush());

    const auto in = consumer({topic, 0}, 17);
    std::int64_t expected = 17;
    while (expected < kCount) {
      const auto batches = in->poll(7, Duration(1000));
      ASSERT_TRUE(batches);
      ASSERT_EQ(batches->size(), 1U);
      ASSERT_LE(batches->front()->records().size(), 7U);
      for (const FetchedRecord& record : batches->front()->records()) {
        ASSERT_EQ(to_int(record.offset), expected);
        ASSERT_EQ(*record.key, std::to_string(expected));
        ++expected;
      }
      EXPECT_EQ(to_int(in->position({topic, 0})), expected);
    }
    EXPECT_EQ(to_int(in->known_end({topic, 0})), kCount);
  }
}

TEST_F(EmbeddedRecords, ArriveFromTwoPartitionsInOnePoll) {
  create("in", 2);
  const auto out = producer();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(send(*out, {"in", i % 2}, "k", "v"));
  ASSERT_TRUE(out->flush());
  const auto in = consumer({"in", 0});
  const PartitionPosition second{{"in", 1}, Offset::kNone};
  ASSERT_TRUE(in->assign({&second, 1}));

  const auto batches = in->poll(20, Duration(0));

  ASSERT_TRUE(batches);
  ASSERT_EQ(batches->size(), 2U);
  EXPECT_EQ((*batches)[0]->records().size(), 10U);
  EXPECT_EQ((*batches)[1]->records().size(), 10U);
}

TEST_F(EmbeddedRecords, ArePausedSoughtAndUnassigned) {
  create("in", 1);
  const auto out = producer();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(send(*out, kIn, "k", std::to_string(i)));
  ASSERT_TRUE(out->flush());
  const auto in = consumer(kIn);

  in->pause(kIn);
  in->pause(kIn);
  EXPECT_TRUE(drain(*in).empty());
  in->resume(kIn);
  EXPECT_EQ(drain(*in).size(), 10U);
  const PartitionPosition third{kIn, Offset{3}};
  ASSERT_TRUE(in->seek(third));
  EXPECT_EQ(drain(*in).size(), 7U);
  const PartitionPosition beyond{kIn, Offset{11}};
  EXPECT_FALSE(in->seek(beyond));
  in->unassign({&kIn, 1});
  EXPECT_EQ(in->position(kIn), Offset::kNone);
  EXPECT_FALSE(in->seek(third));
}

TEST_F(EmbeddedRecords, WakeAWaitingConsumer) {
  create("in", 1);
  const auto in = consumer(kIn);
  const auto out = producer();

  std::jthread writer([&] {
    EXPECT_TRUE(send(*out, kIn, "k", "v"));
    EXPECT_TRUE(out->flush());
  });
  const auto batches = in->poll(10, Duration(60'000));

  ASSERT_TRUE(batches);
  ASSERT_EQ(batches->size(), 1U);
  EXPECT_EQ(batches->front()->records().size(), 1U);
}

TEST_F(EmbeddedRecords, OfManyThreadsAllArriveInTheOrderOfEach) {
  create("in", 2);
  constexpr int kThreads = 3;
  constexpr int kEach = 5000;
  const auto in = consumer({"in", 0});
  const PartitionPosition second{{"in", 1}, Offset{0}};
  ASSERT_TRUE(in->assign({&second, 1}));
  std::vector<std::unique_ptr<Producer>> producers;
  for (int t = 0; t < kThreads; ++t) producers.push_back(producer());

  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Producer& out = *producers[static_cast<std::size_t>(t)];
      for (int i = 0; i < kEach; ++i) {
        EXPECT_TRUE(send(out, {"in", i % 2}, std::to_string(t), std::to_string(i)));
        if (i % 97 == 0) {
          EXPECT_TRUE(out.flush());
        }
      }
      EXPECT_TRUE(out.flush());
    });
  }

  std::map<std::pair<std::string, PartitionId>, int> last;
  int count = 0;
  while (count < kThreads * kEach) {
    const auto batches = in->poll(500, Duration(60'000));
    ASSERT_TRUE(batches);
    for (const auto& batch : *batches) {
      for (const FetchedRecord& record : batch->records()) {
        int& previous =
            last.try_emplace({std::string(*record.key), batch->partition().partition}, -1)
                .first->second;
        const int value = std::stoi(std::string(*record.value));
        ASSERT_GT(value, previous);
        previous = value;
        ++count;
      }
    }
  }
  EXPECT_EQ(count, kThreads * kEach);
}

TEST_F(EmbeddedRecords, AreAppendedWithoutAFlushOnceTheLingerIsOver) {
  create("in", 1);
  const auto out = producer();
  ASSERT_TRUE(send(*out, kIn, "k", "first, after a long pause"));
  ASSERT_TRUE(send(*out, kIn, "k", "lingers"));
  EXPECT_EQ(read_all(kIn).size(), 1U);

  clock.advance(Duration(1000));
  ASSERT_TRUE(send(*out, kIn, "k", "pushes it out"));

  EXPECT_EQ(read_all(kIn).size(), 3U);
}

TEST_F(EmbeddedRecords, AreFoundByTime) {
  create("in", 1);
  const auto out = producer();
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(out->produce({"in", 0, "k", "v", Timestamp(i * 10), nullptr}));
  }
  ASSERT_TRUE(out->flush());

  const auto at = [&](std::int64_t ms) {
    return broker->admin().offsets_for_time({&kIn, 1}, Timestamp(ms))->at(kIn);
  };

  EXPECT_EQ(at(0), Offset{0});
  EXPECT_EQ(at(10'001), Offset{1001});
  EXPECT_EQ(at(1'000'000), Offset{3000});
}

TEST_F(EmbeddedRecords, GoWithTheirTopic) {
  create("in", 1);
  const auto out = producer();
  ASSERT_TRUE(send(*out, kIn, "k", "old"));
  ASSERT_TRUE(out->flush());
  ASSERT_TRUE(broker->admin().reset_offsets("g", {{kIn, {Offset{1}, "m"}}}));
  const std::string name = "in";

  ASSERT_TRUE(broker->admin().delete_topics({&name, 1}));
  EXPECT_FALSE(send(*out, kIn, "k", "lost"));
  create("in", 1);
  ASSERT_TRUE(send(*out, kIn, "k", "new"));
  static_cast<void>(out->flush());
  ASSERT_TRUE(out->flush());

  EXPECT_THAT(values(kIn), ElementsAre("new"));
  EXPECT_TRUE(broker->admin().committed_offsets("g", {&kIn, 1})->empty());
}

TEST_F(EmbeddedRecords, HaveTopicsWithTheirSettings) {
  create("in", 2, {{"cleanup.policy", "compact,delete"}, {"retention.ms", "60000"}});
  create("in", 5);
  create("other", 1);
  const std::vector<std::string> asked{"in", "nix"};

  EXPECT_THAT(*broker->admin().list_topics(), ElementsAre("in", "other"));
  EXPECT_THAT(*broker->admin().partition_counts(asked), ElementsAre(std::pair("in", 2)));
  const auto config = broker->admin().topic_config("in");
  EXPECT_EQ(config->at("cleanup.policy"), "compact,delete");
  EXPECT_EQ(config->at("retention.ms"), "60000");
  EXPECT_EQ(config->at("retention.bytes"), "-1");
  for (const NewTopic& wrong : {NewTopic{"a b", 1, {}, -1}, NewTopic{"a", 0, {}, -1},
                                NewTopic{"a", 1, {{"cleanup.policy", "keep"}}, -1},
                                NewTopic{"a", 1, {{"retention.ms", "soon"}}, -1}}) {
    EXPECT_FALSE(broker->admin().create_topics({&wrong, 1}));
  }
}

}  // namespace
}  // namespace millstream::testing
