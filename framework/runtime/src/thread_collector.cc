#include "thread_collector.h"

#include <utility>
#include <vector>

namespace millstream {

ThreadCollector::ThreadCollector(RuntimeServices& services, int thread_index)
    : services_(&services),
      thread_index_(thread_index),
      exactly_once_(services.config.guarantee == ProcessingGuarantee::kExactlyOnceV2),
      partitions_(services.plan.partitions),
      records_out_(&services.metrics->counter(
          "millstream_records_sent_total",
          "Records sent to output, repartition and changelog topics.")) {}

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
  if (partition_count(record.topic) == 0) {
    return Error::user("topic " + std::string(record.topic) + " does not exist; create it");
  }
  begin();
  if (!fault_) return {};
  note(producer_->produce(record));
  records_out_->add();
  return {};
}

PartitionId ThreadCollector::partition_count(std::string_view topic) {
  const auto known = partitions_.find(topic);
  if (known != partitions_.end()) return known->second;
  const std::vector<std::string> names{std::string(topic)};
  const auto counts = services_->broker->admin().partition_counts(names);
  if (!counts || counts->empty()) return 0;
  return partitions_.emplace(topic, counts->begin()->second).first->second;
}

}  // namespace millstream
