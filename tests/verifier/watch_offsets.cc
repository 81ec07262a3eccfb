// watch_offsets BOOTSTRAP GROUP FILE MILLISECONDS TOPIC...: appends the group's committed offsets
// to FILE again and again, until it is told to stop (SIGTERM), and once more then; a line each:
// topic, partition, offset, separated by tabs; none is -1.

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "kafka_handles.h"

namespace {

using verifier::fail;
using verifier::Owner;

volatile std::sig_atomic_t stopped = 0;

bool sample(rd_kafka_t* handle, const rd_kafka_topic_partition_list_t& all, std::ofstream& file) {
  const Owner<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_copy(&all));
  if (rd_kafka_committed(handle, list.get(), 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& element = list->elems[i];
    if (element.err != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
    file << element.topic << '\t' << element.partition << '\t'
         << (element.offset < 0 ? -1 : element.offset) << '\n';
  }
  file.flush();
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) fail("usage: watch_offsets BOOTSTRAP GROUP FILE MILLISECONDS TOPIC...");
  std::signal(SIGTERM, [](int) { stopped = 1; });
  const auto handle = verifier::open(
      RD_KAFKA_CONSUMER,
      {{"bootstrap.servers", argv[1]}, {"group.id", argv[2]}, {"enable.auto.commit", "false"}});
  const Owner<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(0));
  for (int i = 5; i < argc; ++i) {
    const int count = verifier::count_partitions(handle.get(), argv[i]);
    for (int p = 0; p < count; ++p) rd_kafka_topic_partition_list_add(list.get(), argv[i], p);
  }
  std::ofstream file(argv[3]);
  const std::chrono::milliseconds pause(std::atoi(argv[4]));
  while (stopped == 0) {
    sample(handle.get(), *list, file);
    for (auto waited = std::chrono::milliseconds(0); waited < pause && stopped == 0;
         waited += std::chrono::milliseconds(20)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  for (int tries = 0; !sample(handle.get(), *list, file); ++tries) {
    if (tries > 20) fail("watch_offsets: the last sample failed");
  }
  return 0;
}
