#include "task_restore.h"

#include <millstream/core/assert.h>
#include <millstream/core/fault_points.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace millstream {

namespace {

constexpr Duration kNoTopicForgetsSooner{3'600'000};

std::string full_source_name(const StreamsConfig& config, const SourceTopic& source) {
  return source.internal ? internal_topic(config, source.name) : source.name;
}

const Subtopology& subtopology_of(const BuiltTopology& topology, TaskId task) {
  const auto& all = topology.subtopologies();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.id == task.subtopology; });
  MILLSTREAM_ASSERT(found != all.end(), "a task of no sub-topology");
  return *found;
}

}  // namespace

bool TaskRestore::exactly_once() const {
  return services_->config.guarantee == ProcessingGuarantee::kExactlyOnceV2;
}

Result<std::unique_ptr<TaskRestore>> TaskRestore::begin(RuntimeServices& services,
                                                        CommitsReader& commits, TaskId task) {
  std::unique_ptr<TaskRestore> restore(new TaskRestore(services, task));
  restore->subtopology_ = &subtopology_of(*services.topology, task);
  MILLSTREAM_TRY(restore->open_state());
  MILLSTREAM_FAIL_POINT("state-opened");
  auto facts = restore->gather_facts(commits);
  if (!facts) return facts.error();
  auto plan = plan_recovery(*facts);
  if (!plan) return plan.error().within("task " + task.to_string());
  if (!plan->notice.empty()) {
    services.logger->warning(plan->notice, {{"task", task.to_string()}});
  }
  if (plan->wipe) {
    services.metrics->counter("millstream_state_wipes_total", "Local states dropped and rebuilt.")
        .add();
    MILLSTREAM_TRY(restore->state_->wipe());
    MILLSTREAM_FAIL_POINT("state-wiped");
  }
  restore->mark_ = std::move(plan->mark);
  restore->never_committed_ = !facts->record && facts->committed.empty();
  if (restore->mark_.lineage.empty()) restore->mark_.lineage = services.new_lineage();
  MILLSTREAM_TRY(restore->complete_offsets(*facts));
  MILLSTREAM_TRY(restore->find_tails());
  MILLSTREAM_TRY(restore->note_begin());
  return restore;
}

Status TaskRestore::open_state() {
  const bool persistent = std::any_of(subtopology_->stores.begin(), subtopology_->stores.end(),
                                      [](const StoreSpec& store) { return store.persistent; });
  TaskStateOptions options;
  options.task = task_;
  options.stores = subtopology_->stores;
  if (persistent) options.directory = services_->state_root + "/" + task_.to_string();
  options.resources = services_->rocks;
  options.rewrites_aborted = !exactly_once() && !MILLSTREAM_MUTANT(kInterruptedRestored);
  options.buffer_budget = std::max<std::size_t>(
      services_->config.memory_bytes / 2 / std::max<std::size_t>(services_->plan.tasks.size(), 1),
      std::size_t{1} << 20U);
  options.logger = services_->logger;
  auto opened = TaskState::open(std::move(options));
  if (!opened) return opened.error();
  state_ = std::move(*opened);
  return {};
}

Result<RecoveryFacts> TaskRestore::gather_facts(CommitsReader& commits) {
  RecoveryFacts facts;
  for (const SourceTopic& source : subtopology_->sources) {
    facts.sources.push_back({full_source_name(services_->config, source), task_.partition});
  }
  auto committed =
      services_->broker->admin().committed_offsets(services_->config.application_id, facts.sources);
  if (!committed) return committed.error();
  facts.committed = std::move(*committed);
  auto record = read_commit_record(commits, facts.committed);
  if (!record) return record.error();
  facts.record = std::move(*record);
  facts.stored = state_->stored_mark();
  facts.now = services_->clock->now();
  MILLSTREAM_TRY(read_tombstone_retention(facts));
  return facts;
}

/// Asked only when it matters: a topic's settings are one more question to the broker.
Status TaskRestore::read_tombstone_retention(RecoveryFacts& facts) {
  if (!facts.record || !facts.stored || facts.stored->number == facts.record->number) return {};
  if (facts.now - facts.stored->committed_at < kNoTopicForgetsSooner) return {};
  const auto retention = tombstone_retention();
  if (!retention) return retention.error();
  facts.tombstone_retention = *retention;
  return {};
}

Result<Duration> TaskRestore::tombstone_retention() {
  Duration least = kTombstoneRetention;
  for (const StoreSpec& store : subtopology_->stores) {
    if (!store.logging) continue;
    const auto settings =
        services_->broker->admin().topic_config(changelog_topic(services_->config, store));
    if (!settings) return settings.error();
    const auto retention = settings->find("delete.retention.ms");
    if (retention == settings->end()) continue;
    least = std::min(least, Duration(std::strtoll(retention->second.c_str(), nullptr, 10)));
  }
  return least;
}

