#include "kafka_consumer.h"

#include <millstream/core/assert.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "partition_list.h"
#include "timeout.h"

namespace millstream::kafka {

namespace {

/// Eight times what a record of 100 bytes was measured to take in librdkafka's queue: fetches in
/// flight arrive on top of a full queue, and what other partitions don't need yet is parked.
constexpr std::size_t kBytesPerMessage = 3'200;
constexpr std::size_t kMinMessages = 1'000;
constexpr std::size_t kMaxMessages = 1'000'000;
constexpr std::size_t kMinFetch = std::size_t{1} << 20U;
constexpr std::size_t kMaxFetch = std::size_t{50} << 20U;
/// A fetch brings partition after partition. The less of each, the less of the others must be
/// parked until a partition's turn comes.
constexpr std::size_t kPartitionFetches = 128;
constexpr std::size_t kMinPartitionFetch = std::size_t{64} << 10U;
constexpr std::size_t kMaxPartitionFetch = std::size_t{1} << 20U;
constexpr std::size_t kMinShare = 256;
// Of a partition's parked records, in a poll: where all of them went, as many would be fetched
// anew.
constexpr std::size_t kMostReleased = 1'000;
constexpr Duration kSeekPatience{10'000};
constexpr Duration kSeekWait{1'000};
constexpr int kMostLateSeeks = 3;

std::size_t messages_within(std::size_t budget) {
  return std::clamp(budget / kBytesPerMessage, kMinMessages, kMaxMessages);
}

SettingList defaults_for(const ConsumerOptions& options) {
  const std::size_t fetch = std::clamp(options.fetch_budget / 2, kMinFetch, kMaxFetch);
  return {{"queued.min.messages", std::to_string(messages_within(options.fetch_budget))},
          {"queued.max.messages.kbytes",
           std::to_string(std::max(options.fetch_budget, kMinFetch) >> 10U)},
          {"fetch.max.bytes", std::to_string(fetch)},
          {"max.partition.fetch.bytes",
           std::to_string(std::clamp(options.fetch_budget / kPartitionFetches, kMinPartitionFetch,
                                     kMaxPartitionFetch))},
          {"fetch.wait.max.ms", "10"},
          // A partition assigned before its leader was known waits for the next refresh.
          {"topic.metadata.refresh.interval.ms", "1000"},
          {"fetch.error.backoff.ms", "100"}};
}

SettingList own_for(const ConsumerOptions& options) {
  const bool committed = options.isolation == Isolation::kReadCommitted;
  return {{"client.id", options.client_id.empty() ? "millstream" : options.client_id},
          {"group.id", "millstream-data"},  // librdkafka wants one; the group never comes to be
          {"isolation.level", committed ? "read_committed" : "read_uncommitted"},
          {"enable.auto.commit", "false"},
          {"enable.auto.offset.store", "false"},
          {"enable.partition.eof", "true"},
          {"auto.offset.reset", "error"}};
}

/// Faults that pass, or that librdkafka tries to mend for as long as it takes.
bool ends_the_consumer(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR__FATAL:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<std::unique_ptr<Consumer>> KafkaConsumer::open(const Settings& settings, Cluster& cluster,
                                                      const CoordinationTopic& coordination,
                                                      const ConsumerOptions& options) {
  auto consumer = std::make_unique<KafkaConsumer>(cluster, messages_within(options.fetch_budget));
  MILLSTREAM_TRY(consumer->start(settings, coordination, options));
  return std::unique_ptr<Consumer>(std::move(consumer));
}

Status KafkaConsumer::start(const Settings& settings, const CoordinationTopic& coordination,
                            const ConsumerOptions& options) {
  auto conf = settings.conf(Role::kConsumer, defaults_for(options), own_for(options));
  if (!conf) return conf.error();
  auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf), *this);
  if (!client) return client.error();
  client_ = std::move(*client);
  queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
  idle_ = std::make_unique<IdlePartitions>(*client_, coordination);
  return {};
}

Status KafkaConsumer::assign(std::span<const PartitionPosition> partitions) {
  if (partitions.empty()) return {};
  learn_leaders(partitions);
  const PartitionListPtr list = list_of(partitions);
  idle_->extend(*list);
  const ErrorPtr error(rd_kafka_incremental_assign(client_.get(), list.get()));
  if (error != nullptr) {
    return cluster().error("assign " + partitions.front().partition.to_string(),
                           rd_kafka_error_code(error.get()), rd_kafka_error_string(error.get()));
  }
  for (const auto& [partition, offset] : partitions) {
    MILLSTREAM_ASSERT(to_int(offset) >= 0, "a partition is assigned at an offset of its log");
    assigned_[partition] = Fetching{.next = to_int(offset)};
  }
  return {};
}

/// A partition that is assigned before its leader is known isn't fetched until the topics' next
/// periodic refresh, up to a second later. So ask at once, once a topic.
void KafkaConsumer::learn_leaders(std::span<const PartitionPosition> partitions) {
  std::set<std::string> fresh;
  for (const auto& [partition, offset] : partitions) {
    if (known_topics_.insert(partition.topic).second) fresh.insert(partition.topic);
  }
  if (!fresh.empty()) refresh_leaders(client_.get(), fresh);
}

void KafkaConsumer::unassign(std::span<const TopicPartition> partitions) {
  const PartitionListPtr list = make_list(partitions.size());
  for (const TopicPartition& partition : partitions) {
    const auto it = assigned_.find(partition);
    if (it == assigned_.end()) continue;
    if (it->second.stopped) set_stopped(*it, false);
    parked_ -= it->second.parked.size();
    assigned_.erase(it);
    add(*list, partition, RD_KAFKA_OFFSET_INVALID);
  }
  if (list->cnt == 0) return;
  const ErrorPtr error(rd_kafka_incremental_unassign(client_.get(), list.get()));
  if (error == nullptr) return;
  cluster().logger().warning("unassign failed", {{"reason", rd_kafka_error_string(error.get())}});
}

Status KafkaConsumer::seek(const PartitionPosition& position) {
  const auto it = assigned_.find(position.partition);
  MILLSTREAM_ASSERT(it != assigned_.end(), "seek needs an assigned partition");
  if (it->second.stopped) set_stopped(*it, false);
  parked_ -= it->second.parked.size();
  it->second.parked.clear();
  it->second.next = to_int(position.offset);
  const PartitionListPtr list = list_of(std::span(&position, 1));
  const Deadline deadline(cluster().clock(), kSeekPatience);
  int late = 0;   // a process that was stopped in the meantime isn't out of patience yet
  while (true) {  // a partition that was only just assigned can't be sought yet
    const int wait = timeout_ms(std::max(deadline.remaining(), kSeekWait));
    const ErrorPtr error(rd_kafka_seek_partitions(client_.get(), list.get(), wait));
    const rd_kafka_resp_err_t code =
        error != nullptr ? rd_kafka_error_code(error.get()) : list->elems[0].err;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    if (deadline.passed() && ++late > kMostLateSeeks) {
      return cluster().error("seek " + position.partition.to_string(), code);
    }
    std::this_thread::sleep_for(Duration(5));
  }
}

void KafkaConsumer::pause(const TopicPartition& partition) {
  const auto it = assigned_.find(partition);
  if (it != assigned_.end()) it->second.held = true;
}

void KafkaConsumer::resume(const TopicPartition& partition) {
  const auto it = assigned_.find(partition);
  if (it == assigned_.end() || !it->second.held) return;
  it->second.held = false;
  start_again(*it);
  any_released_ = any_released_ || !it->second.parked.empty();
}

Result<std::vector<std::unique_ptr<FetchedBatch>>> KafkaConsumer::poll(std::size_t max_records,
                                                                       Duration timeout) {
  Gathering gathering;
  release_parked(gathering, max_records);
  MILLSTREAM_TRY(fetch(gathering, max_records, gathering.records > 0 ? Duration(0) : timeout));
  stop_overfull(gathering);
  idle_->drain();
  std::vector<std::unique_ptr<FetchedBatch>> batches;
  batches.reserve(gathering.groups.size());
  for (Group& group : gathering.groups) {
    if (group.batch != nullptr) batches.push_back(std::move(group.batch));
  }
  return batches;
}

void KafkaConsumer::release_parked(Gathering& gathering, std::size_t max_records) {
  if (!any_released_) return;
  any_released_ = false;
  for (auto& partition : assigned_) {
    auto& [name, fetching] = partition;
    if (fetching.held || fetching.parked.empty()) continue;
    const std::size_t room = max_records - std::min(gathering.records, max_records);
    const std::size_t count = std::min({room, fetching.parked.size(), kMostReleased});
    any_released_ = any_released_ || count < fetching.parked.size();
    if (count == 0) continue;
    Group group{fetching.parked.front()->rkt, name.partition, &partition,
                std::make_unique<MessageBatch>(name)};
    for (std::size_t i = 0; i < count; ++i) {
      group.batch->add(std::move(fetching.parked.front()));
      fetching.parked.pop_front();
    }
    parked_ -= count;
    start_again(partition);
    gathering.records += count;
    gathering.groups.push_back(std::move(group));
  }
}

Status KafkaConsumer::fetch(Gathering& gathering, std::size_t max_records, Duration timeout) {
  // What would come for partitions that still have something parked would only be parked, too.
  if (gathering.records >= max_records || any_released_) return {};
  // The batch call would wait until it's full, so only the first message is waited for.
  MessagePtr first(rd_kafka_consume_queue(queue_.get(), timeout_ms(timeout)));
  if (first == nullptr) return {};
  Status status = take(std::move(first), gathering);
  const std::size_t room = max_records - std::min(gathering.records, max_records);
  if (buffer_.size() < room) buffer_.resize(room);
  const auto count = rd_kafka_consume_batch_queue(queue_.get(), 0, buffer_.data(), room);
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    Status taken = take(MessagePtr(buffer_[static_cast<std::size_t>(i)]), gathering);
    if (status && !taken) status = std::move(taken);
  }
  return status;
}

Status KafkaConsumer::take(MessagePtr message, Gathering& gathering) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return handle_event(*message);
  Group& group = group_of(*message, gathering);
  if (group.partition == nullptr) return {};
  Fetching& fetching = group.partition->second;
  if (message->offset < fetching.next) return {};
  fetching.next = message->offset + 1;
  if (fetching.held || !fetching.parked.empty()) {
    fetching.parked.push_back(std::move(message));
    ++parked_;
    return {};
  }
  if (group.batch == nullptr) group.batch = std::make_unique<MessageBatch>(group.partition->first);
  group.batch->add(std::move(message));
  ++gathering.records;
  return {};
}

KafkaConsumer::Group& KafkaConsumer::group_of(const rd_kafka_message_t& message,
                                              Gathering& gathering) {
  auto& groups = gathering.groups;
  const auto is_its = [&](const Group& group) {
    return group.topic == message.rkt && group.number == message.partition;
  };
  if (gathering.last < groups.size() && is_its(groups[gathering.last])) {
    return groups[gathering.last];
  }
  const auto it = std::find_if(groups.begin(), groups.end(), is_its);
  gathering.last = static_cast<std::size_t>(it - groups.begin());
  if (it != groups.end()) return *it;
  const auto found = assigned_.find({rd_kafka_topic_name(message.rkt), message.partition});
  auto* partition = found == assigned_.end() ? nullptr : &*found;
  return groups.emplace_back(Group{message.rkt, message.partition, partition, nullptr});
}

Status KafkaConsumer::handle_event(const rd_kafka_message_t& message) {
  const std::string topic = message.rkt == nullptr ? "" : rd_kafka_topic_name(message.rkt);
  const TopicPartition partition{topic, message.partition};
  const auto it = assigned_.find(partition);
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    if (it != assigned_.end()) it->second.next = std::max(it->second.next, message.offset);
    return {};
  }
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) return out_of_range(partition, message);
  if (ends_the_consumer(message.err)) {
    return cluster().error("fetch " + partition.to_string(), message.err,
                           rd_kafka_message_errstr(&message));
  }
  cluster().logger().debug("fetch", {{"partition", partition.to_string()},
                                     {"reason", rd_kafka_message_errstr(&message)}});
  return {};
}

