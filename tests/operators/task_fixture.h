#pragma once

#include <millstream/core/log.h>
#include <millstream/rocks/database.h>
#include <millstream/runtime/stream_task.h>
#include <millstream/state/task_state.h>
#include <support/temp_dir.h>

#include "drive.h"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace millstream::testing {

/// A fetched batch of one text.
class OneRecord final : public FetchedBatch {
 public:
  OneRecord(Text topic, Offset offset, Text key, Text value, Timestamp time)
      : partition_{std::move(topic), 0}, key_(std::move(key)), value_(std::move(value)) {
    record_.offset = offset;
    record_.timestamp = time;
    record_.key = key_;
    record_.value = value_;
  }
  [[nodiscard]] const TopicPartition& partition() const override { return partition_; }
  [[nodiscard]] std::span<const FetchedRecord> records() const override { return {&record_, 1}; }
  [[nodiscard]] Headers headers(std::size_t) const override { return {}; }

 private:
  TopicPartition partition_;
  Text key_;
  Text value_;
  FetchedRecord record_;
};

/// Keeps what a task writes, as `key=value@time`.
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

/// A task of a topology's only sub-topology, with a directory, that can be aborted, and closed and
/// opened again as a restarted process would.
class TaskFixture : public ::testing::Test {
 protected:
  void start(StreamsBuilder& builder) {
    topology_ = built(builder);
    ASSERT_EQ(topology_->subtopologies().size(), 1U);
    open();
  }
  void pipe(Text key, Text value, std::int64_t time) {
    pipe_to("in", std::move(key), std::move(value), time);
  }
  void pipe_to(const Text& topic, Text key, Text value, std::int64_t time) {
    task_->add(std::make_unique<OneRecord>(topic, Offset{next_[topic]++}, std::move(key),
                                           std::move(value), Timestamp(time)));
    task_->process(1, Timestamp(0));
  }
  void commit() {
    task_->flush();
    task_->committed(task_->prepare_commit(Timestamp(0)));
    committed_ = next_;
  }
  /// Fail: what was piped since the last commit is to be piped again.
  void abort() {
    task_->abort();
    next_ = committed_;
  }
  /// Stop and start; what was piped since the last commit is to be piped again.
  void restart() {
    const CommitMark mark = task_->mark();
    ASSERT_TRUE(task_->close(true));
    task_.reset();
    next_ = committed_;
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
    const StreamTaskOptions task_options{
        .application_id = "test", .id = {0, 0}, .max_task_idle = Duration(-1)};
    task_ = std::make_unique<StreamTask>(task_options, *topology_, *std::move(state), texts,
                                         metrics_, logger_);
    task_->init(mark, Timestamp(0));
  }

  TempDir directory_;
  RocksResources resources_{RocksResources::Options{}};
  NullLogger logger_;
  Metrics metrics_;
  std::shared_ptr<const BuiltTopology> topology_;
  std::unique_ptr<StreamTask> task_;
  std::map<Text, std::int64_t> next_;
  std::map<Text, std::int64_t> committed_;
};

}  // namespace millstream::testing
