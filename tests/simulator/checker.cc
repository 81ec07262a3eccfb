#include "checker.h"

#include "recovery.h"  // the runtime's own: what stands in the offsets' metadata

#include <algorithm>
#include <limits>
#include <utility>

namespace millstream::simulation {

namespace {

const std::string kCommits = kApplicationId + "-commits";

std::string text(Offset offset) { return std::to_string(to_int(offset)); }

}  // namespace

Checker::Checker(const Application& application, Cluster& cluster)
    : application_(&application), cluster_(&cluster) {}

void Checker::report(std::string violation) {
  if (violation_.empty()) violation_ = std::move(violation);
}

const Subtopology& Checker::subtopology(int id) const {
  const auto& all = application_->topology->subtopologies();
  return *std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.id == id; });
}

std::string Checker::full_name(const SourceTopic& source) const {
  return source.internal ? kApplicationId + "-" + source.name : source.name;
}

std::string Checker::changelog(const StoreSpec& store) const {
  return store.changelog_topic.empty() ? kApplicationId + "-" + store.name + "-changelog"
                                       : store.changelog_topic;
}

bool Checker::check_brokers() {
  if (version_ == cluster_->version()) return false;
  version_ = cluster_->version();
  read_commits();
  read_outputs();
  read_group_offsets();
  check_atomicity();
  return true;
}

// ---- Commits
// --------------------------------------------------------------------------------------

void Checker::read_commits() {
  const auto topic = cluster_->topics().find(kCommits);
  if (topic == cluster_->topics().end()) return;
  for (std::size_t p = 0; p < topic->second.partitions.size(); ++p) {
    const PartitionLog& log = topic->second.partitions[p];
    Offset& cursor =
        cursors_.try_emplace({kCommits, static_cast<PartitionId>(p)}, Offset{0}).first->second;
    for (const Offset end = log.last_stable(); cursor < end; cursor = next(cursor)) {
      const LogEntry& entry = log.at(cursor);
      if (!entry.readable()) continue;
      const auto id = TaskId::parse(*entry.key);
      const auto mark = CommitMark::parse(*entry.value);
      if (!id || !mark) return report("a commit record can't be read");
      if (!is_stable(*id, *mark)) break;
      take_commit(*id, *mark);
    }
  }
}

/// Whether the markers in the changelogs have been written too: each partition has its own time.
bool Checker::is_stable(TaskId id, const CommitMark& mark) const {
  const auto& stores = subtopology(id.subtopology).stores;
  return std::all_of(stores.begin(), stores.end(), [&](const StoreSpec& store) {
    const auto end = mark.changelog_positions.find(store.name);
    if (!store.logging || end == mark.changelog_positions.end()) return true;
    return cluster_->log({changelog(store), id.partition}).last_stable() >= end->second;
  });
}

void Checker::take_commit(TaskId id, const CommitMark& mark) {
  Task& task = tasks_[id];
  const std::string what = "commit " + std::to_string(mark.number) + " of task " + id.to_string();
  const std::uint64_t before = task.mark ? task.mark->number : 0;
  if (mark.number != before + 1) report(what + " follows commit " + std::to_string(before));
  if (task.mark && task.mark->lineage != mark.lineage) report(what + " has another lineage");
  replay(id, task, mark);
  fold(id, task, mark);
  task.mark = mark;
  ++commits_;
  task.decided = std::max(task.decided, mark.number);
}

