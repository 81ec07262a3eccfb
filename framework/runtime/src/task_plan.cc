#include "task_plan.h"

#include "topic_checks.h"

#include <algorithm>
#include <optional>
#include <set>

namespace millstream {

namespace {

constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;

std::string full_name(const StreamsConfig& config, const SourceTopic& topic) {
  return topic.internal ? internal_topic(config, topic.name) : topic.name;
}

/// Counts of the topics that users make. **Errors**: kUser naming those that are missing.
Result<std::map<std::string, PartitionId>> external_counts(const BuiltTopology& topology,
                                                           Admin& admin) {
  std::set<std::string> sources;
  std::set<std::string> all;
  for (const Subtopology& subtopology : topology.subtopologies()) {
    for (const SourceTopic& source : subtopology.sources) {
      if (!source.internal) sources.insert(source.name);
    }
    for (const SourceTopic& sink : subtopology.sinks) {
      if (!sink.internal) all.insert(sink.name);
    }
  }
  for (const GlobalStore& global : topology.global_stores()) sources.insert(global.topic);
  all.insert(sources.begin(), sources.end());
  const std::vector<std::string> names(all.begin(), all.end());
  auto counts = admin.partition_counts(names);
  if (!counts) return counts;
  for (const std::string& source : sources) {
    if (!counts->contains(source)) {
      return Error::user("source topic " + source +
                         " does not exist; create it before the application starts");
    }
  }
  return counts;
}

using Counts = std::map<std::string, PartitionId, std::less<>>;

/// The partitions of a sub-topology's tasks, as far as its sources are known.
std::optional<PartitionId> task_count(const StreamsConfig& config, const Subtopology& subtopology,
                                      const Counts& counts) {
  PartitionId most = 0;
  for (const SourceTopic& source : subtopology.sources) {
    const auto count = counts.find(full_name(config, source));
    if (count == counts.end()) return std::nullopt;
    most = std::max(most, count->second);
  }
  return most;
}

/// Partitions of a repartition topic: what the user said, what its co-partitioned topics have, or
/// what the sub-topologies that write it have.
std::optional<PartitionId> repartition_count(const StreamsConfig& config,
                                             const BuiltTopology& topology,
                                             const Subtopology& reader, const SourceTopic& topic,
                                             const Counts& counts) {
  if (topic.partitions) return topic.partitions;
  for (const auto& group : reader.copartition_groups) {
    if (std::find(group.begin(), group.end(), topic.name) == group.end()) continue;
    for (const SourceTopic& other : reader.sources) {
      if (std::find(group.begin(), group.end(), other.name) == group.end()) continue;
      if (other.partitions) return other.partitions;
      const auto count = counts.find(full_name(config, other));
      if (!other.internal && count != counts.end()) return count->second;
    }
  }
  std::optional<PartitionId> most;
  for (const Subtopology& writer : topology.subtopologies()) {
    const bool writes = std::any_of(writer.sinks.begin(), writer.sinks.end(), [&](const auto& s) {
      return s.internal && s.name == topic.name;
    });
    if (!writes) continue;
    const auto count = task_count(config, writer, counts);
    if (!count) return std::nullopt;
    most = std::max(most.value_or(0), *count);
  }
  return most;
}

/// Work out the counts of repartition topics, each after those that it depends on.
Status add_repartition_counts(const StreamsConfig& config, const BuiltTopology& topology,
                              Counts& counts) {
  bool changed = true;
  while (changed) {
    changed = false;
    for (const Subtopology& subtopology : topology.subtopologies()) {
      for (const SourceTopic& source : subtopology.sources) {
        const std::string name = full_name(config, source);
        if (!source.internal || counts.contains(name)) continue;
        const auto count = repartition_count(config, topology, subtopology, source, counts);
        if (!count) continue;
        counts[name] = *count;
        changed = true;
      }
    }
  }
  for (const Subtopology& subtopology : topology.subtopologies()) {
    for (const SourceTopic& source : subtopology.sources) {
      if (counts.contains(full_name(config, source))) continue;
      return Error::user("repartition topic " + source.name +
                         ": nothing says how many partitions it needs; give its repartition() a "
                         "number of partitions");
    }
  }
  return {};
}

Status check_copartitioning(const StreamsConfig& config, const BuiltTopology& topology,
                            const Counts& counts) {
  for (const Subtopology& subtopology : topology.subtopologies()) {
    for (const auto& group : subtopology.copartition_groups) {
      std::string said;
      std::set<PartitionId> different;
      for (const SourceTopic& source : subtopology.sources) {
        if (std::find(group.begin(), group.end(), source.name) == group.end()) continue;
        const PartitionId count = counts.find(full_name(config, source))->second;
        different.insert(count);
        said += (said.empty() ? "" : ", ") + source.name + " has " + std::to_string(count);
      }
      if (different.size() > 1) {
        return Error::user("topics that are joined must have the same number of partitions: " +
                           said + "; repartition one of them");
      }
    }
  }
  return {};
}

bool is_windowed(const StoreSpec& store) {
  return store.kind == StoreKind::kWindow || store.kind == StoreKind::kTimestampedWindow ||
         store.kind == StoreKind::kSession;
}

/// Settings of a changelog as Kafka Streams makes it.
std::map<std::string, std::string> changelog_settings(const StoreSpec& store) {
  std::map<std::string, std::string> settings;
  settings["message.timestamp.type"] = "CreateTime";
  if (is_windowed(store)) {
    settings["cleanup.policy"] = "compact,delete";
    settings["retention.ms"] = std::to_string(store.retention.count() + kDayMs);
  } else {
    settings["cleanup.policy"] = "compact";
  }
  if (store.kind == StoreKind::kVersioned) {
    settings["min.compaction.lag.ms"] = std::to_string(store.retention.count() + kDayMs);
  }
  for (const auto& [name, value] : store.changelog_config) settings[name] = value;
  return settings;
}

std::vector<NewTopic> wanted_topics(const StreamsConfig& config, const BuiltTopology& topology,
                                    const TaskPlan& plan) {
  std::vector<NewTopic> topics;
  for (const Subtopology& subtopology : topology.subtopologies()) {
    const PartitionId tasks = *task_count(config, subtopology, plan.partitions);
    for (const SourceTopic& source : subtopology.sources) {
      if (!source.internal) continue;
      topics.push_back({full_name(config, source),
                        plan.partitions.find(full_name(config, source))->second,
                        {{"cleanup.policy", "delete"},
                         {"retention.ms", "-1"},
                         {"segment.bytes", "52428800"},
                         {"message.timestamp.type", "CreateTime"}},
                        config.replication_factor});
    }
    for (const StoreSpec& store : subtopology.stores) {
      if (!store.logging || !store.changelog_topic.empty()) continue;
      topics.push_back({changelog_topic(config, store), tasks, changelog_settings(store),
                        config.replication_factor});
    }
  }
  const auto count = static_cast<PartitionId>(plan.tasks.size());
  topics.push_back(
      {plan.coordination_topic, count, {{"cleanup.policy", "compact"}}, config.replication_factor});
  topics.push_back({plan.commits_topic,
                    count,
                    {{"cleanup.policy", "compact"}, {"segment.bytes", "16777216"}},
                    config.replication_factor});
  return topics;
}

/// Make what is missing; refuse what is there with another number of partitions, or a policy by
/// which it would lose records.
Status ensure_topics(const std::vector<NewTopic>& wanted, Admin& admin, Logger& logger) {
  std::vector<std::string> names;
  for (const NewTopic& topic : wanted) names.push_back(topic.name);
  const auto present = admin.partition_counts(names);
  if (!present) return present.error();
  std::vector<NewTopic> missing;
  for (const NewTopic& topic : wanted) {
    const auto count = present->find(topic.name);
    if (count == present->end()) {
      missing.push_back(topic);
    } else if (count->second != topic.partitions) {
      return Error::user("internal topic " + topic.name + " has " + std::to_string(count->second) +
                         " partitions, but the topology needs " + std::to_string(topic.partitions) +
                         "; use another application.id, or reset the application");
    } else {
      MILLSTREAM_TRY(check_internal_topic(topic, admin, logger));
    }
  }
  if (missing.empty()) return {};
  logger.info("makes internal topics", {{"count", std::to_string(missing.size())}});
  return admin.create_topics(missing);
}

}  // namespace

PartitionId TaskPlan::index_of(TaskId task) const {
  return static_cast<PartitionId>(std::lower_bound(tasks.begin(), tasks.end(), task) -
                                  tasks.begin());
}

std::string internal_topic(const StreamsConfig& config, std::string_view name) {
  return config.application_id + "-" + std::string(name);
}

std::string changelog_topic(const StreamsConfig& config, const StoreSpec& store) {
  return store.changelog_topic.empty() ? internal_topic(config, store.name + "-changelog")
                                       : store.changelog_topic;
}

Result<TaskPlan> make_task_plan(const StreamsConfig& config, const BuiltTopology& topology,
                                Admin& admin, Logger& logger) {
  const auto external = external_counts(topology, admin);
  if (!external) return external.error();
  TaskPlan plan;
  plan.coordination_topic = internal_topic(config, "coordination");
  plan.commits_topic = internal_topic(config, "commits");
  plan.partitions.insert(external->begin(), external->end());
  MILLSTREAM_TRY(add_repartition_counts(config, topology, plan.partitions));
  MILLSTREAM_TRY(check_copartitioning(config, topology, plan.partitions));
  for (const Subtopology& subtopology : topology.subtopologies()) {
    const PartitionId count = *task_count(config, subtopology, plan.partitions);
    for (PartitionId p = 0; p < count; ++p) plan.tasks.push_back({subtopology.id, p});
  }
  std::sort(plan.tasks.begin(), plan.tasks.end());
  MILLSTREAM_TRY(ensure_topics(wanted_topics(config, topology, plan), admin, logger));
  warn_about_durability(config, plan.commits_topic, admin, logger);
  return plan;
}

}  // namespace millstream
