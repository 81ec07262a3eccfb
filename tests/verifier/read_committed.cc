// read_committed BOOTSTRAP TOPIC [SECONDS]: prints every committed record of a topic up to the last
// stable offset, a line each: partition, offset, timestamp, key, value, separated by tabs; null is
// \N, tabs, line breaks and backslashes are escaped. Shares no code with the framework, on purpose.

#include <librdkafka/rdkafka.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

namespace {

struct Free {
  void operator()(rd_kafka_t* p) const { rd_kafka_destroy(p); }
  void operator()(rd_kafka_topic_partition_list_t* p) const {
    rd_kafka_topic_partition_list_destroy(p);
  }
  void operator()(rd_kafka_message_t* p) const { rd_kafka_message_destroy(p); }
  void operator()(const rd_kafka_metadata_t* p) const { rd_kafka_metadata_destroy(p); }
};
using Handle = std::unique_ptr<rd_kafka_t, Free>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t, Free>;
using Message = std::unique_ptr<rd_kafka_message_t, Free>;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "read_committed: %s\n", why.c_str());
  std::exit(1);
}

void set(rd_kafka_conf_t* conf, const char* name, const char* value) {
  char error[256];
  if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) fail(error);
}

Handle open(const char* bootstrap) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", bootstrap);
  set(conf, "group.id", "verifier");
  set(conf, "isolation.level", "read_committed");
  set(conf, "enable.auto.commit", "false");
  set(conf, "enable.partition.eof", "true");
  set(conf, "auto.offset.reset", "earliest");
  char error[256];
  Handle handle(rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error));
  if (!handle) fail(error);
  rd_kafka_poll_set_consumer(handle.get());
  return handle;
}

int count_partitions(rd_kafka_t* handle, const char* topic) {
  const rd_kafka_metadata_t* raw = nullptr;
  std::unique_ptr<rd_kafka_topic_t, void (*)(rd_kafka_topic_t*)> handle_topic(
      rd_kafka_topic_new(handle, topic, nullptr), rd_kafka_topic_destroy);
  const auto error = rd_kafka_metadata(handle, 0, handle_topic.get(), &raw, 10'000);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(error));
  const std::unique_ptr<const rd_kafka_metadata_t, Free> metadata(raw);
  const int count = raw->topic_cnt == 1 ? raw->topics[0].partition_cnt : 0;
  if (count == 0) fail(std::string("no topic ") + topic);
  return count;
}

std::string escaped(const void* bytes, std::size_t size) {
  if (bytes == nullptr) return "\\N";
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    const char c = static_cast<const char*>(bytes)[i];
    switch (c) {
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void print(const rd_kafka_message_t& m) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  std::printf("%" PRId32 "\t%" PRId64 "\t%" PRId64 "\t%s\t%s\n", m.partition, m.offset,
              rd_kafka_message_timestamp(&m, &type), escaped(m.key, m.key_len).c_str(),
              escaped(m.payload, m.len).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) fail("usage: read_committed BOOTSTRAP TOPIC [SECONDS]");
  const int seconds = argc == 4 ? std::atoi(argv[3]) : 30;
  const Handle handle = open(argv[1]);
  const int count = count_partitions(handle.get(), argv[2]);
  const Partitions partitions(rd_kafka_topic_partition_list_new(count));
  for (int p = 0; p < count; ++p) {
    rd_kafka_topic_partition_list_add(partitions.get(), argv[2], p)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(handle.get(), partitions.get());
  std::map<int, bool> ended;
  for (int waited = 0; static_cast<int>(ended.size()) < count && waited < seconds * 10;) {
    const Message message(rd_kafka_consumer_poll(handle.get(), 100));
    if (!message) {
      ++waited;
    } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ended[message->partition] = true;
    } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      print(*message);
    }
  }
  rd_kafka_consumer_close(handle.get());
  if (static_cast<int>(ended.size()) < count) fail("the end was not reached in time");
  return 0;
}
