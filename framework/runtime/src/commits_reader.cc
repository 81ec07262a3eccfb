#include "commits_reader.h"

#include "runtime_services.h"

#include <utility>
#include <vector>

namespace millstream {

namespace {

constexpr std::size_t kBatch = 10'000;

}  // namespace

Result<std::optional<CommitMark>> CommitsReader::newest(TaskId task, const PartitionPosition& from,
                                                        Offset end) {
  if (from.offset >= end) return std::optional<CommitMark>();
  if (consumer_ == nullptr) {
    auto made = services_->broker->make_consumer(
        {.client_id = services_->config.application_id + "-commits-reader"});
    if (!made) return made.error();
    consumer_ = std::move(*made);
  }
  const std::vector<PartitionPosition> start{from};
  const std::vector<TopicPartition> partition{from.partition};
  MILLSTREAM_TRY(consumer_->assign(start));
  auto newest = read(task, from.partition, end);
  consumer_->unassign(partition);
  if (!newest) consumer_.reset();  // it may be the reason
  return newest;
}

Result<std::optional<CommitMark>> CommitsReader::read(TaskId task, const TopicPartition& partition,
                                                      Offset end) {
  std::optional<CommitMark> newest;
  while (consumer_->position(partition) < end) {
    auto batches = consumer_->poll(kBatch, Duration(100));
    if (!batches) return batches.error();
    for (const auto& batch : *batches) {
      for (const FetchedRecord& record : batch->records()) {
        if (record.key != task.to_string() || !record.value) continue;
        auto mark = CommitMark::parse(*record.value);
        if (!mark) return mark.error().within("commit record of task " + task.to_string());
        newest = std::move(*mark);
      }
    }
  }
  return newest;
}

}  // namespace millstream
