#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// librdkafka's handles as the loops need them; every failure ends the program.

namespace ceiling {

/// Ends the program with `message`.
[[noreturn]] void fail(const std::string& message);

struct HandleDeleter {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(rd_kafka_consumer_group_metadata_t* metadata) const {
    rd_kafka_consumer_group_metadata_destroy(metadata);
  }
};
using Handle = std::unique_ptr<rd_kafka_t, HandleDeleter>;
using Queue = std::unique_ptr<rd_kafka_queue_t, HandleDeleter>;
using Message = std::unique_ptr<rd_kafka_message_t, HandleDeleter>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t, HandleDeleter>;

using Settings = std::map<std::string, std::string>;
Handle make_handle(rd_kafka_type_t type, const Settings& settings);

/// What a run is told; see the head of the harness's run.sh.
struct Options {
  std::string workload, guarantee, bootstrap, app_id, input, input2, table, output, state_dir;
  int commit_ms = 100;
  std::size_t cache_bytes = 10 << 20;  // Kafka Streams' default
  bool exactly_once() const { return guarantee == "eos"; }
};

/// A record as it was read. The bytes live as long as the message.
struct Input {
  std::string_view topic;
  int partition = 0;
  std::int64_t timestamp = 0;
  std::string_view key;
  std::string_view value;
};
Input input_of(const rd_kafka_message_t& message);

/// A (transactional) producer and the offsets that go with its records.
class Output {
 public:
  explicit Output(const Options& options);
  /// `partition` -1: by the key, as Java does. A null `value` (data() == nullptr) is a tombstone.
  void send(const std::string& topic, int partition, std::string_view key, std::string_view value,
            std::int64_t timestamp);
  void consumed(const rd_kafka_message_t& message);
  bool anything_consumed() const { return !offsets_.empty(); }
  void begin();
  void commit(rd_kafka_t* consumer);
  rd_kafka_t* handle() const { return producer_.get(); }

 private:
  bool exactly_once_;
  bool open_ = false;
  Handle producer_;
  std::map<std::pair<std::string, int>, std::int64_t> offsets_;
};

/// Makes a compacted topic with as many partitions as `like` has, unless it is there. Returns the
/// number.
int make_changelog(rd_kafka_t* handle, const std::string& name, const std::string& like);

/// Reads what is committed in a topic from its beginning to its present end.
std::int64_t read_topic(const std::string& bootstrap, const std::string& topic,
                        const std::function<void(const Input&)>& each);

std::uint64_t big_endian(std::string_view bytes, std::size_t at);
double amount_of(std::string_view value);
void append_big_endian(std::string& out, std::uint64_t value);
void append_double(std::string& out, double value);

}  // namespace ceiling
