#include "kafka_admin.h"

#include <array>
#include <thread>

#include "partition_list.h"
#include "timeout.h"

namespace millstream::kafka {

namespace {

constexpr Duration kRequestTimeout{30'000};
/// How long to wait for made topics to show in the metadata.
constexpr Duration kTopicPatience{15'000};
constexpr Duration kRetryWait{20};

using NewTopicPtr = std::unique_ptr<rd_kafka_NewTopic_t, Destroyer<rd_kafka_NewTopic_destroy>>;
using DeleteTopicPtr =
    std::unique_ptr<rd_kafka_DeleteTopic_t, Destroyer<rd_kafka_DeleteTopic_destroy>>;
using ResourcePtr =
    std::unique_ptr<rd_kafka_ConfigResource_t, Destroyer<rd_kafka_ConfigResource_destroy>>;

/// The objects as librdkafka takes them: an array of pointers.
template <class Ptr>
auto raw(const std::vector<Ptr>& owners) {
  std::vector<typename Ptr::pointer> pointers;
  pointers.reserve(owners.size());
  for (const Ptr& owner : owners) pointers.push_back(owner.get());
  return pointers;
}

Result<NewTopicPtr> specification_of(const NewTopic& topic) {
  std::array<char, 512> text{};
  NewTopicPtr made(rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions,
                                         topic.replication_factor, text.data(), text.size()));
  if (made == nullptr) return Error::user("create topic " + topic.name + ": " + text.data());
  for (const auto& [name, value] : topic.config) {
    rd_kafka_NewTopic_set_config(made.get(), name.c_str(), value.c_str());
  }
  return made;
}

/// The first topic's result that is neither good nor `tolerated`.
Status check(const Cluster& cluster, std::string_view what,
             std::span<const rd_kafka_topic_result_t*> results, rd_kafka_resp_err_t tolerated) {
  for (const rd_kafka_topic_result_t* result : results) {
    const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(result);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == tolerated) continue;
    const char* detail = rd_kafka_topic_result_error_string(result);
    return cluster.error(std::string(what) + " " + rd_kafka_topic_result_name(result), code,
                         detail == nullptr ? "" : detail);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Admin>> KafkaAdmin::open(const Settings& settings, Cluster& cluster) {
  auto admin = std::make_unique<KafkaAdmin>(settings, cluster);
  auto client = admin->make_reader(Isolation::kReadUncommitted);
  if (!client) return client.error();
  admin->client_ = std::move(*client);
  admin->group_client_ = admin->client_;
  return std::unique_ptr<Admin>(std::move(admin));
}

Result<ClientPtr> KafkaAdmin::make_reader(Isolation isolation) {
  const bool committed = isolation == Isolation::kReadCommitted;
  // The group never comes to be. Without one librdkafka 2.0.2 follows a null pointer when a group's
  // coordinator answers that it is none any more (to OffsetFetch).
  auto conf =
      settings_.conf(Role::kAdmin, {},
                     {{"client.id", "millstream-admin"},
                      {"group.id", "millstream-data"},
                      {"enable.auto.commit", "false"},
                      {"isolation.level", committed ? "read_committed" : "read_uncommitted"}});
  if (!conf) return conf.error();
  return make_client(RD_KAFKA_CONSUMER, std::move(*conf), *this);
}

Result<rd_kafka_t*> KafkaAdmin::reader(Isolation isolation) {
  if (isolation == Isolation::kReadUncommitted) return client_.get();
  const std::scoped_lock lock(mutex_);
  if (committed_reader_ == nullptr) {
    auto made = make_reader(isolation);
    if (!made) return made.error();
    committed_reader_ = std::move(*made);
  }
  return committed_reader_.get();
}

EventPtr KafkaAdmin::send(rd_kafka_t* client, rd_kafka_admin_op_t operation, const Send& send) {
  const AdminOptionsPtr options(rd_kafka_AdminOptions_new(client, operation));
  std::array<char, 512> text{};
  const int timeout = timeout_ms(kRequestTimeout);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout, text.data(), text.size());
  if (operation == RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS) {
    const ErrorPtr error(rd_kafka_AdminOptions_set_require_stable_offsets(options.get(), 1));
  }
  const QueuePtr queue(rd_kafka_queue_new(client));
  send(client, options.get(), queue.get());
  return EventPtr(rd_kafka_queue_poll(queue.get(), timeout + 1'000));
}

Result<EventPtr> KafkaAdmin::request(std::string_view what, rd_kafka_admin_op_t operation,
                                     const Send& send) {
  EventPtr event = this->send(client_.get(), operation, send);
  if (event == nullptr) return cluster().error(what, RD_KAFKA_RESP_ERR__TIMED_OUT);
  if (const auto code = rd_kafka_event_error(event.get()); code != 0) {
    return cluster().error(what, code, rd_kafka_event_error_string(event.get()));
  }
  return event;
}

Status KafkaAdmin::create_topics(std::span<const NewTopic> topics) {
  if (topics.empty()) return {};
  std::vector<NewTopicPtr> specifications;
  std::vector<std::string> names;
  for (const NewTopic& topic : topics) {
    auto made = specification_of(topic);
    if (!made) return made.error();
    specifications.push_back(std::move(*made));
    names.push_back(topic.name);
  }
  auto event =
      request("create topics", RD_KAFKA_ADMIN_OP_CREATETOPICS, [&](auto* client, auto* o, auto* q) {
        rd_kafka_CreateTopics(client, raw(specifications).data(), specifications.size(), o, q);
      });
  if (!event) return event.error();
  std::size_t count = 0;
  const auto** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  MILLSTREAM_TRY(
      check(cluster(), "create topic", {results, count}, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS));
  const Deadline deadline(cluster().clock(), kTopicPatience);
  while (true) {  // the brokers' metadata lags behind the controller
    auto counts = partition_counts(names);
    if (counts && counts->size() == names.size()) return {};
    if (deadline.passed()) return cluster().error("create topics", RD_KAFKA_RESP_ERR__TIMED_OUT);
    std::this_thread::sleep_for(kRetryWait);
  }
}

Status KafkaAdmin::delete_topics(std::span<const std::string> topics) {
  if (topics.empty()) return {};
  std::vector<DeleteTopicPtr> named;
  for (const std::string& topic : topics) {
    named.emplace_back(rd_kafka_DeleteTopic_new(topic.c_str()));
  }
  auto event =
      request("delete topics", RD_KAFKA_ADMIN_OP_DELETETOPICS, [&](auto* client, auto* o, auto* q) {
        rd_kafka_DeleteTopics(client, raw(named).data(), named.size(), o, q);
      });
  if (!event) return event.error();
  std::size_t count = 0;
  const auto** results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event->get()), &count);
  return check(cluster(), "delete topic", {results, count},
               RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

Result<std::map<std::string, PartitionId>> KafkaAdmin::all_topics() {
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(client_.get(), 1, nullptr, &metadata, timeout_ms(kRequestTimeout));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return cluster().error("list topics", code);
  const MetadataPtr owner(metadata);
  std::map<std::string, PartitionId> counts;
  for (const auto& topic :
       std::span(metadata->topics, static_cast<std::size_t>(metadata->topic_cnt))) {
    if (topic.err == RD_KAFKA_RESP_ERR_NO_ERROR && topic.partition_cnt > 0) {
      counts.emplace(topic.topic, topic.partition_cnt);
    }
  }
  return counts;
}

Result<std::map<std::string, PartitionId>> KafkaAdmin::partition_counts(
    std::span<const std::string> topics) {
  const auto all = all_topics();
  if (!all) return all.error();
  std::map<std::string, PartitionId> counts;
  for (const std::string& topic : topics) {
    if (const auto it = all->find(topic); it != all->end()) counts.insert(*it);
  }
  return counts;
}

Result<std::vector<std::string>> KafkaAdmin::list_topics() {
  const auto all = all_topics();
  if (!all) return all.error();
  std::vector<std::string> names;
  for (const auto& [name, partitions] : *all) names.push_back(name);
  return names;
}

Result<std::map<std::string, std::string>> KafkaAdmin::topic_config(const std::string& topic) {
  const std::string what = "read the settings of topic " + topic;
  const ResourcePtr resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  auto event =
      request(what, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, [&](auto* client, auto* o, auto* q) {
        auto* named = resource.get();
        rd_kafka_DescribeConfigs(client, &named, 1, o, q);
      });
  if (!event) return event.error();
  std::size_t count = 0;
  const auto** found = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  if (count == 0) return cluster().error(what, RD_KAFKA_RESP_ERR_UNKNOWN);
  if (const auto code = rd_kafka_ConfigResource_error(found[0]); code != 0) {
    return cluster().error(what, code, rd_kafka_ConfigResource_error_string(found[0]));
  }
  std::map<std::string, std::string> settings;
  const auto** entries = rd_kafka_ConfigResource_configs(found[0], &count);
  for (const auto* entry : std::span(entries, count)) {
    const char* value = rd_kafka_ConfigEntry_value(entry);
    settings.emplace(rd_kafka_ConfigEntry_name(entry), value == nullptr ? "" : value);
  }
  return settings;
}

}  // namespace millstream::kafka
