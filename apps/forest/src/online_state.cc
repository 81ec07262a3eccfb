#include <millstream/forest/online_forest.h>
#include <millstream/forest/random.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

// The state as bytes: version (1), fingerprint of options and series (8), Head, then blocks of
// kOnlineFeatures doubles a record, the records oldest first. Little-endian.
namespace millstream::forest {
namespace {

constexpr char kStateVersion = 2;

static_assert(std::endian::native == std::endian::little);

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) { return mix_seed(hash, value); }

}  // namespace

std::uint64_t OnlineForest::fingerprint() const {
  std::uint64_t hash = seed_;
  for (const std::uint64_t option :
       {std::uint64_t{options_.trees}, std::uint64_t{options_.sample},
        std::uint64_t{options_.window}, std::uint64_t{options_.rebuild_every},
        std::uint64_t{options_.first_build}, std::uint64_t{options_.extra_depth}}) {
    hash = mixed(hash, option);
  }
  return hash;
}

std::uint64_t OnlineForest::first_block() const {
  return (head_.count - std::min(head_.count, needed())) / kBlockRecords;
}

std::uint64_t OnlineForest::end_block() const {
  return (head_.count + kBlockRecords - 1) / kBlockRecords;
}

void OnlineForest::serialize_head(std::string& bytes) const {
  static_assert(std::is_trivially_copyable_v<Head>);
  const std::uint64_t print = fingerprint();
  bytes.push_back(kStateVersion);
  bytes.append(reinterpret_cast<const char*>(&print), sizeof(print));
  bytes.append(reinterpret_cast<const char*>(&head_), sizeof(Head));
}

void OnlineForest::serialize_block(std::uint64_t block, std::string& bytes) const {
  const std::uint64_t begin = block * kBlockRecords;
  const std::uint64_t end = std::min(begin + kBlockRecords, head_.count);
  for (std::uint64_t record = begin; record < end; ++record) {
    bytes.append(reinterpret_cast<const char*>(&ring_[record % capacity_]), sizeof(Features));
  }
}

void OnlineForest::serialize(std::string& bytes) const {
  serialize_head(bytes);
  for (std::uint64_t block = first_block(); block < end_block(); ++block) {
    serialize_block(block, bytes);
  }
}

Status OnlineForest::deserialize(std::string_view bytes) {
  constexpr std::size_t kHeadSize = 1 + sizeof(std::uint64_t) + sizeof(Head);
  if (bytes.size() < kHeadSize || bytes[0] != kStateVersion) {
    return Error::data("an online forest's state that is truncated or of another version");
  }
  std::uint64_t print = 0;
  std::memcpy(&print, bytes.data() + 1, sizeof(print));
  if (print != fingerprint()) {
    return Error::data("an online forest's state of another series or other options");
  }
  Head head;
  std::memcpy(&head, bytes.data() + kHeadSize - sizeof(Head), sizeof(Head));
  if (!valid(head)) {
    return Error::data("an online forest's state with numbers that cannot be");
  }
  const std::uint64_t first =
      (head.count - std::min(head.count, needed())) / kBlockRecords * kBlockRecords;
  const std::uint64_t records = head.count - first;
  if (bytes.size() != kHeadSize + records * sizeof(Features)) {
    return Error::data("an online forest's state of " + std::to_string(bytes.size()) + " bytes; " +
                       std::to_string(kHeadSize + records * sizeof(Features)) + " are expected");
  }
  std::vector<Features> ring(std::min(head.count, capacity_));
  for (std::uint64_t i = 0; i < records; ++i) {
    Features& features = ring[(first + i) % capacity_];
    std::memcpy(&features, bytes.data() + kHeadSize + i * sizeof(Features), sizeof(Features));
    if (!std::all_of(features.begin(), features.end(), [](double x) { return std::isfinite(x); })) {
      return Error::data("an online forest's state with a value that is not finite");
    }
  }
  head_ = head;
  last_ = {};
  ring_ = std::move(ring);
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
