#include "test_collector.h"

#include <utility>

namespace millstream {

Status TestCollector::send(const OutgoingRecord& record) {
  RawTestRecord kept;
  kept.topic = record.topic;
  kept.partition = record.partition;
  if (record.key) kept.key = std::string(*record.key);
  if (record.value) kept.value = std::string(*record.value);
  kept.timestamp = record.timestamp;
  if (record.headers != nullptr) kept.headers = *record.headers;
  uncommitted_.push_back(std::move(kept));
  return {};
}

void TestCollector::commit() {
  for (RawTestRecord& record : uncommitted_) {
    record.sequence = next_sequence_++;
    topics_[record.topic].push_back(record);
    new_.push_back(std::move(record));
  }
  uncommitted_.clear();
}

std::vector<RawTestRecord> TestCollector::take_new() { return std::exchange(new_, {}); }

std::deque<RawTestRecord>* TestCollector::find(std::string_view topic) {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? nullptr : &found->second;
}

}  // namespace millstream
