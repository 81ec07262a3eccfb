#include "topic_registry.h"

#include "maintenance.h"

#include <millstream/core/big_endian.h>

#include <mutex>

namespace millstream::embedded {
namespace {

constexpr PartitionId kMostPartitions = 100'000;

std::string topic_key(std::string_view name) { return std::string(kTopicPrefix).append(name); }

/// The first text after all that begin with `prefix`.
std::string after_prefix(std::string_view prefix) {
  std::string after(prefix);
  ++after.back();
  return after;
}

}  // namespace

Status TopicRegistry::load() {
  const auto next_id = database_.get(kMetaFamily, kNextTopicKey);
  if (!next_id) return next_id.error();
  if (next_id->has_value() && (*next_id)->size() == 4) {
    next_id_ = read_big_endian<std::uint32_t>(**next_id);
  }
  const auto scan = database_.scan(kMetaFamily, kTopicPrefix, after_prefix(kTopicPrefix),
                                   ScanDirection::kForward);
  for (; scan->valid(); scan->next()) {
    const std::string name(scan->key().substr(kTopicPrefix.size()));
    const auto stored = Topic::decode(scan->value());
    if (!stored) return stored.error().within("topic " + name);
    MILLSTREAM_TRY(add(name, *stored));
  }
  return scan->status();
}

Status TopicRegistry::add(const std::string& name, const Topic::Stored& stored) {
  auto settings = TopicSettings::parse(stored.config);
  if (!settings) return settings.error().within("topic " + name);
  auto topic = std::make_shared<Topic>();
  topic->name = name;
  topic->id = stored.id;
  topic->config = stored.config;
  topic->settings = *settings;
  for (PartitionId p = 0; p < stored.partitions; ++p) {
    auto partition = PartitionLog::recover({name, p}, {stored.id, p}, database_);
    if (!partition) return partition.error();
    topic->partitions.push_back(std::move(*partition));
  }
  topics_.insert_or_assign(name, std::move(topic));
  return {};
}

Result<std::shared_ptr<const Topic>> TopicRegistry::find(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto it = topics_.find(name);
  if (it != topics_.end()) return std::shared_ptr<const Topic>(it->second);
  return Error::user("topic \"" + std::string(name) + "\" does not exist in the embedded log in " +
                     directory_ + "; create it first, the log makes no topic by itself");
}

Result<std::shared_ptr<PartitionLog>> TopicRegistry::find(const TopicPartition& partition) const {
  const auto topic = find(partition.topic);
  if (!topic) return topic.error();
  const auto& partitions = (*topic)->partitions;
  if (partition.partition >= 0 &&
      static_cast<std::size_t>(partition.partition) < partitions.size()) {
    return partitions[static_cast<std::size_t>(partition.partition)];
  }
  return Error::user("topic \"" + partition.topic + "\" has " + std::to_string(partitions.size()) +
                     " partitions, so there is no partition " +
                     std::to_string(partition.partition));
}

std::vector<std::shared_ptr<const Topic>> TopicRegistry::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::shared_ptr<const Topic>> out;
  for (const auto& entry : topics_) out.push_back(entry.second);
  return out;
}

Status TopicRegistry::create(const NewTopic& topic) {
  MILLSTREAM_TRY(check_topic_name(topic.name));
  const PartitionId partitions = topic.partitions == -1 ? 1 : topic.partitions;
  if (partitions < 1 || partitions > kMostPartitions) {
    return Error::user("topic \"" + topic.name + "\" cannot have " +
                       std::to_string(topic.partitions) + " partitions");
  }
  if (const auto settings = TopicSettings::parse(topic.config); !settings) {
    return settings.error().within("topic \"" + topic.name + "\"");
  }
  const std::unique_lock lock(mutex_);
  if (topics_.contains(topic.name)) return {};
  std::string next_id;
  append_big_endian(next_id, next_id_ + 1);
  DatabaseBatch batch;
  batch.put(kMetaFamily, kNextTopicKey, next_id);
  batch.put(kMetaFamily, topic_key(topic.name), Topic::encode(next_id_, partitions, topic.config));
  MILLSTREAM_TRY(database_.write(batch, false));
  return add(topic.name, {next_id_++, partitions, topic.config});
}

Status TopicRegistry::remove(const std::string& name) {
  std::shared_ptr<Topic> topic;
  {
    const std::unique_lock lock(mutex_);
    const auto it = topics_.find(name);
    if (it == topics_.end()) {
      return Error::user("topic \"" + name + "\" cannot be deleted: it does not exist");
    }
    DatabaseBatch batch;
    batch.erase(kMetaFamily, topic_key(name));
    MILLSTREAM_TRY(database_.write(batch, false));
    topic = it->second;
    topic->deleted = true;
    topics_.erase(it);
  }
  return maintenance_.drop_topic(*topic);
}

}  // namespace millstream::embedded