/// A new state's first mark, so that a restore which is interrupted and goes on later knows its
/// age.
Status TaskRestore::note_begin() {
  began_ = services_->clock->now();
  if (tails_.empty() || state_->stored_mark()) return {};
  CommitMark mark;
  mark.committed_at = began_;
  return state_->finish_restore(std::move(mark));
}

Result<bool> TaskRestore::outlived() {
  const Duration took = services_->clock->now() - began_;
  if (tails_.empty() || took < kNoTopicForgetsSooner) return false;
  const auto retention = tombstone_retention();
  if (!retention) return retention.error();
  return took >= *retention;
}

Status TaskRestore::abandon() {
  services_->logger->warning(
      "a restore took longer than the changelogs remember deletions: begun anew",
      {{"task", task_.to_string()}});
  services_->metrics->counter("millstream_state_wipes_total", "Local states dropped and rebuilt.")
      .add();
  MILLSTREAM_TRY(state_->wipe());
  return state_->close(false);
}

/// The newest commit record of this task: from where the committed offsets say that theirs lies, to
/// the end of the task's partition of the commits topic.
Result<std::optional<CommitMark>> TaskRestore::read_commit_record(
    CommitsReader& commits, const OffsetsByPartition& committed) {
  const TopicPartition partition{services_->plan.commits_topic, services_->plan.index_of(task_)};
  const std::vector<TopicPartition> partitions{partition};
  Admin& admin = services_->broker->admin();
  const auto ends = admin.end_offsets(partitions, MILLSTREAM_MUTANT(kRecordToLastStable)
                                                      ? Isolation::kReadCommitted
                                                      : Isolation::kReadUncommitted);
  if (!ends) return ends.error();
  const auto begins = admin.beginning_offsets(partitions);
  if (!begins) return begins.error();
  Offset from = begins->at(partition);
  const Offset end = ends->at(partition);
  for (const auto& [tp, offset] : committed) {
    if (const auto metadata = OffsetMetadata::parse(offset.metadata)) {
      from = std::max(from, metadata->commit_record);
    }
  }
  auto newest = commits.newest(task_, {partition, from}, end);
  if (!newest || *newest || from == begins->at(partition)) return newest;
  // An aborted commit's offsets may have come late, and into another commit: then they name a
  // record that was aborted, and the newest lies before it.
  return commits.newest(task_, {partition, begins->at(partition)}, end);
}

/// Where sources begin that have no offset yet: by their reset policy. A task that already has
/// state never resets: then `plan_recovery` has refused or found every offset.
Status TaskRestore::complete_offsets(const RecoveryFacts& facts) {
  Admin& admin = services_->broker->admin();
  for (std::size_t i = 0; i < facts.sources.size(); ++i) {
    const TopicPartition& source = facts.sources[i];
    if (mark_.input_offsets.contains(source)) continue;
    const SourceTopic& topic = subtopology_->sources[i];
    const std::string policy =
        topic.internal ? "earliest"
                       : topic.reset_policy.value_or(services_->config.auto_offset_reset);
    const std::vector<TopicPartition> one{source};
    auto offsets = policy == "latest" ? admin.end_offsets(one, Isolation::kReadCommitted)
                                      : admin.beginning_offsets(one);
    if (!offsets) return offsets.error();
    mark_.input_offsets[source] = offsets->at(source);
  }
  return {};
}

Status TaskRestore::find_tails() {
  const auto positions = state_->restored_positions();
  const bool current = state_->stored_mark() && state_->stored_mark()->number == mark_.number &&
                       state_->stored_mark()->lineage == mark_.lineage;
  Admin& admin = services_->broker->admin();
  // What is restored may be written to the local store at once, and must not outlive the log there.
  MILLSTREAM_TRY(services_->broker->sync());
  std::map<TopicPartition, const StoreSpec*> changelogs;
  std::vector<TopicPartition> partitions;
  for (const StoreSpec& store : subtopology_->stores) {
    if (!store.logging || (current && store.persistent && exactly_once())) continue;
    partitions.push_back({changelog_topic(services_->config, store), task_.partition});
    changelogs.emplace(partitions.back(), &store);
  }
  const auto begins = admin.beginning_offsets(partitions);
  if (!begins) return begins.error();
  const auto ends = admin.end_offsets(partitions, MILLSTREAM_MUTANT(kLastStableEnd)
                                                      ? Isolation::kReadCommitted
                                                      : Isolation::kReadUncommitted);
  if (!ends) return ends.error();
  for (const TopicPartition& changelog : partitions) {
    const StoreSpec& store = *changelogs.at(changelog);
    Tail tail{.store = store.name,
              .position = begins->at(changelog),
              .end = ends->at(changelog),
              .log_end = ends->at(changelog)};
    const auto reached = positions.find(store.name);
    if (reached != positions.end()) tail.position = std::max(tail.position, reached->second);
    const bool shared = !store.changelog_topic.empty() && !MILLSTREAM_MUTANT(kSourceTopicToEnd);
    if (shared) tail.end = tail.log_end = mark_.input_offsets.at(changelog);
    if (!shared) leave_out_interrupted(tail);
    if (tail.position >= tail.log_end) continue;
    tail.from = tail.position;
    tail.ended = tail.position >= tail.end;
    if (tail.ended) {
      tails_.emplace(changelog, std::move(tail));
      continue;
    }
    services_->logger->info("restores a store", {{"task", task_.to_string()},
                                                 {"store", store.name},
                                                 {"from", std::to_string(to_int(tail.position))},
                                                 {"to", std::to_string(to_int(tail.end))}});
    if (services_->on_restore_start) {
      services_->on_restore_start(task_, store.name, tail.position, tail.end);
    }
    tails_.emplace(changelog, std::move(tail));
  }
  return {};
}

