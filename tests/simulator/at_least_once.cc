#include "at_least_once.h"

#include <algorithm>
#include <set>
#include <utility>

namespace millstream::simulation {

std::string AtLeastOnce::full_name(const SourceTopic& source) {
  return source.internal ? kApplicationId + "-" + source.name : source.name;
}

Offset AtLeastOnce::progress(const TopicPartition& source) const {
  const auto committed = cluster_->committed().find(source);
  Offset furthest =
      committed == cluster_->committed().end() ? Offset{0} : committed->second.value.offset;
  for (const auto& [id, mark] : newest_marks()) {
    const auto offset = mark.input_offsets.find(source);
    if (offset != mark.input_offsets.end()) furthest = std::max(furthest, offset->second);
  }
  return furthest;
}

Offset AtLeastOnce::committed_end(const TopicPartition& partition) const {
  const Offset end = cluster_->log(partition).end();
  for (const Subtopology& one : application_->topology->subtopologies()) {
    for (const StoreSpec& store : one.stores) {
      if (kApplicationId + "-" + store.name + "-changelog" != partition.topic) continue;
      const auto marks = newest_marks();
      const auto mark = marks.find({one.id, partition.partition});
      if (mark == marks.end()) return Offset{0};
      const auto at = mark->second.changelog_positions.find(store.name);
      return at == mark->second.changelog_positions.end() ? Offset{0} : at->second;
    }
  }
  return end;
}

std::map<TaskId, CommitMark> AtLeastOnce::newest_marks() const {
  std::map<TaskId, CommitMark> marks;
  const auto topic = cluster_->topics().find(kApplicationId + "-commits");
  if (topic == cluster_->topics().end()) return marks;
  for (const PartitionLog& log : topic->second.partitions) {
    for (Offset at = log.end(); at > Offset{0};) {
      at = at + -1;
      const LogEntry& entry = log.at(at);
      if (!entry.readable()) continue;
      const auto id = TaskId::parse(*entry.key);
      auto mark = CommitMark::parse(*entry.value);
      if (id && mark) marks.emplace(*id, *std::move(mark));
      break;  // a task has its own partition
    }
  }
  return marks;
}

ModelState AtLeastOnce::replay(const Subtopology& subtopology, PartitionId partition,
                               std::vector<ModelOutput>& outputs) const {
  ModelState state;
  for (const SourceTopic& source : subtopology.sources) {
    const TopicPartition from{full_name(source), partition};
    if (!cluster_->has(from)) continue;
    const PartitionLog& log = cluster_->log(from);
    for (Offset at{0}; at < log.end(); at = next(at)) {
      const LogEntry& entry = log.at(at);
      if (entry.readable()) application_->replay(state, subtopology.id, from.topic, entry, outputs);
    }
  }
  return state;
}

ModelState AtLeastOnce::state_of(TaskId task) const {
  std::vector<ModelOutput> outputs;
  for (const Subtopology& one : application_->topology->subtopologies()) {
    if (one.id == task.subtopology) return replay(one, task.partition, outputs);
  }
  return {};
}

AtLeastOnce::Outputs AtLeastOnce::expected() const {
  std::vector<ModelOutput> all;
  for (const Subtopology& one : application_->topology->subtopologies()) {
    const auto& topics = cluster_->topics();
    const auto first = topics.find(full_name(one.sources.front()));
    if (first == topics.end()) continue;
    for (std::size_t p = 0; p < first->second.partitions.size(); ++p) {
      replay(one, static_cast<PartitionId>(p), all);
    }
  }
  Outputs outputs;
  for (ModelOutput& output : all) {
    outputs[{output.topic, output.key}].push_back(std::move(output.value));
  }
  return outputs;
}

AtLeastOnce::Outputs AtLeastOnce::seen() const {
  Outputs outputs;
  for (const std::string& name : application_->outputs) {
    const auto topic = cluster_->topics().find(name);
    if (topic == cluster_->topics().end()) continue;
    for (const PartitionLog& log : topic->second.partitions) {
      for (Offset at{0}; at < log.end(); at = next(at)) {
        const LogEntry& entry = log.at(at);
        if (entry.readable()) outputs[{name, *entry.key}].push_back(*entry.value);
      }
    }
  }
  return outputs;
}

std::string AtLeastOnce::repeated() const {
  const Outputs want = expected();
  for (const auto& [where, have] : seen()) {
    const auto found = want.find(where);
    const std::size_t most = found == want.end() ? 0 : found->second.size();
    if (have.size() <= most) continue;
    return "key " + where.second + " has " + std::to_string(have.size()) + " records in " +
           where.first + " instead of " + std::to_string(most) + ", and nothing went wrong yet";
  }
  return {};
}

std::string AtLeastOnce::missing() const {
  for (const Subtopology& one : application_->topology->subtopologies()) {
    for (const SourceTopic& source : one.sources) {
      const auto topic = cluster_->topics().find(full_name(source));
      if (topic == cluster_->topics().end()) return "topic " + source.name;
      for (std::size_t p = 0; p < topic->second.partitions.size(); ++p) {
        const TopicPartition partition{topic->first, static_cast<PartitionId>(p)};
        const PartitionLog& log = topic->second.partitions[p];
        for (Offset at = progress(partition); at < log.end(); at = next(at)) {
          if (log.at(at).readable()) return partition.to_string() + " isn't processed to its end";
        }
      }
    }
  }
  const Outputs have = seen();
  for (const auto& [where, values] : expected()) {
    const auto found = have.find(where);
    const std::size_t there = found == have.end() ? 0 : found->second.size();
    // Whatever names its record has to be there; of counts only how many there are is certain.
    if (application_->result_of) {
      std::set<std::string> results;
      for (std::size_t i = 0; i < there; ++i) {
        results.insert(application_->result_of(found->second[i]));
      }
      for (const std::string& value : values) {
        if (!results.contains(application_->result_of(value))) {
          return "key " + where.second + " in " + where.first + " lacks " + value;
        }
      }
    }
    if (there >= values.size()) continue;
    return "key " + where.second + " has " + std::to_string(there) + " records in " + where.first +
           " of at least " + std::to_string(values.size());
  }
  return {};
}

std::uint64_t AtLeastOnce::records() const {
  std::uint64_t records = 0;
  for (const std::string& input : application_->inputs) {
    for (const PartitionLog& log : cluster_->topics().at(input).partitions) {
      for (Offset at{0}; at < log.end(); at = next(at)) records += log.at(at).readable() ? 1 : 0;
    }
  }
  return records;
}

}  // namespace millstream::simulation
