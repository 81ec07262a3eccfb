#include <millstream/forest/random.h>
#include <millstream/forest/series_forest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

#include "feature_matrix.h"
#include "state_bytes.h"

// The state as bytes: version (1), fingerprint of options and series (8), Head, length of the
// extractor's state (4) and that state; then blocks of kFeatureCount doubles a row, oldest first.
namespace millstream::forest {
namespace {

constexpr char kStateVersion = 1;
constexpr double kLargest = 1e100;
constexpr double kLevelRate = 0.0561;  // half-life of 12 records

Status out_of_range(const char* name, double value, const char* range) {
  return Error::user(std::string("the forest a series' ") + name + " is " + std::to_string(value) +
                     "; choose " + range);
}

std::uint64_t fingerprint_of(const SeriesForestOptions& o, std::uint64_t seed) {
  return mix_all({seed, o.features.window, std::bit_cast<std::uint64_t>(o.features.short_half_life),
                  std::bit_cast<std::uint64_t>(o.features.long_half_life), o.features.warm_up,
                  o.trees, o.sample, o.window, o.first_fit, o.refit_every,
                  std::bit_cast<std::uint64_t>(o.contamination)});
}

}  // namespace

Status SeriesForestOptions::check() const {
  MILLSTREAM_TRY(features.check());
  if (trees < 1 || trees > 1000) return out_of_range("trees", trees, "1 to 1000");
  if (sample < 2 || sample > 4096) return out_of_range("sample", sample, "2 to 4096");
  if (window < 2 || window > 100'000) return out_of_range("window", window, "2 to 100000");
  if (first_fit < 2 || first_fit > window) {
    return out_of_range("first_fit", first_fit, "2 to the window");
  }
  if (refit_every < 1 || refit_every > 1'000'000) {
    return out_of_range("refit_every", refit_every, "1 to 1000000");
  }
  if (!(contamination > 0 && contamination <= 0.5)) {
    return out_of_range("contamination", contamination, "a share above 0 and up to 0.5");
  }
  return {};
}

SeriesForest::SeriesForest(const SeriesForestOptions& options, std::string_view series)
    : options_(options),
      seed_(mix_seed(options.seed, hash_name(series))),
      fingerprint_(fingerprint_of(options, seed_)),
      capacity_((needed() / kBlockRecords + 2) * kBlockRecords),
      extractor_(options.features) {}

// The rows from which the present forest can be trained again.
std::uint64_t SeriesForest::needed() const {
  return std::uint64_t{options_.window} + options_.refit_every;
}

SeriesScore SeriesForest::update(std::int64_t timestamp_ms, double value) {
  SeriesScore result;
  if (!std::isfinite(value)) return result;
  const double clamped = std::clamp(value, -kLargest, kLargest);
  head_.level += (extractor_.count() == 0 ? 1 : kLevelRate) * (clamped - head_.level);
  if (!extractor_.update(timestamp_ms, value, last_)) return result;
  if (model_) {
    result.score = model_->score(last_);
    result.threshold = model_->parts().threshold;
  }
  if (ring_.size() < capacity_) {
    if (ring_.size() == ring_.capacity()) {
      ring_.reserve(
          std::min<std::uint64_t>(capacity_, std::max<std::size_t>(64, 2 * ring_.size())));
    }
    ring_.push_back(last_);
  } else {
    ring_[head_.rows % capacity_] = last_;
  }
  ++head_.rows;
  const bool quiet = head_.last_alarm != 0 && head_.rows - head_.last_alarm <= options_.refractory;
  if (model_ && model_->is_anomaly(result.score) && !quiet) {
    result.alarm = true;
    head_.last_alarm = head_.rows;
  }
  if (last_fit(head_.rows) == head_.rows) train(head_.rows);
  return result;
}

std::vector<Contribution> SeriesForest::explain() const {
  return model_ ? model_->explain(last_) : std::vector<Contribution>();
}

// The number of rows when the forest was trained last; 0: not yet.
std::uint64_t SeriesForest::last_fit(std::uint64_t rows) const {
  if (rows < options_.first_fit) return 0;
  return rows - (rows - options_.first_fit) % options_.refit_every;
}

void SeriesForest::train(std::uint64_t at_rows) {
  FeatureMatrix matrix;
  const std::uint64_t n = std::min<std::uint64_t>(at_rows, options_.window);
  for (std::uint64_t row = at_rows - n; row < at_rows; ++row) {
    const Features& features = ring_[row % capacity_];
    matrix.values.insert(matrix.values.end(), features.begin(), features.end());
    matrix.records.push_back(static_cast<std::uint32_t>(row));
  }
  TrainingOptions options{.features = options_.features, .contamination = options_.contamination};
  options.forest.trees = options_.trees;
  options.forest.max_samples = options_.sample;
  options.forest.seed = mix_seed(seed_, at_rows);
  // Options that passed check() and rows that are finite make a model.
  if (auto model = fit(matrix, options, {}, n, 1)) model_.emplace(std::move(*model));
}

std::size_t SeriesForest::memory() const {
  std::size_t bytes = sizeof(*this) + ring_.capacity() * sizeof(Features);
  // A tree has below two nodes a row; the forest keeps a node and a depth of each.
  if (model_) {
    bytes +=
        std::size_t{options_.trees} * 2 * options_.sample * (sizeof(TreeNode) + sizeof(double));
  }
  return bytes;
}

void SeriesForest::serialize_head(std::string& bytes) const {
  std::string extractor;
  extractor_.serialize(extractor);
  bytes.push_back(kStateVersion);
  append_bytes(bytes, fingerprint_);
  append_bytes(bytes, head_);
  append_bytes(bytes, static_cast<std::uint32_t>(extractor.size()));
  bytes += extractor;
}

void SeriesForest::serialize_block(std::uint64_t block, std::string& bytes) const {
  const std::uint64_t begin = block * kBlockRecords;
  const std::uint64_t end = std::min(begin + kBlockRecords, head_.rows);
  for (std::uint64_t row = begin; row < end; ++row) append_bytes(bytes, ring_[row % capacity_]);
}

BlockRange SeriesForest::blocks_of(std::uint64_t rows) const {
  return {.first = (rows - std::min(rows, needed())) / kBlockRecords,
          .end = (rows + kBlockRecords - 1) / kBlockRecords,
          .slots = capacity_ / kBlockRecords};
}

bool SeriesForest::is_mine(std::string_view head) const {
  const auto print = head.size() < 9 ? std::nullopt : read_bytes<std::uint64_t>(head.substr(1));
  return print && head[0] == kStateVersion && *print == fingerprint_;
}

Result<BlockRange> SeriesForest::blocks(std::string_view head) const {
  if (!is_mine(head)) return Error::data("a forest's state of another series or other options");
  const auto found = read_bytes<Head>(head.substr(9));
  if (!found || found->rows >= (std::uint64_t{1} << 56U) || found->last_alarm > found->rows ||
      !std::isfinite(found->level)) {
    return Error::data("a forest's state that is truncated or with numbers that cannot be");
  }
  return blocks_of(found->rows);
}

Status SeriesForest::deserialize(std::string_view bytes) {
  constexpr std::size_t kFixed = 9 + sizeof(Head) + sizeof(std::uint32_t);
  const auto range = blocks(bytes);
  if (!range) return range.error();
  const Head head = *read_bytes<Head>(bytes.substr(9));
  const auto length = read_bytes<std::uint32_t>(bytes.substr(9 + sizeof(Head)));
  const std::uint64_t first = range->first * kBlockRecords;
  const std::uint64_t rows = head.rows - first;
  if (!length || bytes.size() != kFixed + *length + rows * sizeof(Features)) {
    return Error::data("a forest's state of " + std::to_string(bytes.size()) +
                       " bytes, which is not what its head says");
  }
  FeatureExtractor extractor(options_.features);
  MILLSTREAM_TRY(extractor.deserialize(bytes.substr(kFixed, *length)));
  std::vector<Features> ring(std::min(head.rows, capacity_));
  for (std::uint64_t i = 0; i < rows; ++i) {
    const auto row = *read_bytes<Features>(bytes.substr(kFixed + *length + i * sizeof(Features)));
    if (!std::all_of(row.begin(), row.end(), [](double x) { return std::isfinite(x); })) {
      return Error::data("a forest's state with a value that is not finite");
    }
    ring[(first + i) % capacity_] = row;
  }
  extractor_ = extractor;
  head_ = head;
  ring_ = std::move(ring);
  last_ = {};
  model_.reset();
  if (const std::uint64_t fitted = last_fit(head_.rows); fitted > 0) train(fitted);
  return {};
}

}  // namespace millstream::forest
