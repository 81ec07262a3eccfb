#include "thread_collector.h"

#include <utility>
#include <vector>

namespace millstream {

ThreadCollector::ThreadCollector(RuntimeServices& services, int thread_index)
    : services_(&services),
      thread_index_(thread_index),
      exactly_once_(services.config.guarantee == ProcessingGuarantee::kExactlyOnceV2) {
  for (const auto& [topic, partitions] : services.plan.partitions) {
    targets_[topic].partitions = partitions;
  }
}

Status ThreadCollector::open() {
  const std::string name = services_->config.application_id + "-" + services_->instance_id + "-" +
                           std::to_string(thread_index_);
  producer_.reset();
  auto made = services_->broker->make_producer(
      {.client_id = name + "-producer",
       .transactional_id = exactly_once_ ? name : std::string(),
       .transaction_timeout = services_->config.transaction_timeout});
  if (!made) return made.error();
  producer_ = std::move(*made);
  in_transaction_ = false;
  drop_held();
  fault_ = {};
  if (!exactly_once_) return {};
  const ProducerStatus status = producer_->init_transactions();
  return status ? Status() : Status(status.error);
}

void ThreadCollector::note(ProducerStatus status) {
  if (!status && fault_) fault_ = std::move(status);
}

void ThreadCollector::begin() {
  if (!exactly_once_ || in_transaction_ || !fault_) return;
  note(producer_->begin_transaction());
  in_transaction_ = static_cast<bool>(fault_);
}

Status ThreadCollector::send(const OutgoingRecord& record) {
  Target& to = target(record.topic);
  if (to.partitions == 0) {
    return Error::user("topic " + std::string(record.topic) + " does not exist; create it");
  }
  if (to.sent == nullptr) count_sent(record.topic, 0);
  if (holding_) {
    held_.add(record);
    to.sent->add();
    return {};
  }
  begin();
  if (!fault_) return {};
  note(producer_->produce(record));
  to.sent->add();
  return {};
}

void ThreadCollector::release() {
  holding_ = false;
  transaction_ended();
  if (held_.bytes() > 0) begin();
  held_.for_each([this](const OutgoingRecord& record) {
    if (fault_) note(producer_->produce(record));
  });
  held_.clear();
}

void ThreadCollector::drop_held() {
  holding_ = false;
  held_.clear();
}

void ThreadCollector::count_sent(std::string_view topic, std::uint64_t records) {
  Counter*& sent = target(topic).sent;
  if (sent == nullptr) {
    sent = &services_->metrics->counter("millstream_records_sent_total",
                                        "Records sent to output, repartition and changelog topics.",
                                        {{"topic", std::string(topic)}});
  }
  sent->add(records);
}

ThreadCollector::Target& ThreadCollector::target(std::string_view topic) {
  auto known = targets_.find(topic);
  if (known == targets_.end()) known = targets_.emplace(topic, Target()).first;
  if (known->second.partitions > 0) return known->second;
  const std::vector<std::string> names{std::string(topic)};
  const auto counts = services_->broker->admin().partition_counts(names);
  if (counts && !counts->empty()) known->second.partitions = counts->begin()->second;
  return known->second;
}

PartitionId ThreadCollector::partition_count(std::string_view topic) {
  return target(topic).partitions;
}

}  // namespace millstream
