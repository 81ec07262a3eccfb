// read_committed BOOTSTRAP TOPIC [SECONDS]: prints every committed record of a topic up to the last
// stable offset, a line each: partition, offset, timestamp, key, value, separated by tabs; null is
// \N, tabs, line breaks and backslashes are escaped. Shares no code with the framework, on purpose.

#include <cinttypes>
#include <map>

#include "kafka_handles.h"

namespace {

using verifier::fail;
using verifier::Handle;
using verifier::Owner;

Handle open_reader(const char* bootstrap) {
  Handle handle = verifier::open(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap},
                                                     {"group.id", "verifier"},
                                                     {"isolation.level", "read_committed"},
                                                     {"enable.auto.commit", "false"},
                                                     {"enable.partition.eof", "true"},
                                                     {"auto.offset.reset", "earliest"}});
  rd_kafka_poll_set_consumer(handle.get());
  return handle;
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
  const Handle handle = open_reader(argv[1]);
  const int count = verifier::count_partitions(handle.get(), argv[2]);
  const Owner<rd_kafka_topic_partition_list_t> partitions(rd_kafka_topic_partition_list_new(count));
  for (int p = 0; p < count; ++p) {
    rd_kafka_topic_partition_list_add(partitions.get(), argv[2], p)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(handle.get(), partitions.get());
  std::map<int, bool> ended;
  for (int waited = 0; static_cast<int>(ended.size()) < count && waited < seconds * 10;) {
    const Owner<rd_kafka_message_t> message(rd_kafka_consumer_poll(handle.get(), 100));
    if (!message) {
      ++waited;
    } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ended[message->partition] = true;
    } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      print(*message);
    }
  }
  rd_kafka_consumer_close(handle.get());
  if (static_cast<int>(ended.size()) < count) fail("read_committed: the end was not reached");
  return 0;
}
