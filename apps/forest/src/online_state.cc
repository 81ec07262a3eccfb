#include <millstream/forest/online_forest.h>

#include <algorithm>
#include <cmath>

#include "state_bytes.h"

// The state as bytes: version (1), fingerprint of options and series (8), Head, then blocks of
// kOnlineFeatures doubles a record, the records oldest first. Little-endian.
namespace millstream::forest {
namespace {

constexpr char kStateVersion = 2;
constexpr std::size_t kPrefix = 1 + sizeof(std::uint64_t);

}  // namespace

BlockRange OnlineForest::blocks_of(std::uint64_t count) const {
  return {.first = (count - std::min(count, needed())) / kBlockRecords,
          .end = (count + kBlockRecords - 1) / kBlockRecords,
          .slots = capacity_ / kBlockRecords};
}

void OnlineForest::serialize_head(std::string& bytes) const {
  bytes.push_back(kStateVersion);
  append_bytes(bytes, fingerprint_);
  append_bytes(bytes, head_);
}

void OnlineForest::serialize_block(std::uint64_t block, std::string& bytes) const {
  const std::uint64_t begin = block * kBlockRecords;
  const std::uint64_t end = std::min(begin + kBlockRecords, head_.count);
  for (std::uint64_t record = begin; record < end; ++record) {
    for (const auto& column : columns_) {
      append_bytes(bytes, column[record % capacity_]);
    }
  }
}

void OnlineForest::serialize(std::string& bytes) const {
  serialize_head(bytes);
  const BlockRange range = blocks();
  for (std::uint64_t block = range.first; block < range.end; ++block) {
    serialize_block(block, bytes);
  }
}

bool OnlineForest::is_mine(std::string_view head) const {
  return head.size() >= kPrefix && head[0] == kStateVersion &&
         *read_bytes<std::uint64_t>(head.substr(1)) == fingerprint_;
}

Result<BlockRange> OnlineForest::blocks(std::string_view head) const {
  if (!is_mine(head)) {
    return Error::data("an online forest's state of another version, series or other options");
  }
  const auto found = read_bytes<Head>(head.substr(kPrefix));
  if (!found || !valid(*found)) {
    return Error::data("an online forest's state that is truncated or with impossible numbers");
  }
  return blocks_of(found->count);
}

Status OnlineForest::deserialize(std::string_view bytes) {
  constexpr std::size_t kHeadSize = kPrefix + sizeof(Head);
  const auto range = blocks(bytes);
  if (!range) {
    return range.error();
  }
  const Head head = *read_bytes<Head>(bytes.substr(kPrefix));
  const std::uint64_t first = range->first * kBlockRecords;
  const std::uint64_t records = head.count - first;
  if (bytes.size() != kHeadSize + records * sizeof(Features)) {
    return Error::data("an online forest's state of " + std::to_string(bytes.size()) + " bytes; " +
                       std::to_string(kHeadSize + records * sizeof(Features)) + " are expected");
  }
  std::array<std::vector<double>, kOnlineFeatures> columns;
  columns.fill(std::vector<double>(std::min(head.count, capacity_)));
  for (std::uint64_t i = 0; i < records; ++i) {
    const auto features = *read_bytes<Features>(bytes.substr(kHeadSize + i * sizeof(Features)));
    if (!std::all_of(features.begin(), features.end(), [](double x) { return std::isfinite(x); })) {
      return Error::data("an online forest's state with a value that is not finite");
    }
    for (std::size_t f = 0; f < kOnlineFeatures; ++f) {
      columns[f][(first + i) % capacity_] = features[f];
    }
  }
  head_ = head;
  last_ = {};
  columns_ = std::move(columns);
  rebuild_all();
  return {};
}

bool OnlineForest::valid(const Head& h) {
  const auto finite = [](double x) { return std::isfinite(x) && std::abs(x) < 1e300; };
  return h.count < (std::uint64_t{1} << 56U) && h.last_alarm <= h.count && h.hour <= kHours &&
         (h.hour == kHours || h.visit_count > 0) && finite(h.last) && h.raised >= 0 &&
         finite(h.raised) && finite(h.visit_start) && finite(h.visit_sum) &&
         std::all_of(h.hour_means.begin(), h.hour_means.end(), finite) &&
         std::all_of(h.residuals.begin(), h.residuals.end(), finite) &&
         std::all_of(h.values.begin(), h.values.end(), finite) &&
         std::all_of(h.steps.begin(), h.steps.end(), finite);
}

}  // namespace millstream::forest
