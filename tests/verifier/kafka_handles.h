#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// What the programs of this folder share: owners of librdkafka's objects. They use librdkafka and
// the standard library only, nothing of the framework, on purpose.
namespace verifier {

struct Free {
  void operator()(rd_kafka_t* p) const { rd_kafka_destroy(p); }
  void operator()(rd_kafka_topic_t* p) const { rd_kafka_topic_destroy(p); }
  void operator()(rd_kafka_queue_t* p) const { rd_kafka_queue_destroy(p); }
  void operator()(rd_kafka_event_t* p) const { rd_kafka_event_destroy(p); }
  void operator()(rd_kafka_error_t* p) const { rd_kafka_error_destroy(p); }
  void operator()(rd_kafka_message_t* p) const { rd_kafka_message_destroy(p); }
  void operator()(rd_kafka_NewTopic_t* p) const { rd_kafka_NewTopic_destroy(p); }
  void operator()(const rd_kafka_metadata_t* p) const { rd_kafka_metadata_destroy(p); }
  void operator()(rd_kafka_topic_partition_list_t* p) const {
    rd_kafka_topic_partition_list_destroy(p);
  }
};
template <class T>
using Owner = std::unique_ptr<T, Free>;
using Handle = Owner<rd_kafka_t>;
using Error = Owner<rd_kafka_error_t>;
using Settings = std::vector<std::pair<std::string, std::string>>;

[[noreturn]] inline void fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

inline Handle open(rd_kafka_type_t type, const Settings& settings) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "log_level", "2", nullptr, 0);  // outages are expected here
  char error[256];
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof error) !=
        RD_KAFKA_CONF_OK) {
      fail(error);
    }
  }
  Handle handle(rd_kafka_new(type, conf, error, sizeof error));
  if (!handle) fail(error);
  return handle;
}

/// The partitions of a topic; ends the program where there is no such topic.
inline int count_partitions(rd_kafka_t* handle, const std::string& topic) {
  const Owner<rd_kafka_topic_t> named(rd_kafka_topic_new(handle, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  const auto error = rd_kafka_metadata(handle, 0, named.get(), &raw, 30'000);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(error));
  const Owner<const rd_kafka_metadata_t> metadata(raw);
  const int count = raw->topic_cnt == 1 ? raw->topics[0].partition_cnt : 0;
  if (count == 0) fail("no topic " + topic);
  return count;
}

}  // namespace verifier
