#include "kafka_membership.h"

#include <millstream/core/assert.h>

#include <algorithm>
#include <thread>

#include "lease.h"
#include "partition_list.h"
#include "producer_fault.h"
#include "timeout.h"

namespace millstream::kafka {

namespace {

constexpr Duration kClosePatience{5'000};
constexpr Duration kCloseWait{20};
constexpr Duration kCommitPatience{30'000};
constexpr Duration kCommitRetryWait{50};

SettingList defaults_for(const MembershipOptions& options) {
  return {{"partition.assignment.strategy", "range"},
          {"session.timeout.ms", std::to_string(options.session_timeout.count())},
          {"max.poll.interval.ms",
           std::to_string(std::max(options.max_poll_interval, options.session_timeout).count())},
          // Others learn of a rebalance by the next heartbeat, so this is how long a move takes.
          {"heartbeat.interval.ms",
           std::to_string(std::clamp<Duration::rep>(options.session_timeout.count() / 3, 1, 500))}};
}

SettingList own_for(const MembershipOptions& options) {
  SettingList own{{"client.id", options.client_id.empty() ? "millstream" : options.client_id},
                  {"group.id", options.group},
                  {"isolation.level", "read_committed"},
                  {"enable.auto.commit", "false"},
                  {"enable.auto.offset.store", "false"},
                  {"auto.offset.reset", "latest"}};
  if (!options.instance_id.empty()) own.emplace_back("group.instance.id", options.instance_id);
  return own;
}

/// Worth the same request again: a coordinator that moves or loads, a connection that comes back, a
/// rebalance under way (the broker takes offsets again when it is over).
bool may_pass(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<std::unique_ptr<Membership>> KafkaMembership::open(const Settings& settings,
                                                          Cluster& cluster,
                                                          const MembershipOptions& options) {
  auto member = std::make_unique<KafkaMembership>(cluster, options);
  MILLSTREAM_TRY(member->start(settings));
  MILLSTREAM_TRY(member->subscribe());
  return std::unique_ptr<Membership>(std::move(member));
}

KafkaMembership::~KafkaMembership() { leave(); }

Status KafkaMembership::start(const Settings& settings) {
  auto conf = settings.conf(Role::kMembership, defaults_for(options_), own_for(options_));
  if (!conf) return conf.error();
  auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf), *this);
  if (!client) return client.error();
  client_ = std::move(*client);
  return {};
}

Status KafkaMembership::subscribe() {
  const PartitionListPtr list = make_list(1);
  add(*list, {options_.coordination_topic, RD_KAFKA_PARTITION_UA}, RD_KAFKA_OFFSET_INVALID);
  const rd_kafka_resp_err_t code = rd_kafka_subscribe(client_.get(), list.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return cluster().error("join group " + options_.group + " on " + options_.coordination_topic,
                         code);
}

Result<std::vector<MembershipEvent>> KafkaMembership::poll(Duration timeout) {
  std::vector<MembershipEvent> events;
  if (client_ == nullptr) return events;
  if (waiting_.empty() || handed_out_) {
    // Also while an event is out: it shows the group that we live (max.poll.interval.ms).
    const MessagePtr message(rd_kafka_consumer_poll(client_.get(), timeout_ms(timeout)));
    if (message != nullptr && message->err == RD_KAFKA_RESP_ERR__FATAL) {
      return cluster().error("group " + options_.group, message->err,
                             rd_kafka_message_errstr(message.get()));
    }
    if (message != nullptr && message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      cluster().logger().warning(
          "group member",
          {{"group", options_.group}, {"reason", rd_kafka_message_errstr(message.get())}});
    }
  }
  if (waiting_.empty() || handed_out_) return events;
  handed_out_ = std::move(waiting_.front());
  waiting_.pop_front();
  events.push_back(handed_out_->event);
  return events;
}

void KafkaMembership::acknowledge() {
  MILLSTREAM_ASSERT(handed_out_.has_value(), "an event of poll is acknowledged once");
  const Rebalance rebalance = *std::exchange(handed_out_, std::nullopt);
  answer(rebalance);
}

void KafkaMembership::on_rebalance(rd_kafka_t& client, rd_kafka_resp_err_t kind,
                                   const rd_kafka_topic_partition_list_t& partitions) noexcept {
  try {
    Rebalance rebalance = rebalance_of(client, kind, partitions);
    if (leaving_) return answer(rebalance);
    waiting_.push_back(std::move(rebalance));
  } catch (...) {  // out of memory: let go of everything rather than hold what nobody knows of
    rd_kafka_assign(&client, nullptr);
  }
  rd_kafka_yield(&client);  // so that the poll returns with it
}

KafkaMembership::Rebalance KafkaMembership::rebalance_of(
    rd_kafka_t& client, rd_kafka_resp_err_t kind,
    const rd_kafka_topic_partition_list_t& partitions) {
  Rebalance rebalance{kind, {}, {}};
  for (const auto& element : elements(partitions))
    rebalance.partitions.push_back(element.partition);
  std::sort(rebalance.partitions.begin(), rebalance.partitions.end());
  MembershipEvent& event = rebalance.event;
  event.partitions = rebalance.partitions;
  if (kind == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    event.kind = MembershipEvent::Kind::kAssigned;
    set_lease(lease_of(client));
    if (cooperative()) {
      event.partitions.insert(event.partitions.end(), owned_.begin(), owned_.end());
      std::sort(event.partitions.begin(), event.partitions.end());
    }
  } else if (rd_kafka_assignment_lost(&client) != 0) {
    event.kind = MembershipEvent::Kind::kLost;
    set_lease({});
  } else {
    event.kind = MembershipEvent::Kind::kRevoked;
  }
  event.lease = lease();
  return rebalance;
}

/// Tell librdkafka that the event has been carried out.
void KafkaMembership::answer(const Rebalance& rebalance) {
  const bool assigned = rebalance.kind == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  const PartitionListPtr list = own_list(rebalance.partitions);
  ErrorPtr error;
  if (cooperative()) {
    error.reset(assigned ? rd_kafka_incremental_assign(client_.get(), list.get())
                         : rd_kafka_incremental_unassign(client_.get(), list.get()));
  } else {
    rd_kafka_assign(client_.get(), assigned ? list.get() : nullptr);
  }
  if (error != nullptr) {
    cluster().logger().warning(
        "group assignment",
        {{"group", options_.group}, {"reason", rd_kafka_error_string(error.get())}});
  }
  if (assigned) {
    rd_kafka_pause_partitions(client_.get(), list.get());
    owned_ = rebalance.event.partitions;
    return;
  }
  std::erase_if(owned_, [&](PartitionId owned) {
    return std::binary_search(rebalance.partitions.begin(), rebalance.partitions.end(), owned);
  });
  if (!cooperative() || owned_.empty()) set_lease({});
}

PartitionListPtr KafkaMembership::own_list(const std::vector<PartitionId>& partitions) const {
  PartitionListPtr list = make_list(partitions.size());
  for (const PartitionId id : partitions) {
    add(*list, {options_.coordination_topic, id}, 0);  // paused, so never read; spares a look-up
  }
  return list;
}

bool KafkaMembership::cooperative() {
  // A member that is just leaving may have none any more, not even a text that says so.
  const char* protocol = rd_kafka_rebalance_protocol(client_.get());
  if (protocol != nullptr && std::string_view(protocol) != "NONE") {
    cooperative_ = std::string_view(protocol) == "COOPERATIVE";
  }
  return cooperative_;
}

void KafkaMembership::set_lease(Lease lease) {
  const std::scoped_lock lock(mutex_);
  lease_ = std::move(lease);
}

Lease KafkaMembership::lease() const {
  const std::scoped_lock lock(mutex_);
  return lease_;
}

/// The generation can't be given to rd_kafka_commit, which takes the handle's own, and -1 (which
/// the broker takes from anybody once the group is empty) after it lost its membership. So ask just
/// before.
bool KafkaMembership::is_current(const Lease& lease) const {
  return lease.generation >= 0 && lease == this->lease() &&
         lease_of(*client_).generation == lease.generation;
}

ProducerStatus KafkaMembership::commit_offsets(const OffsetsByPartition& offsets,
                                               const Lease& lease) {
  const std::string what = "commit offsets of group " + options_.group;
  const PartitionListPtr list = list_of(offsets);
  const Deadline deadline(cluster().clock(), kCommitPatience);
  while (true) {
    if (client_ == nullptr || !is_current(lease)) {
      return {ProducerFault::kFenced, Error::machine(what + ": the lease is no longer current")};
    }
    rd_kafka_resp_err_t code = rd_kafka_commit(client_.get(), list.get(), 0);
    if (const auto* element = first_error(*list); code == 0 && element != nullptr) {
      code = element->err;
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    if (!may_pass(code) || deadline.passed()) {
      return {fault_of_lease(code), cluster().error(what, code)};
    }
    std::this_thread::sleep_for(kCommitRetryWait);
  }
}

void KafkaMembership::leave() {
  if (client_ == nullptr) return;
  leaving_ = true;
  if (handed_out_) acknowledge();
  for (; !waiting_.empty(); waiting_.pop_front()) answer(waiting_.front());
  {
    const QueuePtr queue(rd_kafka_queue_new(client_.get()));
    const ErrorPtr error(rd_kafka_consumer_close_queue(client_.get(), queue.get()));
    const Deadline deadline(cluster().clock(), kClosePatience);
    while (error == nullptr && rd_kafka_consumer_closed(client_.get()) == 0 && !deadline.passed()) {
      const EventPtr event(rd_kafka_queue_poll(queue.get(), timeout_ms(kCloseWait)));
      if (event != nullptr && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) {
        on_rebalance(*client_, rd_kafka_event_error(event.get()),
                     *rd_kafka_event_topic_partition_list(event.get()));
      }
    }
  }
  set_lease({});
  client_.reset();
}

}  // namespace millstream::kafka
