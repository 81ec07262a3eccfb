#pragma once

#include <millstream/runtime/record_collector.h>
#include <millstream/testing/test_record.h>

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace millstream {

/// Keeps what a task writes: for tests to read, and to be piped back into the topology.
class TestCollector final : public RecordCollector {
 public:
  Status send(const OutgoingRecord& record) override;
  [[nodiscard]] PartitionId partition_count(std::string_view) override { return 1; }

  /// What was written since the last commit is there to be read.
  void commit();
  /// Forget what was written since the last commit.
  void abort() { uncommitted_.clear(); }
  /// What was committed since the last call, in order.
  [[nodiscard]] std::vector<RawTestRecord> take_new();
  [[nodiscard]] std::deque<RawTestRecord>* find(std::string_view topic);
  [[nodiscard]] const std::map<std::string, std::deque<RawTestRecord>, std::less<>>& topics()
      const {
    return topics_;
  }

 private:
  std::map<std::string, std::deque<RawTestRecord>, std::less<>> topics_;
  std::vector<RawTestRecord> uncommitted_;
  std::vector<RawTestRecord> new_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace millstream
