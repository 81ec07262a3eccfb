// KafkaAdmin's part about offsets: of logs and of groups.
#include <set>
#include <thread>

#include "kafka_admin.h"
#include "partition_list.h"
#include "timeout.h"

namespace millstream::kafka {

namespace {

constexpr Duration kLookUpTimeout{30'000};
/// An open transaction ends at the latest after its time-out (10 s) and the broker's round of
/// looking for such (10 s).
constexpr Duration kStablePatience{40'000};
constexpr Duration kRetryWait{50};
constexpr Duration kMovedWait{300};
/// A topic just made, or a broker just gone, has a leader again within this time.
constexpr Duration kLeaderPatience{10'000};

using ListOffsetsPtr = std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t,
                                       Destroyer<rd_kafka_ListConsumerGroupOffsets_destroy>>;
using AlterOffsetsPtr = std::unique_ptr<rd_kafka_AlterConsumerGroupOffsets_t,
                                        Destroyer<rd_kafka_AlterConsumerGroupOffsets_destroy>>;
using DeleteRecordsPtr =
    std::unique_ptr<rd_kafka_DeleteRecords_t, Destroyer<rd_kafka_DeleteRecords_destroy>>;

/// A group's answer: a fault of the whole, or of one partition, or none.
rd_kafka_resp_err_t fault_of(const rd_kafka_group_result_t& group) {
  if (const auto* error = rd_kafka_group_result_error(&group); error != nullptr) {
    return rd_kafka_error_code(error);
  }
  const auto* list = rd_kafka_group_result_partitions(&group);
  const auto* element = list == nullptr ? nullptr : first_error(*list);
  return element == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : element->err;
}

const rd_kafka_group_result_t& listed(const EventPtr& event) {
  std::size_t count = 0;
  return *rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count)[0];
}

const rd_kafka_group_result_t& altered(const EventPtr& event) {
  std::size_t count = 0;
  return *rd_kafka_AlterConsumerGroupOffsets_result_groups(
      rd_kafka_event_AlterConsumerGroupOffsets_result(event.get()), &count)[0];
}

bool may_pass(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT ||
         code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
         code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
         code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
}

std::set<std::string> topics_of(std::span<const TopicPartition> partitions) {
  std::set<std::string> topics;
  for (const TopicPartition& partition : partitions) topics.insert(partition.topic);
  return topics;
}

bool waits_for_leader(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
         code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
}

}  // namespace

/// rd_kafka_offsets_for_times passes its times on as they are, so -2 and -1 ask for the log's
/// beginning and end, all partitions in one request a leader.
Result<std::map<TopicPartition, Offset>> KafkaAdmin::look_up(
    std::string_view what, Isolation isolation, std::span<const TopicPartition> partitions,
    std::int64_t time) {
  std::map<TopicPartition, Offset> offsets;
  if (partitions.empty()) return offsets;
  const auto client = reader(isolation);
  if (!client) return client.error();
  const Deadline deadline(cluster().clock(), kLeaderPatience);
  PartitionListPtr list = list_of(partitions, time);
  while (true) {
    auto code = rd_kafka_offsets_for_times(*client, list.get(), timeout_ms(kLookUpTimeout));
    const auto* faulty = first_error(*list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && faulty != nullptr) code = faulty->err;
    if (waits_for_leader(code) && !deadline.passed()) {
      std::this_thread::sleep_for(kRetryWait);
      // librdkafka 2.0.2 would ask the same broker again for as long as its metadata lives.
      refresh_leaders(*client, topics_of(partitions));
      list = list_of(partitions, time);
      continue;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && faulty == nullptr) {
      return cluster().error(std::string(what) + " of " + partitions.front().to_string(), code);
    }
    break;
  }
  for (const auto& element : elements(*list)) {
    if (element.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return cluster().error(std::string(what) + " of " + partition_of(element).to_string(),
                             element.err);
    }
    offsets.emplace(partition_of(element),
                    element.offset < 0 ? Offset::kNone : Offset{element.offset});
  }
  return offsets;
}

Result<std::map<TopicPartition, Offset>> KafkaAdmin::beginning_offsets(
    std::span<const TopicPartition> partitions) {
  return look_up("beginning", Isolation::kReadUncommitted, partitions, RD_KAFKA_OFFSET_BEGINNING);
}

Result<std::map<TopicPartition, Offset>> KafkaAdmin::end_offsets(
    std::span<const TopicPartition> partitions, Isolation isolation) {
  return look_up("end", isolation, partitions, RD_KAFKA_OFFSET_END);
}

Result<std::map<TopicPartition, Offset>> KafkaAdmin::offsets_for_time(
    std::span<const TopicPartition> partitions, Timestamp time) {
  auto offsets = look_up("offset for a time", Isolation::kReadUncommitted, partitions,
                         std::max<std::int64_t>(time.ms(), 0));
  if (!offsets) return offsets;
  std::vector<TopicPartition> none;
  for (const auto& [partition, offset] : *offsets) {
    if (offset == Offset::kNone) none.push_back(partition);
  }
  const auto ends = end_offsets(none, Isolation::kReadUncommitted);
  if (!ends) return ends.error();
  for (const auto& [partition, end] : *ends) offsets->at(partition) = end;
  return offsets;
}

KafkaAdmin::SharedClient KafkaAdmin::group_client() {
  const std::scoped_lock lock(mutex_);
  return group_client_;
}

/// librdkafka 2.0.2 goes on asking the broker that was a group's coordinator once, as long as it is
/// asked. A new client knows none.
void KafkaAdmin::forget_coordinator(const SharedClient& client) {
  const std::scoped_lock lock(mutex_);
  if (group_client_ != client) return;
  auto made = make_reader(Isolation::kReadUncommitted);
  if (made) group_client_ = std::move(*made);
}

/// Ask until the coordinator is there and no open transaction is about to change the answer.
Result<KafkaAdmin::Answer> KafkaAdmin::ask_group(const std::string& what,
                                                 rd_kafka_admin_op_t operation, const Send& send,
                                                 GroupOf group_of) {
  const Deadline deadline(cluster().clock(), kStablePatience);
  while (true) {
    Answer answer{group_client(), nullptr};
    answer.event = this->send(answer.client.get(), operation, send);
    auto code = answer.event == nullptr ? RD_KAFKA_RESP_ERR__TIMED_OUT
                                        : rd_kafka_event_error(answer.event.get());
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = fault_of(group_of(answer.event));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return answer;
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || code == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP) {
      return cluster().error(what, code, "the group has members; stop the application first");
    }
    if (!may_pass(code) || deadline.passed()) return cluster().error(what, code);
    const bool moved = code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
    if (moved) forget_coordinator(answer.client);
    std::this_thread::sleep_for(moved ? kMovedWait : kRetryWait);
  }
}

Result<OffsetsByPartition> KafkaAdmin::committed_offsets(
    const std::string& group, std::span<const TopicPartition> partitions) {
  OffsetsByPartition offsets;
  if (partitions.empty()) return offsets;
  const PartitionListPtr list = list_of(partitions);
  const ListOffsetsPtr asked(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), list.get()));
  const auto send = [&](auto* client, auto* options, auto* queue) {
    auto* one = asked.get();
    rd_kafka_ListConsumerGroupOffsets(client, &one, 1, options, queue);
  };
  const auto answer = ask_group("committed offsets of group " + group,
                                RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, send, listed);
  if (!answer) return answer.error();
  for (const auto& element : elements(*rd_kafka_group_result_partitions(&listed(answer->event)))) {
    if (element.offset < 0) continue;
    offsets[partition_of(element)] = {Offset{element.offset}, metadata_of(element)};
  }
  return offsets;
}

