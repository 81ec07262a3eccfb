#pragma once

#include "block.h"
#include "topic.h"
#include "topic_registry.h"

#include <millstream/core/result.h>
#include <millstream/transport/broker.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace millstream::embedded {

/// A producer's records for one partition, encoded but not yet written.
struct OutboxSlot {
  std::shared_ptr<const Topic> topic;
  PartitionId partition = 0;
  BlockBuilder builder;
  std::vector<std::shared_ptr<Block>> sealed;
  /// The end of what the producer has written here.
  Offset end_written = Offset::kNone;
  bool touched = false;

  [[nodiscard]] bool is_full() const;
  /// Close the block that is being filled, if it has records.
  void seal(Timestamp now);
};

/// Finds each record's partition and encodes it there. **Thread**: its producer's.
class Outbox {
 public:
  explicit Outbox(const TopicRegistry& topics) : topics_(topics) {}

  /// **Errors**: kUser: no such topic or partition, too large, or null where a key is needed.
  /// **Lifetime**: the slot stays until `forget` or its topic's deletion.
  Result<OutboxSlot*> add(const OutgoingRecord& record);
  /// The slots that have records, in the order of their first one.
  [[nodiscard]] const std::vector<OutboxSlot*>& touched() const { return touched_; }
  /// These slots' records have been taken over.
  void taken();
  void taken(OutboxSlot& slot);
  /// Drop all records that have not been taken over.
  void drop();
  /// Begin to count `end_written` anew.
  void forget_ends();
  [[nodiscard]] Offset end_written(const TopicPartition& partition) const;
  /// Encoded bytes of all records ever added, roughly.
  [[nodiscard]] std::size_t bytes_added() const { return bytes_added_; }

 private:
  struct TopicSlots {
    std::shared_ptr<const Topic> topic;
    std::vector<OutboxSlot> slots;
    /// Where records without a key go until the block is full.
    std::size_t keyless = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  Result<TopicSlots*> find(std::string_view topic);
  Result<OutboxSlot*> choose(TopicSlots& topic, const OutgoingRecord& record) const;

  const TopicRegistry& topics_;
  std::unordered_map<std::string, TopicSlots, Hash, std::equal_to<>> by_topic_;
  TopicSlots* last_ = nullptr;
  std::vector<OutboxSlot*> touched_;
  std::string headers_;
  std::size_t bytes_added_ = 0;
};

}  // namespace millstream::embedded
