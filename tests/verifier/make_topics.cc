// make_topics BOOTSTRAP PARTITIONS TOPIC...: makes the topics, and waits until each has its
// leaders.

#include <chrono>
#include <thread>

#include "kafka_handles.h"

namespace {

using verifier::fail;
using verifier::Owner;

bool has_leaders(rd_kafka_t* handle, const std::string& topic, int partitions) {
  const Owner<rd_kafka_topic_t> named(rd_kafka_topic_new(handle, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  if (rd_kafka_metadata(handle, 0, named.get(), &raw, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return false;
  }
  const Owner<const rd_kafka_metadata_t> metadata(raw);
  if (raw->topic_cnt != 1 || raw->topics[0].partition_cnt != partitions) return false;
  for (int p = 0; p < partitions; ++p) {
    if (raw->topics[0].partitions[p].leader < 0) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) fail("usage: make_topics BOOTSTRAP PARTITIONS TOPIC...");
  const int partitions = std::atoi(argv[2]);
  const auto handle = verifier::open(RD_KAFKA_PRODUCER, {{"bootstrap.servers", argv[1]}});
  std::vector<Owner<rd_kafka_NewTopic_t>> owners;
  std::vector<rd_kafka_NewTopic_t*> topics;
  char error[256];
  for (int i = 3; i < argc; ++i) {
    owners.emplace_back(rd_kafka_NewTopic_new(argv[i], partitions, -1, error, sizeof error));
    if (!owners.back()) fail(error);
    topics.push_back(owners.back().get());
  }
  {
    const Owner<rd_kafka_queue_t> queue(rd_kafka_queue_new(handle.get()));
    rd_kafka_CreateTopics(handle.get(), topics.data(), topics.size(), nullptr, queue.get());
    const Owner<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), 60'000));
    if (!event) fail("make_topics: no answer");
    if (rd_kafka_event_error(event.get()) != 0) fail(rd_kafka_event_error_string(event.get()));
  }
  for (int i = 3; i < argc; ++i) {
    for (int tries = 0; !has_leaders(handle.get(), argv[i], partitions); ++tries) {
      if (tries > 600) fail(std::string("make_topics: no leaders of ") + argv[i]);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  return 0;
}
