#include "record_queue.h"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millstream {
namespace {

const TopicPartition kSource{"in", 0};

/// Takes every record and does nothing with it.
class AnyHead final : public SourceHead {
 public:
  Outcome load(const RawRecord&, Timestamp) override { return Outcome::kReady; }
  [[nodiscard]] Timestamp timestamp() const override { return Timestamp(1); }
  void process() override {}
  void prefetch(const ComingRecord&) override {}
  [[nodiscard]] bool prefetches() const override { return false; }
};

/// Notes the keys that it is told of, by step.
class TellingHead final : public SourceHead {
 public:
  using Told = std::map<PrefetchStep, std::vector<std::string>>;
  explicit TellingHead(Told& told) : told_(&told) {}
  Outcome load(const RawRecord&, Timestamp) override { return Outcome::kReady; }
  [[nodiscard]] Timestamp timestamp() const override { return Timestamp(1); }
  void process() override {}
  void prefetch(const ComingRecord& record) override {
    (*told_)[record.step].emplace_back(record.key);
  }
  [[nodiscard]] bool prefetches() const override { return true; }

 private:
  Told* told_;
};

/// Records of nothing at consecutive offsets.
class Batch final : public FetchedBatch {
 public:
  Batch(std::int64_t first, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) records_.push_back({.offset = Offset{first + i}});
  }
  /// Records with these keys, or none.
  explicit Batch(const std::vector<std::optional<std::string_view>>& keys)
      : Batch(0, std::ssize(keys)) {
    for (std::size_t i = 0; i < keys.size(); ++i) records_[i].key = keys[i];
  }
  [[nodiscard]] const TopicPartition& partition() const override { return kSource; }
  [[nodiscard]] std::span<const FetchedRecord> records() const override { return records_; }
  [[nodiscard]] Headers headers(std::size_t) const override { return {}; }

 private:
  std::vector<FetchedRecord> records_;
};

void process_all(RecordQueue& queue) {
  RawRecord raw;
  while (queue.size() > 0) {
    queue.load_head(raw);
    queue.process_head(raw);
  }
}

TEST(RecordQueue, CommitsBeyondControlRecordsAndNeverBackAgain) {
  RecordQueue queue(kSource, "in", std::make_unique<AnyHead>(), std::nullopt);
  queue.add(std::make_unique<Batch>(0, 3));
  process_all(queue);
  queue.note_progress(Offset{5}, Offset{5});  // offsets 3 and 4 are markers of transactions
  ASSERT_EQ(queue.commit_offset(), Offset{5});

  queue.add(std::make_unique<Batch>(7, 2));

  EXPECT_EQ(queue.commit_offset(), Offset{5});
  process_all(queue);
  EXPECT_EQ(queue.commit_offset(), Offset{9});
}

TEST(RecordQueue, TellsOfEachKeyStepByStepBeforeItsTurn) {
  TellingHead::Told told;
  RecordQueue queue(kSource, "in", std::make_unique<TellingHead>(told), std::nullopt);
  std::vector<std::optional<std::string_view>> keys(16);
  keys[12] = "twelfth";
  keys[13] = "thirteenth";
  queue.add(std::make_unique<Batch>(keys));
  RawRecord raw;

  queue.load_head(raw);

  EXPECT_EQ(told[PrefetchStep::kFirst], std::vector<std::string>{"twelfth"});
  EXPECT_TRUE(told[PrefetchStep::kSecond].empty());
  process_all(queue);
  const std::vector<std::string> both{"twelfth", "thirteenth"};
  EXPECT_EQ(told[PrefetchStep::kFirst], both);
  EXPECT_EQ(told[PrefetchStep::kSecond], both);
  EXPECT_EQ(told[PrefetchStep::kLast], both);
}

}  // namespace
}  // namespace millstream