/// What the commit says it has processed, the model processes too.
void Checker::replay(TaskId id, Task& task, const CommitMark& mark) {
  std::vector<ModelOutput> outputs;
  for (const SourceTopic& source : subtopology(id.subtopology).sources) {
    const TopicPartition partition{full_name(source), id.partition};
    const auto named = mark.input_offsets.find(partition);
    if (named == mark.input_offsets.end())
      return report("a commit names no " + partition.to_string());
    Offset& consumed = task.consumed.try_emplace(partition, Offset{0}).first->second;
    if (named->second < consumed) {
      report("task " + id.to_string() + " went back in " + partition.to_string() + " from " +
             text(consumed) + " to " + text(named->second));
    }
    const PartitionLog& log = cluster_->log(partition);
    if (named->second > log.last_stable()) {
      return report("a commit of task " + id.to_string() + " is beyond the stable end of " +
                    partition.to_string());
    }
    const auto skipped = skipped_.find(partition);
    for (; consumed < named->second; consumed = next(consumed)) {
      if (skipped != skipped_.end() && consumed >= skipped->second.first &&
          consumed < skipped->second.second) {
        continue;
      }
      const LogEntry& entry = log.at(consumed);
      if (!entry.readable()) continue;
      application_->replay(task.model, id.subtopology, partition.topic, entry, outputs);
      ++records_;
    }
  }
  for (ModelOutput& output : outputs) {
    const std::string topic = output.topic;
    const std::string key = output.key;
    outputs_[topic].expected[key].push_back(std::move(output.value));
    if (application_->ordered) compare_outputs(topic, key);
  }
}

/// The changelogs, folded up to where the commit says, hold the model's rows.
void Checker::fold(TaskId id, Task& task, const CommitMark& mark) {
  if (!application_->comparable) return;
  for (const StoreSpec& store : subtopology(id.subtopology).stores) {
    if (!store.logging) continue;
    const TopicPartition partition{changelog(store), id.partition};
    auto& rows = task.folded[store.name];
    if (store.changelog_topic.empty()) {
      const auto end = mark.changelog_positions.find(store.name);
      Offset& at = task.folded_to.try_emplace(store.name, Offset{0}).first->second;
      const PartitionLog& log = cluster_->log(partition);
      const Offset to = end == mark.changelog_positions.end() ? at : end->second;
      if (to > log.last_stable()) return report("a commit's changelog isn't stable");
      for (; at < to; at = next(at)) {
        const LogEntry& entry = log.at(at);
        if (!entry.readable()) continue;
        if (entry.value) {
          rows[*entry.key] = *entry.value;
        } else {
          rows.erase(*entry.key);
        }
      }
    } else {
      rows = task.model.stores[store.name];
    }
    if (rows != task.model.stores[store.name]) {
      report("the changelog of store " + store.name + " of task " + id.to_string() + " at commit " +
             std::to_string(mark.number) + " differs from the fold of its input");
    }
  }
}

void Checker::note_decision(std::int64_t producer) {
  const auto topic = cluster_->topics().find(kCommits);
  if (topic == cluster_->topics().end()) return;
  for (const PartitionLog& log : topic->second.partitions) {
    for (Offset at = log.last_stable(); at < log.end(); at = next(at)) {
      const LogEntry& entry = log.at(at);
      if (entry.kind != LogEntry::Kind::kRecord || entry.producer != producer || entry.aborted) {
        continue;
      }
      const auto id = TaskId::parse(*entry.key);
      const auto mark = CommitMark::parse(*entry.value);
      if (id && mark) tasks_[*id].decided = std::max(tasks_[*id].decided, mark->number);
    }
  }
}

// ---- Outputs
// --------------------------------------------------------------------------------------

void Checker::read_outputs() {
  for (const std::string& name : application_->outputs) {
    const auto topic = cluster_->topics().find(name);
    if (topic == cluster_->topics().end()) continue;
    for (std::size_t p = 0; p < topic->second.partitions.size(); ++p) {
      const PartitionLog& log = topic->second.partitions[p];
      Offset& cursor =
          cursors_.try_emplace({name, static_cast<PartitionId>(p)}, Offset{0}).first->second;
      for (const Offset end = log.last_stable(); cursor < end; cursor = next(cursor)) {
        const LogEntry& entry = log.at(cursor);
        if (!entry.readable()) continue;
        outputs_[name].seen[*entry.key].push_back(*entry.value);
        to_justify_.emplace(name, *entry.key);
        if (application_->ordered) compare_outputs(name, *entry.key);
      }
    }
  }
}