Status KafkaAdmin::reset_offsets(const std::string& group, const OffsetsByPartition& offsets) {
  if (offsets.empty()) return {};
  const PartitionListPtr list = list_of(offsets);
  const AlterOffsetsPtr asked(rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), list.get()));
  const auto send = [&](auto* client, auto* options, auto* queue) {
    auto* one = asked.get();
    rd_kafka_AlterConsumerGroupOffsets(client, &one, 1, options, queue);
  };
  const auto answer = ask_group("reset offsets of group " + group,
                                RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, send, altered);
  return answer ? Status() : answer.error();
}

Status KafkaAdmin::delete_records(std::span<const PartitionPosition> before) {
  if (before.empty()) return {};
  const PartitionListPtr list = list_of(before);
  const DeleteRecordsPtr asked(rd_kafka_DeleteRecords_new(list.get()));
  auto event = request("delete records", RD_KAFKA_ADMIN_OP_DELETERECORDS,
                       [&](auto* client, auto* o, auto* q) {
                         auto* one = asked.get();
                         rd_kafka_DeleteRecords(client, &one, 1, o, q);
                       });
  if (!event) return event.error();
  const auto* result =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event->get()));
  if (const auto* element = first_error(*result); element != nullptr) {
    return cluster().error("delete records of " + partition_of(*element).to_string(), element->err);
  }
  return {};
}

}  // namespace millstream::kafka
