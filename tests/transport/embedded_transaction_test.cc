#include "embedded_fixture.h"

#include <gmock/gmock.h>

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const TopicPartition kA{"a", 0};
const TopicPartition kB{"b", 0};

class EmbeddedTransaction : public EmbeddedTest {
 protected:
  void SetUp() override {
    open();
    create("a", 1);
    create("b", 1);
  }
};

TEST_F(EmbeddedTransaction, ShowsRecordsAndOffsetsTogetherAtTheCommit) {
  const auto out = producer("x");
  ASSERT_TRUE(out->begin_transaction());
  ASSERT_TRUE(send(*out, kA, "k", "1"));
  ASSERT_TRUE(send(*out, kB, "k", "2"));
  ASSERT_TRUE(out->flush());
  EXPECT_THAT(values(kA), IsEmpty());
  EXPECT_EQ(end(kA), Offset{0});

  ASSERT_TRUE(commit(*out, "g", {{kA, {Offset{7}, "meta"}}}));

  EXPECT_THAT(values(kA), ElementsAre("1"));
  EXPECT_THAT(values(kB), ElementsAre("2"));
  const auto offsets = broker->admin().committed_offsets("g", {&kA, 1});
  EXPECT_EQ(offsets->at(kA).offset, Offset{7});
  EXPECT_EQ(offsets->at(kA).metadata, "meta");
}

TEST_F(EmbeddedTransaction, LeavesNothingWhenAborted) {
  const auto out = producer("x");
  ASSERT_TRUE(out->begin_transaction());
  ASSERT_TRUE(send(*out, kA, "k", "aborted"));
  ASSERT_TRUE(out->flush());
  EXPECT_EQ(out->end_written(kA), Offset{1});
  ASSERT_TRUE(send(*out, kA, "k", "aborted too"));

  ASSERT_TRUE(out->abort_transaction());
  ASSERT_TRUE(out->begin_transaction());
  EXPECT_EQ(out->end_written(kA), Offset::kNone);
  ASSERT_TRUE(send(*out, kA, "k", "kept"));
  ASSERT_TRUE(commit(*out));

  const auto records = read_all(kA);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].offset, 0);
  EXPECT_EQ(records[0].value, "kept");
}

TEST_F(EmbeddedTransaction, KnowsItsEndsExactlyBeforeTheCommit) {
  const auto out = producer("x");
  ASSERT_TRUE(out->begin_transaction());
  for (int i = 0; i < 2500; ++i) ASSERT_TRUE(send(*out, kA, "k", "v"));
  ASSERT_TRUE(out->flush());
  EXPECT_EQ(out->end_written(kA), Offset{2500});
  EXPECT_EQ(out->end_written(kB), Offset::kNone);
  ASSERT_TRUE(send(*out, kA, "k", "last"));
  ASSERT_TRUE(out->flush());
  EXPECT_EQ(out->end_written(kA), Offset{2501});

  ASSERT_TRUE(commit(*out));

  EXPECT_EQ(end(kA), Offset{2501});
  EXPECT_EQ(read_all(kA).size(), 2501U);
}

TEST_F(EmbeddedTransaction, IsFencedByANewerProducerOfItsId) {
  const auto old = producer("x");
  ASSERT_TRUE(old->begin_transaction());
  ASSERT_TRUE(send(*old, kA, "k", "zombie"));
  ASSERT_TRUE(old->flush());

  const auto fresh = producer("x");
  ASSERT_TRUE(fresh->begin_transaction());
  ASSERT_TRUE(send(*fresh, kA, "k", "new"));
  ASSERT_TRUE(commit(*fresh));

  EXPECT_EQ(commit(*old).fault, ProducerFault::kFenced);
  EXPECT_EQ(old->begin_transaction().fault, ProducerFault::kFatal);
  EXPECT_TRUE(old->abort_transaction());
  EXPECT_EQ(old->begin_transaction().fault, ProducerFault::kFenced);
  EXPECT_THAT(values(kA), ElementsAre("new"));
}

TEST_F(EmbeddedTransaction, EndsWithItsProducer) {
  auto out = producer("x");
  ASSERT_TRUE(out->begin_transaction());
  ASSERT_TRUE(send(*out, kA, "k", "unfinished"));
  ASSERT_TRUE(out->flush());

  out.reset();
  const auto other = producer("y");
  ASSERT_TRUE(other->begin_transaction());
  ASSERT_TRUE(send(*other, kA, "k", "finished"));
  ASSERT_TRUE(commit(*other));

  EXPECT_THAT(values(kA), ElementsAre("finished"));
}

TEST_F(EmbeddedTransaction, HidesWhatLiesBehindAnOlderOpenOne) {
  const auto first = producer("x");
  const auto second = producer("y");
  const auto reader = consumer(kA);
  ASSERT_TRUE(first->begin_transaction());
  ASSERT_TRUE(second->begin_transaction());
  ASSERT_TRUE(send(*first, kA, "k", "1"));
  ASSERT_TRUE(first->flush());
  ASSERT_TRUE(send(*second, kA, "k", "2"));
  ASSERT_TRUE(commit(*second));
  EXPECT_EQ(second->end_written(kA), Offset{2});
  EXPECT_TRUE(drain(*reader).empty());
  EXPECT_EQ(reader->position(kA), Offset{0});
  EXPECT_EQ(end(kA), Offset{0});

  ASSERT_TRUE(commit(*first));

  const auto records = drain(*reader);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].value, "1");
  EXPECT_EQ(records[1].value, "2");
}