/// False while a commit record, or what it names, is in an open transaction or behind one.
bool Checker::has_read_all_commits() const {
  const auto topic = cluster_->topics().find(kCommits);
  if (topic == cluster_->topics().end()) return true;
  for (std::size_t p = 0; p < topic->second.partitions.size(); ++p) {
    const auto cursor = cursors_.find({kCommits, static_cast<PartitionId>(p)});
    if (cursor == cursors_.end() || cursor->second < topic->second.partitions[p].end()) {
      return false;
    }
  }
  return true;
}

/// Once no marker is under way, whatever can be read belongs to a commit that can be read.
void Checker::check_atomicity() {
  if (to_justify_.empty() || cluster_->is_ending() || !has_read_all_commits()) return;
  for (const auto& [topic, key] : to_justify_) {
    Outputs& outputs = outputs_[topic];
    const std::size_t seen = outputs.seen[key].size();
    const std::size_t expected = outputs.expected[key].size();
    if (seen <= expected) continue;
    report("key " + key + " has " + std::to_string(seen) + " records in " + topic +
           ", the commits are of " + std::to_string(expected));
  }
  to_justify_.clear();
}

void Checker::compare_outputs(const std::string& topic, const std::string& key) {
  Outputs& outputs = outputs_[topic];
  const auto& expected = outputs.expected[key];
  const auto& seen = outputs.seen[key];
  const std::size_t both = std::min(expected.size(), seen.size());
  // All before the last pair were compared when they came.
  if (both == 0 || expected[both - 1] == seen[both - 1]) return;
  report("output " + std::to_string(both) + " of key " + key + " in " + topic + " is " +
         seen[both - 1] + " instead of " + expected[both - 1]);
}

void Checker::read_group_offsets() {
  for (const auto& [partition, committed] : cluster_->committed()) {
    CommittedOffset& last = group_offsets_[partition];
    const CommittedOffset& now = committed.value;
    if (last.offset == now.offset && last.metadata == now.metadata) continue;
    const auto before = OffsetMetadata::parse(last.metadata);
    const auto after = OffsetMetadata::parse(now.metadata);
    const bool excused = moved_back_.erase(partition) > 0;
    if (before && after && after->number < before->number && !excused) {
      report("the group's offset of " + partition.to_string() + " went from commit " +
             std::to_string(before->number) + " back to " + std::to_string(after->number));
    }
    last = now;
  }
}

void Checker::note_offset_set(const TopicPartition& source, Offset offset) {
  skipped_[source] = {progress(source), offset};
}

Offset Checker::read_up_to(const TopicPartition& partition) const {
  if (partition.topic == kCommits) {
    const auto cursor = cursors_.find(partition);
    return cursor == cursors_.end() ? Offset{0} : cursor->second;
  }
  for (const Subtopology& one : application_->topology->subtopologies()) {
    for (const StoreSpec& store : one.stores) {
      if (!store.logging || changelog(store) != partition.topic) continue;
      const auto task = tasks_.find({one.id, partition.partition});
      if (task == tasks_.end() || !task->second.mark) return Offset{0};
      const auto& positions = task->second.mark->changelog_positions;
      const auto position = positions.find(store.name);
      return position == positions.end() ? Offset{0} : position->second;
    }
  }
  return Offset{std::numeric_limits<std::int64_t>::max()};
}

Offset Checker::progress(const TopicPartition& source) const {
  for (const auto& [id, task] : tasks_) {
    const auto consumed = task.consumed.find(source);
    if (consumed != task.consumed.end()) return consumed->second;
  }
  return Offset{0};
}

