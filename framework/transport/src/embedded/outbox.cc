#include "outbox.h"

#include <millstream/core/murmur2.h>

#include <algorithm>

namespace millstream::embedded {
namespace {

constexpr std::size_t kFullBlockBytes = std::size_t{64} << 10U;
constexpr std::uint32_t kFullBlockRecords = 1000;

std::size_t size_of(const std::optional<std::string_view>& bytes) {
  return bytes ? bytes->size() : 0;
}

}  // namespace

bool OutboxSlot::is_full() const {
  return builder.bytes() >= kFullBlockBytes || builder.count() >= kFullBlockRecords;
}

void OutboxSlot::seal(Timestamp now) {
  if (!builder.empty()) sealed.push_back(builder.seal(now));
}

Result<OutboxSlot*> Outbox::add(const OutgoingRecord& record) {
  const Result<TopicSlots*> topic = find(record.topic);
  if (!topic) return topic.error();
  const TopicSettings& settings = (*topic)->topic->settings;
  const std::size_t size = size_of(record.key) + size_of(record.value);
  if (size > static_cast<std::size_t>(settings.max_message_bytes)) {
    return Error::user("a record of " + std::to_string(size) + " bytes for topic \"" +
                       std::string(record.topic) + "\" is larger than its max.message.bytes of " +
                       std::to_string(settings.max_message_bytes));
  }
  if (settings.compact && !record.key) {
    return Error::user("topic \"" + std::string(record.topic) +
                       "\" is compacted, so its records need keys");
  }
  const Result<OutboxSlot*> found = choose(**topic, record);
  if (!found) return found.error();
  OutboxSlot& slot = **found;
  headers_.clear();
  if (record.headers != nullptr) encode_headers(*record.headers, headers_);
  if (!slot.touched) {
    slot.touched = true;
    touched_.push_back(&slot);
  }
  slot.builder.add(slot.builder.count(), {record.key, record.value, record.timestamp, headers_});
  bytes_added_ += size + headers_.size() + 8;
  return &slot;
}

Result<Outbox::TopicSlots*> Outbox::find(std::string_view topic) {
  if (last_ != nullptr && last_->topic->name == topic && !last_->topic->deleted) return last_;
  last_ = nullptr;
  auto it = by_topic_.find(topic);
  if (it != by_topic_.end() && it->second.topic->deleted) {
    const auto& slots = it->second.slots;
    if (std::any_of(slots.begin(), slots.end(), [](const auto& slot) { return slot.touched; })) {
      return Error::user("topic \"" + std::string(topic) + "\" was deleted");
    }
    by_topic_.erase(it);
    it = by_topic_.end();
  }
  if (it == by_topic_.end()) {
    auto found = topics_.find(topic);
    if (!found) return found.error();
    TopicSlots slots{*found, std::vector<OutboxSlot>((*found)->partitions.size()), 0};
    for (std::size_t p = 0; p < slots.slots.size(); ++p) {
      slots.slots[p].topic = *found;
      slots.slots[p].partition = static_cast<PartitionId>(p);
    }
    it = by_topic_.emplace(std::string(topic), std::move(slots)).first;
  }
  last_ = &it->second;
  return last_;
}

Result<OutboxSlot*> Outbox::choose(TopicSlots& topic, const OutgoingRecord& record) const {
  const auto count = static_cast<PartitionId>(topic.slots.size());
  if (record.partition) {
    if (*record.partition < 0 || *record.partition >= count) {
      return Error::user("topic \"" + topic.topic->name + "\" has " + std::to_string(count) +
                         " partitions, so there is no partition " +
                         std::to_string(*record.partition));
    }
    return &topic.slots[static_cast<std::size_t>(*record.partition)];
  }
  if (record.key) {
    return &topic.slots[static_cast<std::size_t>(partition_for_key(*record.key, count))];
  }
  OutboxSlot& slot = topic.slots[topic.keyless];
  if (slot.builder.count() + 1 >= kFullBlockRecords || slot.is_full()) {
    topic.keyless = (topic.keyless + 1) % topic.slots.size();
  }
  return &slot;
}

void Outbox::taken() {
  for (OutboxSlot* slot : touched_) {
    slot->touched = false;
    slot->sealed.clear();
  }
  touched_.clear();
}

void Outbox::taken(OutboxSlot& slot) {
  slot.touched = false;
  slot.sealed.clear();
  std::erase(touched_, &slot);
}

void Outbox::drop() {
  for (OutboxSlot* slot : touched_) slot->builder.clear();
  taken();
}

void Outbox::forget_ends() {
  for (auto& entry : by_topic_) {
    for (OutboxSlot& slot : entry.second.slots) slot.end_written = Offset::kNone;
  }
}

Offset Outbox::end_written(const TopicPartition& partition) const {
  const auto it = by_topic_.find(partition.topic);
  if (it == by_topic_.end() || partition.partition < 0 ||
      static_cast<std::size_t>(partition.partition) >= it->second.slots.size()) {
    return Offset::kNone;
  }
  return it->second.slots[static_cast<std::size_t>(partition.partition)].end_written;
}

}  // namespace millstream::embedded