TEST_F(EmbeddedTransaction, LeavesAGapThatReadersPassWhenItAbortsBeforeALaterOne) {
  const auto first = producer("x");
  const auto second = producer("y");
  const auto reader = consumer(kA);
  ASSERT_TRUE(first->begin_transaction());
  ASSERT_TRUE(second->begin_transaction());
  ASSERT_TRUE(send(*first, kA, "k", "1"));
  ASSERT_TRUE(first->flush());
  ASSERT_TRUE(send(*second, kA, "k", "2"));
  ASSERT_TRUE(second->flush());

  ASSERT_TRUE(first->abort_transaction());
  EXPECT_EQ(end(kA), Offset{1});
  EXPECT_TRUE(drain(*reader).empty());
  EXPECT_EQ(reader->position(kA), Offset{1});
  ASSERT_TRUE(second->abort_transaction());

  // Offset 0 is never given out again: a reader may have stored that it has passed it.
  for (int reopened = 0; reopened < 2; ++reopened) {
    const auto out = producer("z");
    ASSERT_TRUE(out->begin_transaction());
    ASSERT_TRUE(send(*out, kA, "k", "3"));
    ASSERT_TRUE(out->flush());
    EXPECT_EQ(out->end_written(kA), Offset{2});
    ASSERT_TRUE(out->abort_transaction());
  }
}

TEST_F(EmbeddedTransaction, IsRefusedAsAWholeWhenOneRecordIs) {
  const auto out = producer("x");
  ASSERT_TRUE(out->begin_transaction());
  ASSERT_TRUE(send(*out, kA, "k", "good"));

  EXPECT_EQ(send(*out, {"nix", 0}, "k", "bad").fault, ProducerFault::kAbort);
  EXPECT_EQ(out->flush().fault, ProducerFault::kAbort);
  EXPECT_EQ(commit(*out).fault, ProducerFault::kAbort);

  ASSERT_TRUE(out->abort_transaction());
  EXPECT_THAT(values(kA), IsEmpty());
  ASSERT_TRUE(out->begin_transaction());
  ASSERT_TRUE(send(*out, kA, "k", "better"));
  ASSERT_TRUE(commit(*out));
  EXPECT_THAT(values(kA), ElementsAre("better"));
}

TEST_F(EmbeddedTransaction, IsBoundedInMemory) {
  open({{"embedded.transaction.max.bytes", "1000"}});
  const auto out = producer("x");
  ASSERT_TRUE(out->begin_transaction());

  ProducerStatus status;
  for (int i = 0; i < 20 && status; ++i) status = send(*out, kA, "k", std::string(100, 'v'));

  EXPECT_EQ(status.fault, ProducerFault::kAbort);
  EXPECT_THAT(std::string(status.error.message()), HasSubstr("embedded.transaction.max.bytes"));
}

TEST_F(EmbeddedTransaction, NeedsToBeBegun) {
  ProducerOptions options;
  options.transactional_id = "x";
  const auto out = std::move(*broker->make_producer(options));

  EXPECT_EQ(out->begin_transaction().fault, ProducerFault::kFatal);
  ASSERT_TRUE(out->init_transactions());
  EXPECT_EQ(send(*out, kA, "k", "v").fault, ProducerFault::kFatal);
  EXPECT_TRUE(out->abort_transaction());
  ASSERT_TRUE(out->begin_transaction());
  EXPECT_EQ(out->begin_transaction().fault, ProducerFault::kFatal);
  EXPECT_EQ(producer()->begin_transaction().fault, ProducerFault::kFatal);
}

TEST_F(EmbeddedTransaction, CommitsOnlyUnderTheCurrentLease) {
  create("coordination", 1);
  MembershipOptions options;
  options.group = "g";
  options.coordination_topic = "coordination";
  auto member = std::move(*broker->join(options));
  const auto events = member->poll(Duration(1000));
  ASSERT_EQ(events->size(), 1U);
  const Lease lease = events->front().lease;
  member->acknowledge();
  const auto out = producer("x");
  const OffsetsByPartition offsets{{kA, {Offset{1}, ""}}};

  for (const Lease& wrong : {Lease{}, Lease{lease.member_id, lease.generation - 1, {}},
                             Lease{"another", lease.generation, {}}}) {
    ASSERT_TRUE(out->begin_transaction());
    ASSERT_TRUE(send(*out, kA, "k", "zombie"));
    EXPECT_EQ(commit(*out, "g", offsets, wrong).fault, ProducerFault::kFenced);
    ASSERT_TRUE(out->abort_transaction());
    EXPECT_EQ(member->commit_offsets(offsets, wrong).fault, ProducerFault::kFenced);
  }
  EXPECT_TRUE(broker->admin().committed_offsets("g", {&kA, 1})->empty());
  ASSERT_TRUE(out->begin_transaction());
  ASSERT_TRUE(send(*out, kA, "k", "good"));
  ASSERT_TRUE(commit(*out, "g", offsets, lease));

  EXPECT_THAT(values(kA), ElementsAre("good"));
  EXPECT_EQ(broker->admin().committed_offsets("g", {&kA, 1})->at(kA).offset, Offset{1});
  EXPECT_FALSE(broker->admin().reset_offsets("g", offsets));
  member->leave();
  EXPECT_TRUE(broker->admin().reset_offsets("g", {{kA, {Offset{0}, ""}}}));
}

}  // namespace
}  // namespace millstream::testing
