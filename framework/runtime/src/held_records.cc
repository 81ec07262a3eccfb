#include "held_records.h"

#include <optional>
#include <string_view>

namespace millstream {

void HeldRecords::add(const OutgoingRecord& record) {
  const auto keep = [this](std::optional<std::string_view> part) {
    if (part) bytes_.append(*part);
    return part ? std::optional(part->size()) : std::nullopt;
  };
  bytes_.append(record.topic);
  const auto key = keep(record.key);
  const auto value = keep(record.value);
  records_.push_back({.topic = record.topic.size(),
                      .key = key,
                      .value = value,
                      .partition = record.partition,
                      .timestamp = record.timestamp,
                      .headers = record.headers != nullptr ? *record.headers : Headers()});
}

void HeldRecords::for_each(const std::function<void(const OutgoingRecord&)>& visit) const {
  std::string_view rest = bytes_;
  const auto take = [&rest](std::size_t size) {
    const std::string_view part = rest.substr(0, size);
    rest.remove_prefix(size);
    return part;
  };
  for (const Record& record : records_) {
    OutgoingRecord out{.partition = record.partition, .timestamp = record.timestamp};
    out.topic = take(record.topic);
    if (record.key) out.key = take(*record.key);
    if (record.value) out.value = take(*record.value);
    if (!record.headers.empty()) out.headers = &record.headers;
    visit(out);
  }
}

void HeldRecords::clear() {
  bytes_.clear();
  records_.clear();
}

}  // namespace millstream
