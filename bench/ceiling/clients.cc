#include "clients.h"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/endian/conversion.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace ceiling {

namespace {

void check(rd_kafka_error_t* error) {
  if (error != nullptr) fail(rd_kafka_error_string(error));
}

void check(rd_kafka_resp_err_t error) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(error));
}

int partitions_of(rd_kafka_t* handle, const std::string& topic) {
  constexpr int kTries = 50;
  constexpr int kTimeoutMs = 5000;
  rd_kafka_topic_t* asked = rd_kafka_topic_new(handle, topic.c_str(), nullptr);
  int count = 0;
  for (int i = 0; i < kTries && count == 0; ++i) {
    const rd_kafka_metadata_t* metadata = nullptr;
    check(rd_kafka_metadata(handle, 0, asked, &metadata, kTimeoutMs));
    count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
  }
  rd_kafka_topic_destroy(asked);
  if (count == 0) fail("no topic " + topic);
  return count;
}

}  // namespace

void fail(const std::string& message) {
  std::fprintf(stderr, "ceiling: %s\n", message.c_str());
  std::exit(1);
}

Handle make_handle(rd_kafka_type_t type, const Settings& settings) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> why{};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()) !=
        RD_KAFKA_CONF_OK) {
      fail(why.data());
    }
  }
  Handle handle(rd_kafka_new(type, conf, why.data(), why.size()));
  if (!handle) fail(why.data());
  return handle;
}

Input input_of(const rd_kafka_message_t& message) {
  Input input;
  input.topic = rd_kafka_topic_name(message.rkt);
  input.partition = message.partition;
  rd_kafka_timestamp_type_t type{};
  input.timestamp = rd_kafka_message_timestamp(&message, &type);
  input.key = {static_cast<const char*>(message.key), message.key_len};
  input.value = {static_cast<const char*>(message.payload), message.len};
  return input;
}

Output::Output(const Options& options) : exactly_once_(options.exactly_once()) {
  Settings settings{{"bootstrap.servers", options.bootstrap},
                    {"enable.idempotence", "true"},
                    {"partitioner", "murmur2_random"},
                    {"linger.ms", "20"},
                    {"batch.size", "1000000"},
                    {"batch.num.messages", "10000"},
                    {"queue.buffering.max.messages", "1000000"},
                    {"queue.buffering.max.kbytes", "1048576"}};
  if (exactly_once_) settings["transactional.id"] = options.app_id + "-1";
  producer_ = make_handle(RD_KAFKA_PRODUCER, settings);
  if (exactly_once_) check(rd_kafka_init_transactions(producer_.get(), 60'000));
}

void Output::send(const std::string& topic, int partition, std::string_view key,
                  std::string_view value, std::int64_t timestamp) {
  while (true) {
    // librdkafka copies the value; its interface is not const.
    const auto error = rd_kafka_producev(
        producer_.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_KEY(key.data(), key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
        RD_KAFKA_V_TIMESTAMP(timestamp), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) check(error);
    rd_kafka_poll(producer_.get(), 10);
  }
}

void Output::consumed(const rd_kafka_message_t& message) {
  offsets_[{rd_kafka_topic_name(message.rkt), message.partition}] = message.offset + 1;
}

void Output::begin() {
  if (!exactly_once_ || open_) return;
  check(rd_kafka_begin_transaction(producer_.get()));
  open_ = true;
}

void Output::commit(rd_kafka_t* consumer) {
  const Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets_.size())));
  for (const auto& [place, offset] : offsets_) {
    rd_kafka_topic_partition_list_add(list.get(), place.first.c_str(), place.second)->offset =
        offset;
  }
  if (exactly_once_) {
    const std::unique_ptr<rd_kafka_consumer_group_metadata_t, HandleDeleter> group(
        rd_kafka_consumer_group_metadata(consumer));
    check(rd_kafka_send_offsets_to_transaction(producer_.get(), list.get(), group.get(), -1));
    check(rd_kafka_commit_transaction(producer_.get(), -1));
    open_ = false;
  } else {
    check(rd_kafka_flush(producer_.get(), 60'000));
    check(rd_kafka_commit(consumer, list.get(), 0));
  }
  offsets_.clear();
}

int make_changelog(rd_kafka_t* handle, const std::string& name, const std::string& like) {
  const int count = partitions_of(handle, like);
  std::array<char, 512> why{};
  rd_kafka_NewTopic_t* topic =
      rd_kafka_NewTopic_new(name.c_str(), count, 1, why.data(), why.size());
  rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "compact,delete");
  const Queue answers(rd_kafka_queue_new(handle));
  rd_kafka_CreateTopics(handle, &topic, 1, nullptr, answers.get());
  rd_kafka_event_destroy(rd_kafka_queue_poll(answers.get(), 30'000));
  rd_kafka_NewTopic_destroy(topic);
  return partitions_of(handle, name);
}

std::int64_t read_topic(const std::string& bootstrap, const std::string& topic,
                        const std::function<void(const Input&)>& each) {
  const Handle consumer = make_handle(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap},
                                                          {"group.id", "ceiling-reader"},
                                                          {"enable.auto.commit", "false"},
                                                          {"enable.partition.eof", "true"},
                                                          {"isolation.level", "read_committed"},
                                                          {"queued.min.messages", "1000000"}});
  const int count = partitions_of(consumer.get(), topic);
  const Partitions list(rd_kafka_topic_partition_list_new(count));
  for (int i = 0; i < count; ++i) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), i)->offset = 0;
  }
  check(rd_kafka_assign(consumer.get(), list.get()));
  std::int64_t read = 0;
  for (int ended = 0; ended < count;) {
    const Message message(rd_kafka_consumer_poll(consumer.get(), 1000));
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ++ended;
    } else {
      check(message->err);
      each(input_of(*message));
      ++read;
    }
  }
  rd_kafka_consumer_close(consumer.get());
  return read;
}

std::uint64_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return boost::endian::big_to_native(value);
}

double amount_of(std::string_view value) { return std::bit_cast<double>(big_endian(value, 8)); }

void append_big_endian(std::string& out, std::uint64_t value) {
  boost::endian::native_to_big_inplace(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_double(std::string& out, double value) {
  append_big_endian(out, std::bit_cast<std::uint64_t>(value));
}

}  // namespace ceiling