Error KafkaConsumer::out_of_range(const TopicPartition& partition,
                                  const rd_kafka_message_t& message) const {
  const auto it = assigned_.find(partition);
  const std::int64_t offset = it == assigned_.end() ? message.offset : it->second.next;
  return Error::machine("fetch " + partition.to_string() + " at offset " + std::to_string(offset) +
                        ": " + rd_kafka_message_errstr(&message) +
                        "; its records are gone (retention, or the topic was made anew): reset the "
                        "application's offsets for this topic, or restore it from a backup");
}

std::size_t KafkaConsumer::share() const {
  return std::max(max_messages_ / std::max<std::size_t>(assigned_.size(), 1), kMinShare);
}

/// What librdkafka has fetched ahead of a partition that is stopped is dropped and fetched again,
/// and the others get ahead meanwhile: so it isn't done for what a few turns will use up.
void KafkaConsumer::stop_overfull(Gathering& gathering) {
  if (parked_ < 2 * max_messages_) return;
  for (Group& group : gathering.groups) {
    if (group.partition == nullptr) continue;
    const Fetching& fetching = group.partition->second;
    if (!fetching.stopped && fetching.held && fetching.parked.size() >= share()) {
      set_stopped(*group.partition, true);
    }
  }
}

void KafkaConsumer::start_again(Assigned::value_type& partition) {
  if (partition.second.stopped && partition.second.parked.size() <= share() / 2) {
    set_stopped(partition, false);
  }
}

