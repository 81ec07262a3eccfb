#pragma once

#include <millstream/core/config.h>
#include <millstream/core/log.h>
#include <millstream/core/time.h>
#include <millstream/transport/open_broker.h>

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/manual_clock.h"
#include "support/temp_dir.h"

namespace millstream::testing {

/// What a record was, without views.
struct ReadRecord {
  std::int64_t offset = 0;
  std::int64_t timestamp = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  Headers headers;
};

/// An embedded broker in a folder of its own, opened when the test says so.
class EmbeddedTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Broker>> try_open(const Config& more = {}) {
    Config config = more;
    config.set("bootstrap.servers", "embedded:" + directory());
    return open_broker(config, clock, logger);
  }
  void open(const Config& more = {}) {
    broker.reset();
    auto opened = try_open(more);
    ASSERT_TRUE(opened) << opened.error().message();
    broker = std::move(*opened);
  }
  [[nodiscard]] std::string directory() const { return dir.path() + "/log"; }

  void create(const std::string& name, PartitionId partitions,
              const std::map<std::string, std::string>& config = {}) {
    const NewTopic topic{name, partitions, config, -1};
    const Status created = broker->admin().create_topics({&topic, 1});
    ASSERT_TRUE(created) << created.error().message();
  }

  std::unique_ptr<Producer> producer(const std::string& transactional_id = {}) {
    ProducerOptions options;
    options.transactional_id = transactional_id;
    options.linger = Duration(1000);
    auto made = broker->make_producer(options);
    EXPECT_TRUE(made);
    if (!transactional_id.empty()) {
      EXPECT_TRUE((*made)->init_transactions());
    }
    return std::move(*made);
  }

  static ProducerStatus send(Producer& producer, const TopicPartition& to, std::string_view key,
                             std::optional<std::string_view> value) {
    return producer.produce({to.topic, to.partition, key, value, Timestamp(1), nullptr});
  }

  static ProducerStatus commit(Producer& producer, const std::string& group = {},
                               const OffsetsByPartition& offsets = {}, const Lease& lease = {}) {
    producer.submit_commit(group, offsets, lease);
    const auto result = producer.commit_result(Duration(1000));
    EXPECT_TRUE(result.has_value());
    return result.value_or(ProducerStatus{});
  }

  std::unique_ptr<Consumer> consumer(const TopicPartition& partition, std::int64_t from = 0) {
    auto made = broker->make_consumer({});
    EXPECT_TRUE(made);
    const PartitionPosition position{partition, Offset{from}};
    const Status assigned = (*made)->assign({&position, 1});
    EXPECT_TRUE(assigned) << assigned.error().message();
    return std::move(*made);
  }

  static std::vector<ReadRecord> drain(Consumer& from, std::size_t max_records = 1000) {
    std::vector<ReadRecord> out;
    for (;;) {
      auto batches = from.poll(max_records, Duration(0));
      EXPECT_TRUE(batches) << batches.error().message();
      if (!batches || batches->empty()) return out;
      for (const auto& batch : *batches) {
        for (std::size_t i = 0; i < batch->records().size(); ++i) {
          const FetchedRecord& r = batch->records()[i];
          out.push_back(
              {to_int(r.offset), r.timestamp.ms(), text(r.key), text(r.value), batch->headers(i)});
        }
      }
    }
  }

  /// All that is in a partition from an offset on.
  std::vector<ReadRecord> read_all(const TopicPartition& partition, std::int64_t from = 0) {
    return drain(*consumer(partition, from));
  }
  std::vector<std::string> values(const TopicPartition& partition) {
    std::vector<std::string> out;
    for (const ReadRecord& record : read_all(partition)) {
      out.push_back(record.value.value_or("null"));
    }
    return out;
  }
  Offset end(const TopicPartition& partition) {
    const auto ends = broker->admin().end_offsets({&partition, 1}, Isolation::kReadCommitted);
    return ends ? ends->at(partition) : Offset::kNone;
  }
  Offset beginning(const TopicPartition& partition) {
    const auto starts = broker->admin().beginning_offsets({&partition, 1});
    return starts ? starts->at(partition) : Offset::kNone;
  }

  static std::optional<std::string> text(const std::optional<std::string_view>& bytes) {
    return bytes ? std::optional<std::string>(std::string(*bytes)) : std::nullopt;
  }

  TempDir dir;
  ManualClock clock;
  NullLogger logger;
  std::unique_ptr<Broker> broker;
};

}  // namespace millstream::testing