bool Checker::consumed(const TopicPartition& source, Offset end) const {
  const PartitionLog& log = cluster_->log(source);
  const auto skipped = skipped_.find(source);
  for (Offset at = progress(source); at < end; at = next(at)) {
    const bool passed_over =
        skipped != skipped_.end() && at >= skipped->second.first && at < skipped->second.second;
    if (log.at(at).readable() && !passed_over) return false;
  }
  return true;
}

// ---- Machines
// -------------------------------------------------------------------------------------

void Checker::check_task(StreamTask& task) {
  if (!application_->comparable) return;
  const auto found = tasks_.find(task.id());
  if (found == tasks_.end() || !found->second.mark) return;
  Task& known = found->second;
  if (task.mark().number != known.mark->number || task.state().has_changes()) return;
  compare_rows(task, known.model);
}

void Checker::compare_rows(StreamTask& task, const ModelState& model) {
  static const std::vector<std::string> keys{"k0", "k1", "k2", "k3", "k4",
                                             "s0", "s1", "s2", "s3", "s4"};
  for (const StoreSpec& spec : task.subtopology().stores) {
    ByteStore& store = task.state().store(spec.name);
    static const std::map<std::string, std::string> none;
    const auto named = model.stores.find(spec.name);
    const auto& rows = named == model.stores.end() ? none : named->second;
    for (const std::string& key : keys) {
      const auto value = store.get(key);
      const auto row = rows.find(key);
      const bool same =
          value ? row != rows.end() && value->ends_with(row->second) : row == rows.end();
      if (same) continue;
      report("store " + spec.name + " of task " + task.id().to_string() + " at commit " +
             std::to_string(task.mark().number) + " has for key " + key + " " +
             (value ? std::string(*value) : "nothing") + " instead of " +
             (row == rows.end() ? "nothing" : row->second));
    }
  }
}

void Checker::check_write(const SimulatedDisk::Write& write) {
  for (const auto& [family, key, value] : write) {
    if (family != "default" || key != "mark" || !value) continue;
    const auto mark = CommitMark::parse(*value);
    if (!mark) return report("a mark can't be read");
    // Which task it is: that with this lineage.
    for (const auto& [id, task] : tasks_) {
      if (!task.mark || task.mark->lineage != mark->lineage) continue;
      if (mark->number > task.decided) {
        report("task " + id.to_string() + " writes commit " + std::to_string(mark->number) +
               " to its disk, the brokers have " + std::to_string(task.decided));
      }
    }
  }
}

// ---- The end
// --------------------------------------------------------------------------------------

std::string Checker::missing() const {
  for (const Subtopology& one : application_->topology->subtopologies()) {
    for (const SourceTopic& source : one.sources) {
      const auto topic = cluster_->topics().find(full_name(source));
      if (topic == cluster_->topics().end()) return "topic " + source.name;
      for (std::size_t p = 0; p < topic->second.partitions.size(); ++p) {
        const TopicPartition partition{topic->first, static_cast<PartitionId>(p)};
        if (!consumed(partition, topic->second.partitions[p].end())) {
          return partition.to_string() + " is processed up to " + text(progress(partition)) +
                 " of " + text(topic->second.partitions[p].end());
        }
      }
    }
  }
  for (const auto& [topic, outputs] : outputs_) {
    for (const auto& [key, expected] : outputs.expected) {
      const auto seen = outputs.seen.find(key);
      auto have = seen == outputs.seen.end() ? std::vector<std::string>() : seen->second;
      auto want = expected;
      std::sort(have.begin(), have.end());
      std::sort(want.begin(), want.end());
      if (have == want) continue;
      return "of key " + key + " " + topic + " has " + std::to_string(have.size()) +
             " records, the model says " + std::to_string(want.size());
    }
    for (const auto& [key, seen] : outputs.seen) {
      if (!outputs.expected.contains(key)) return "unexpected key " + key + " in " + topic;
    }
  }
  return {};
}

bool Checker::complete() const { return missing().empty(); }

}  // namespace millstream::simulation
