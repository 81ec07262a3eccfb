#include "record_queue.h"

#include <gtest/gtest.h>

#include <memory>
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
};

/// Records of nothing at consecutive offsets.
class Batch final : public FetchedBatch {
 public:
  Batch(std::int64_t first, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) records_.push_back({.offset = Offset{first + i}});
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

}  // namespace
}  // namespace millstream
