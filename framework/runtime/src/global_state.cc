#include "global_state.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace millstream {

namespace {

constexpr std::size_t kFetchLimit = 20'000;

std::vector<StoreSpec> stores_of(const BuiltTopology& topology) {
  std::vector<StoreSpec> stores;
  for (const GlobalStore& global : topology.global_stores()) stores.push_back(global.store);
  return stores;
}

/// Where the rows are kept; empty: nowhere, if one of the stores is in memory, since the topics
/// then have to be read from the beginning anyway.
std::string directory_of(const RuntimeServices& services, const std::vector<StoreSpec>& stores,
                         int thread) {
  const bool persistent =
      std::all_of(stores.begin(), stores.end(), [](const auto& store) { return store.persistent; });
  return persistent ? services.state_root + "/global-" + std::to_string(thread) : std::string();
}

Result<std::vector<TopicPartition>> partitions_of(const BuiltTopology& topology, Admin& admin) {
  std::vector<std::string> topics;
  for (const GlobalStore& global : topology.global_stores()) topics.push_back(global.topic);
  const auto counts = admin.partition_counts(topics);
  if (!counts) return counts.error();
  std::vector<TopicPartition> partitions;
  for (const auto& [topic, count] : *counts) {
    for (PartitionId i = 0; i < count; ++i) partitions.push_back({topic, i});
  }
  return partitions;
}

}  // namespace

GlobalState::GlobalState(RuntimeServices& services, std::unique_ptr<TaskState> state,
                         std::unique_ptr<Consumer> consumer)
    : services_(&services),
      state_(std::move(state)),
      consumer_(std::move(consumer)),
      updater_(*services.topology, services.config.application_id, services.handlers,
               services.config.timestamp_extractor, *state_, *services.metrics, *services.logger) {}

Result<std::unique_ptr<GlobalState>> GlobalState::open(RuntimeServices& services, int thread) {
  TaskStateOptions options;
  options.stores = stores_of(*services.topology);
  options.directory = directory_of(services, options.stores, thread);
  options.resources = services.rocks;
  options.logger = services.logger;
  auto state = TaskState::open(std::move(options));
  if (!state) return state.error();
  auto consumer = services.broker->make_consumer(
      {.client_id = services.config.application_id + "-" + services.instance_id + "-" +
                    std::to_string(thread) + "-global-consumer"});
  if (!consumer) return consumer.error();
  std::unique_ptr<GlobalState> opened(
      new GlobalState(services, std::move(*state), std::move(*consumer)));
  MILLSTREAM_TRY(opened->begin());
  return opened;
}

/// Read on from where the directory's rows are complete; from the beginning where there is no such
/// place in the topics any more.
Status GlobalState::begin() {
  Admin& admin = services_->broker->admin();
  const auto partitions = partitions_of(*services_->topology, admin);
  if (!partitions) return partitions.error();
  const auto beginnings = admin.beginning_offsets(*partitions);
  if (!beginnings) return beginnings.error();
  auto ends = admin.end_offsets(*partitions, Isolation::kReadCommitted);
  if (!ends) return ends.error();
  ends_ = std::move(*ends);
  if (state_->stored_mark()) mark_ = *state_->stored_mark();
  const bool fits = std::all_of(partitions->begin(), partitions->end(), [&](const auto& partition) {
    const auto at = mark_.input_offsets.find(partition);
    return at != mark_.input_offsets.end() && at->second >= beginnings->at(partition) &&
           at->second <= ends_.at(partition);
  });
  if (!fits) {
    MILLSTREAM_TRY(state_->wipe());
    mark_ = {};
    mark_.input_offsets = *beginnings;
  }
  std::vector<PartitionPosition> positions;
  for (const TopicPartition& partition : *partitions) {
    positions.push_back({partition, mark_.input_offsets.at(partition)});
  }
  caught_up_ = positions.empty();
  return consumer_->assign(positions);
}

Status GlobalState::step(Duration wait) {
  auto batches = consumer_->poll(kFetchLimit, caught_up_ ? Duration(0) : wait);
  if (!batches) return batches.error();
  for (const auto& batch : *batches) apply(*batch);
  if (!batches->empty()) {
    ++mark_.number;
    mark_.committed_at = services_->clock->now();
    state_->mark_committed(mark_);
    if (state_->spill_need() != SpillNeed::kNone) MILLSTREAM_TRY(state_->spill());
  }
  if (!caught_up_ && has_reached_ends()) {
    caught_up_ = true;
    services_->logger->info("the global stores are complete");
  }
  return {};
}

void GlobalState::apply(const FetchedBatch& batch) {
  const Timestamp now = services_->clock->now();
  const TopicPartition& partition = batch.partition();
  for (std::size_t i = 0; i < batch.records().size(); ++i) {
    const FetchedRecord& record = batch.records()[i];
    Headers headers = batch.headers(i);
    updater_.process({partition.topic, partition.partition, record.offset, record.timestamp,
                      record.key, record.value, &headers},
                     now);
    mark_.input_offsets[partition] = next(record.offset);
  }
}

bool GlobalState::has_reached_ends() const {
  return std::all_of(ends_.begin(), ends_.end(), [this](const auto& end) {
    return consumer_->position(end.first) >= end.second;
  });
}

Status GlobalState::close() { return state_->close(true); }

}  // namespace millstream