void KafkaConsumer::set_stopped(Assigned::value_type& partition, bool stopped) {
  const PartitionListPtr list = list_of(std::span(&partition.first, 1));
  const rd_kafka_resp_err_t code = stopped ? rd_kafka_pause_partitions(client_.get(), list.get())
                                           : rd_kafka_resume_partitions(client_.get(), list.get());
  partition.second.stopped = stopped;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  cluster().logger().warning(
      stopped ? "pause failed" : "resume failed",
      {{"partition", partition.first.to_string()}, {"reason", rd_kafka_err2str(code)}});
}

Offset KafkaConsumer::position(const TopicPartition& partition) const {
  const auto it = assigned_.find(partition);
  if (it == assigned_.end()) return Offset::kNone;
  const Fetching& fetching = it->second;
  return Offset{fetching.parked.empty() ? fetching.next : fetching.parked.front()->offset};
}

Offset KafkaConsumer::known_end(const TopicPartition& partition) const {
  std::int64_t low = 0;
  std::int64_t high = -1;
  const auto code = rd_kafka_get_watermark_offsets(client_.get(), partition.topic.c_str(),
                                                   partition.partition, &low, &high);
  return code != 0 || high < 0 ? Offset::kNone : Offset{high};
}

}  // namespace millstream::kafka