/// Without transactions, what a commit wrote that was then interrupted can be read: it lies behind
/// what the newest record names, and is done again; its rows are written again, since the next
/// record's range begins before it. Each record names the end of each changelog.
/// All that there is of a task that never committed is of that kind. (Another library's changelog
/// has offsets, and no record: it is restored.)
void TaskRestore::leave_out_interrupted(Tail& tail) {
  if (exactly_once() || MILLSTREAM_MUTANT(kInterruptedRestored)) return;
  if (never_committed_) tail.end = tail.position;
  const auto named = mark_.changelog_positions.find(tail.store);
  if (named != mark_.changelog_positions.end()) {
    tail.end = std::min(tail.end, named->second);
  } else {
    mark_.changelog_positions.emplace(tail.store, tail.end);
  }
}

std::vector<PartitionPosition> TaskRestore::remaining() const {
  std::vector<PartitionPosition> positions;
  for (const auto& [changelog, tail] : tails_) positions.push_back({changelog, tail.position});
  return positions;
}

Status TaskRestore::apply(const FetchedBatch& batch, Offset position) {
  Tail& tail = tails_.at(batch.partition());
  std::vector<ChangelogRecord> records;
  std::vector<ChangelogRecord> interrupted;
  records.reserve(batch.records().size());
  for (const FetchedRecord& record : batch.records()) {
    if (record.offset >= tail.log_end) break;
    auto& kind = record.offset < tail.end ? records : interrupted;
    if (record.key) kind.push_back({*record.key, record.value, record.timestamp});
  }
  tail.position = std::min(position, tail.log_end);
  if (!tail.ended) {
    const Offset restored = std::min(tail.position, tail.end);
    if (services_->on_restore_progress) services_->on_restore_progress(task_, tail.store, restored);
    tail.records += records.size();
    MILLSTREAM_TRY(state_->restore(tail.store, records, restored));
    note_end(tail);
  }
  if (!interrupted.empty()) MILLSTREAM_TRY(state_->note_interrupted(tail.store, interrupted));
  MILLSTREAM_FAIL_POINT("restore-applied");
  return {};
}

Status TaskRestore::note_position(const TopicPartition& changelog, Offset position) {
  Tail& tail = tails_.at(changelog);
  if (position <= tail.position) return {};
  tail.position = position;
  note_end(tail);
  return {};
}

void TaskRestore::note_end(Tail& tail) {
  if (tail.ended || tail.position < tail.end) return;
  tail.ended = true;
  if (services_->on_restore_end) services_->on_restore_end(task_, tail.store, tail.records);
}

bool TaskRestore::finished() const {
  return std::all_of(tails_.begin(), tails_.end(), [](const auto& entry) {
    return entry.second.position >= entry.second.log_end;
  });
}

std::vector<StoreMetadata> TaskRestore::stores() const {
  std::vector<StoreMetadata> stores;
  for (const StoreSpec& spec : subtopology_->stores) {
    StoreMetadata& store = stores.emplace_back(StoreMetadata{spec.name, spec.persistent});
    for (const auto& [changelog, tail] : tails_) {
      if (tail.store != spec.name) continue;
      store.restore_from = tail.from;
      store.restore_position = std::min(tail.position, tail.end);
      store.restore_end = tail.end;
    }
  }
  return stores;
}

Result<std::unique_ptr<TaskState>> TaskRestore::finish() {
  for (const auto& [changelog, tail] : tails_) {
    Offset& position = mark_.changelog_positions[tail.store];
    position = std::max(position, tail.end);
  }
  // A task that never committed is complete as of now; of others the commit says it.
  if (mark_.number == 0) mark_.committed_at = services_->clock->now();
  MILLSTREAM_FAIL_POINT("restore-finishes");
  MILLSTREAM_TRY(state_->finish_restore(mark_));
  MILLSTREAM_FAIL_POINT("restore-finished");
  return std::move(state_);
}

}  // namespace millstream
