// What windowed operators hold back survives an abort and a restart, and comes out at the input's
// end.

#include "drive.h"

#include <millstream/core/log.h>
#include <millstream/rocks/database.h>
#include <millstream/runtime/stream_task.h>
#include <millstream/state/task_state.h>
#include <support/temp_dir.h>

#include <memory>
#include <span>

namespace millstream::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OneRecord final : public FetchedBatch {
 public:
  OneRecord(Offset offset, Text key, Text value, Timestamp time)
      : key_(std::move(key)), value_(std::move(value)) {
    record_.offset = offset;
    record_.timestamp = time;
    record_.key = key_;
    record_.value = value_;
  }
  [[nodiscard]] const TopicPartition& partition() const override { return partition_; }
  [[nodiscard]] std::span<const FetchedRecord> records() const override { return {&record_, 1}; }
  [[nodiscard]] Headers headers(std::size_t) const override { return {}; }

 private:
  TopicPartition partition_{"in", 0};
  Text key_;
  Text value_;
  FetchedRecord record_;
};

class Texts final : public RecordCollector {
 public:
  Status send(const OutgoingRecord& record) override {
    texts_.push_back(Text(record.key.value_or("null")) + "=" + Text(record.value.value_or("null")) +
                     "@" + std::to_string(record.timestamp.ms()));
    return {};
  }
  [[nodiscard]] PartitionId partition_count(std::string_view) override { return 1; }
  std::vector<Text> take() { return std::exchange(texts_, {}); }

 private:
  std::vector<Text> texts_;
};

/// A task with a directory, that can be aborted, closed and opened again.
class WindowRecovery : public ::testing::Test {
 protected:
  void start(StreamsBuilder& builder) {
    topology_ = built(builder);
    open();
  }
  void pipe(Text key, Text value, std::int64_t time) {
    task_->add(std::make_unique<OneRecord>(Offset{next_++}, std::move(key), std::move(value),
                                           Timestamp(time)));
    task_->process(1, Timestamp(0));
  }
  void commit() {
    task_->flush();
    task_->committed(task_->prepare_commit(Timestamp(0)));
    committed_ = next_;
  }
  void abort() {
    task_->abort();
    next_ = committed_;
  }
  void restart() {
    const CommitMark mark = task_->mark();
    ASSERT_TRUE(task_->close(true));
    task_.reset();
    open(&mark);
  }
  StreamTask& task() { return *task_; }
  Texts texts;

 private:
  void open(const CommitMark* mark = nullptr) {
    TaskStateOptions options;
    options.stores = topology_->subtopologies().front().stores;
    options.directory = directory_ / "task";
    options.resources = &resources_;
    options.logger = &logger_;
    auto state = TaskState::open(std::move(options));
    ASSERT_TRUE(state);
    task_ = std::make_unique<StreamTask>(StreamTaskOptions{.application_id = "test", .id = {0, 0}},
                                         *topology_, *std::move(state), texts, metrics_, logger_);
    task_->init(mark, Timestamp(0));
  }

  TempDir directory_;
  RocksResources resources_{RocksResources::Options{}};
  NullLogger logger_;
  Metrics metrics_;
  std::shared_ptr<const BuiltTopology> topology_;
  std::unique_ptr<StreamTask> task_;
  std::int64_t next_ = 0;
  std::int64_t committed_ = 0;
};

constexpr auto kJoin = [](const Text& aggregate, const Text& value) {
  return aggregate + "," + value;
};

/// The final results of windows of 10 ms, of a grouped stream.
template <class Grouped>
void suppress_to_out(const Grouped& windowed) {
  windowed.reduce(kJoin)
      .suppress(Suppressed::until_window_closes(BufferConfig::unbounded()))
      .to_stream([](const Windowed<Text>& key, const MaybeText&) { return window_text(key); })
      .to("out");
}

TEST_F(WindowRecovery, SuppressedUpdatesAreThereAfterAnAbortAndARestart) {
  StreamsBuilder builder;
  suppress_to_out(builder.stream<Text, Text>("in").group_by_key().windowed_by(
      TimeWindows::of_size_with_no_grace(Duration(10))));
  start(builder);

  pipe("a", "1", 1);
  commit();
  pipe("a", "2", 2);
  pipe("b", "3", 30);
  EXPECT_THAT(texts.take(), ElementsAre("a[0,10)=1,2@2"));
  abort();
  pipe("a", "4", 4);
  commit();
  restart();
  EXPECT_THAT(texts.take(), IsEmpty());
  pipe("b", "5", 10);
  EXPECT_THAT(texts.take(), ElementsAre("a[0,10)=1,4@4"));
}

TEST_F(WindowRecovery, TheEndOfTheInputClosesTheLastWindowsOnce) {
  StreamsBuilder builder;
  auto windowed = builder.stream<Text, Text>("in").group_by_key().windowed_by(
      SessionWindows::of_inactivity_gap_with_no_grace(Duration(10)));
  suppress_to_out(windowed);
  windowed.emit_strategy(EmitStrategy::kOnWindowClose)
      .reduce(kJoin)
      .to_stream([](const Windowed<Text>& key, const MaybeText&) { return window_text(key); })
      .to("closed");
  start(builder);

  pipe("a", "1", 1);
  pipe("a", "2", 5);
  commit();
  task().advance_stream_time(Timestamp(15));
  EXPECT_THAT(texts.take(), ElementsAre("a[1,5)=1,2@5"));
  task().advance_stream_time(Timestamp(16));
  EXPECT_THAT(texts.take(), ElementsAre("a[1,5)=1,2@5"));
  commit();
  restart();
  task().advance_stream_time(Timestamp(100));
  EXPECT_THAT(texts.take(), IsEmpty());
}

}  // namespace
}  // namespace millstream::testing
