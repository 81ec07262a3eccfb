#pragma once

#include <millstream/transport/broker.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace millstream {

/// Records that wait for the next transaction, in the order in which they came, with bytes of their
/// own. The memory is used again after `clear`. **Thread**: one.
class HeldRecords {
 public:
  void add(const OutgoingRecord& record);
  void for_each(const std::function<void(const OutgoingRecord&)>& visit) const;
  void clear();
  /// Memory of what is held. **Units**: bytes.
  [[nodiscard]] std::size_t bytes() const {
    return bytes_.size() + (records_.size() * sizeof(Record));
  }

 private:
  /// Lengths of what lies in `bytes_` one behind the other.
  struct Record {
    std::size_t topic;
    std::optional<std::size_t> key;
    std::optional<std::size_t> value;
    std::optional<PartitionId> partition;
    Timestamp timestamp;
    Headers headers;
  };

  std::string bytes_;
  std::vector<Record> records_;
};

}  // namespace millstream
