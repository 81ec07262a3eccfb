#include <millstream/forest/isolation_forest.h>
#include <millstream/forest/online_forest.h>
#include <millstream/forest/random.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

#include "state_bytes.h"

namespace millstream::forest {
namespace {

constexpr double kLargest = 1e100;
constexpr std::int64_t kHourMs = 3'600'000;

Status out_of_range(const char* name, double value, const char* range) {
  return Error::user(std::string("the online forest's ") + name + " is " + std::to_string(value) +
                     "; choose " + range);
}

// Around the first number, so that equal ones have exactly their own mean.
double mean_of(std::span<const double> numbers) {
  double sum = 0;
  for (const double x : numbers) {
    sum += x - numbers[0];
  }
  return numbers[0] + sum / static_cast<double>(numbers.size());
}

std::uint64_t fingerprint_of(const OnlineForestOptions& o, std::uint64_t seed) {
  return mix_all(
      {seed, o.trees, o.sample, o.window, o.rebuild_every, o.first_build, o.extra_depth});
}

}  // namespace

Status OnlineForestOptions::check() const {
  if (trees < 1 || trees > 1000) {
    return out_of_range("trees", trees, "1 to 1000");
  }
  if (sample < 2 || sample > 4096) {
    return out_of_range("sample", sample, "2 to 4096");
  }
  if (window < 2 || window > 1'000'000) {
    return out_of_range("window", window, "2 to 1000000");
  }
  if (rebuild_every < 1 || rebuild_every > 1'000'000) {
    return out_of_range("rebuild_every", rebuild_every, "1 to 1000000");
  }
  if (first_build < 2 || first_build > window) {
    return out_of_range("first_build", first_build, "2 to the window");
  }
  if (extra_depth > 20) {
    return out_of_range("extra_depth", extra_depth, "0 to 20");
  }
  if (!(floor > 0 && floor < 1)) {
    return out_of_range("floor", floor, "a number between 0 and 1");
  }
  if (!std::isfinite(threshold)) {
    return out_of_range("threshold", threshold, "a finite number");
  }
  if (!(rise >= 0 && rise <= 1e6)) {
    return out_of_range("rise", rise, "0 to 1000000");
  }
  if (!(fade >= 1 && fade <= 1e6)) {
    return out_of_range("fade", fade, "1 to 1000000");
  }
  return {};
}

OnlineForest::OnlineForest(const OnlineForestOptions& options, std::string_view series)
    : options_(options),
      seed_(mix_seed(options.seed, hash_name(series))),
      fingerprint_(fingerprint_of(options, seed_)),
      keep_(std::exp(-1 / options.fade)),
      usual_depth_(average_path_length(options.sample)) {
  capacity_ = (needed() / kBlockRecords + 2) * kBlockRecords;
  depth_limit_ =
      static_cast<std::uint32_t>(std::bit_width(options.sample - 1)) + options.extra_depth;
}

// The records from which every present tree can be drawn again.
std::uint64_t OnlineForest::needed() const {
  return options_.window + std::uint64_t{options_.trees} * options_.rebuild_every +
         options_.rebuild_every;
}

OnlineScore OnlineForest::update(std::int64_t timestamp_ms, double value) {
  last_ = {};
  if (!std::isfinite(value)) {
    return last_;
  }
  last_.features = make_features(timestamp_ms, std::clamp(value, -kLargest, kLargest));
  if (!trees_[0].empty()) {
    for (std::size_t f = 0; f < kOnlineFeatures; ++f) {
      last_.feature_scores[f] = feature_score(f, last_.features[f]);
      last_.score += last_.feature_scores[f] / kOnlineFeatures;
    }
  }
  remember(last_.features);
  judge();
  rebuild_due();
  return last_;
}

void OnlineForest::judge() {
  Head& h = head_;
  h.raised *= keep_;
  last_.threshold = options_.threshold + h.raised;
  const bool quiet = h.last_alarm != 0 && h.count - h.last_alarm <= options_.refractory;
  if (last_.score >= last_.threshold && !trees_[0].empty() && !quiet) {
    last_.alarm = true;
    h.last_alarm = h.count;
    h.raised += options_.rise;
  }
}

OnlineForest::Features OnlineForest::make_features(std::int64_t timestamp_ms, double value) {
  Head& h = head_;
  h.residuals[h.count % kLong] = hour_residual(timestamp_ms, value);
  h.values[h.count % kLookBack] = value;
  h.steps[h.count % kLookBack] = h.count > 0 ? std::abs(value - h.last) : 0.0;
  h.last = value;
  const std::uint64_t seen = h.count + 1;
  double recent = 0;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(seen, kShort); ++i) {
    recent += h.residuals[(h.count - i) % kLong];
  }
  const auto values = std::span(h.values).first(std::min<std::uint64_t>(seen, kLookBack));
  const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
  return {recent / static_cast<double>(std::min<std::uint64_t>(seen, kShort)),
          mean_of(values),
          mean_of(std::span(h.steps).first(values.size())),
          mean_of(std::span(h.residuals).first(std::min<std::uint64_t>(seen, kLong))),
          *highest,
          *lowest};
}

double OnlineForest::hour_residual(std::int64_t timestamp_ms, double value) {
  Head& h = head_;
  const std::int64_t in_day = timestamp_ms % (kHours * kHourMs) + kHours * kHourMs;
  const auto hour = static_cast<std::uint32_t>(in_day / kHourMs % kHours);
  if (hour != h.hour) {
    finish_visit();
    h.hour = hour;
  }
  if (h.visit_count < 0xffffffffU) {
    h.visit_start = h.visit_count == 0 ? value : h.visit_start;
    h.visit_sum += value - h.visit_start;
    ++h.visit_count;
  }
  return h.hour_visits[hour] > 0 ? value - h.hour_means[hour] : 0.0;
}

void OnlineForest::finish_visit() {
  Head& h = head_;
  if (h.hour < kHours) {
    std::uint16_t& visits = h.hour_visits[h.hour];
    const double mean = h.visit_start + h.visit_sum / h.visit_count;
    const double rate = std::max(0.1, 1.0 / (visits + 1));
    h.hour_means[h.hour] += rate * (mean - h.hour_means[h.hour]);
    visits = static_cast<std::uint16_t>(std::min(visits + 1, 0xffff));
  }
  h.visit_sum = 0;
  h.visit_count = 0;
}

void OnlineForest::remember(const Features& features) {
  for (std::size_t f = 0; f < kOnlineFeatures; ++f) {
    std::vector<double>& column = columns_[f];
    if (column.size() < capacity_) {
      if (column.size() == column.capacity()) {
        column.reserve(
            std::min<std::uint64_t>(capacity_, std::max<std::size_t>(64, 2 * column.size())));
      }
      column.push_back(features[f]);
    } else {
      column[head_.count % capacity_] = features[f];
    }
  }
  ++head_.count;
}

void OnlineForest::rebuild_due() {
  if (head_.count == options_.first_build) {
    rebuild_all();
  } else if (head_.count > options_.first_build) {
    const std::uint64_t since = head_.count - options_.first_build;
    if (since % options_.rebuild_every == 0) {
      const auto tree =
          static_cast<std::uint32_t>((since / options_.rebuild_every - 1) % options_.trees);
      for (std::size_t f = 0; f < kOnlineFeatures; ++f) {
        build(f, tree, head_.count);
      }
    }
  }
}

// The number of records when a tree was drawn last: the schedule follows from the count alone.
std::uint64_t OnlineForest::built_at(std::uint32_t tree) const {
  const std::uint64_t turns = (head_.count - options_.first_build) / options_.rebuild_every;
  if (turns <= tree) {
    return options_.first_build;
  }
  const std::uint64_t turn = (turns - 1 - tree) / options_.trees * options_.trees + tree + 1;
  return options_.first_build + turn * options_.rebuild_every;
}

void OnlineForest::rebuild_all() {
  for (std::size_t f = 0; f < kOnlineFeatures; ++f) {
    for (const BoxTree& tree : trees_[f]) {
      tree_bytes_ -= sizeof(BoxTree) + tree.memory();
    }
    trees_[f].assign(head_.count < options_.first_build ? 0 : options_.trees, {});
    tree_bytes_ += trees_[f].size() * sizeof(BoxTree);
    for (std::uint32_t tree = 0; tree < trees_[f].size(); ++tree) {
      build(f, tree, built_at(tree));
    }
  }
}

void OnlineForest::build(std::size_t feature, std::uint32_t tree, std::uint64_t at_count) {
  const std::uint64_t stream =
      at_count * kOnlineFeatures * options_.trees + feature * options_.trees + tree;
  const std::uint64_t seed = mix_seed(seed_, stream);
  Random random(seed);
  const auto n = static_cast<std::uint32_t>(std::min<std::uint64_t>(at_count, options_.window));
  sample_.resize(options_.sample);
  const double* column = columns_[feature].data();
  const std::uint64_t newest = (at_count - 1) % capacity_;
  for (double& value : sample_) {
    const std::uint64_t back = random.below(n);
    value = column[newest - back + (back > newest ? capacity_ : 0)];
  }
  BoxTree& grown = trees_[feature][tree];
  tree_bytes_ -= grown.memory();
  grown.grow(sample_, random.next(), depth_limit_, room_);
  tree_bytes_ += grown.memory();
  scored_[feature].known = false;
}

std::array<OnlineContribution, kOnlineFeatures> OnlineForest::explain() const {
  std::array<OnlineContribution, kOnlineFeatures> result;
  for (std::size_t f = 0; f < kOnlineFeatures; ++f) {
    double expected = 0;
    for (const BoxTree& tree : trees_[f]) {
      expected += tree.median() / static_cast<double>(trees_[f].size());
    }
    result[f] = {kOnlineFeatureNames[f], last_.features[f], expected,
                 last_.feature_scores[f] / kOnlineFeatures};
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const auto& a, const auto& b) { return a.amount > b.amount; });
  return result;
}

// Highest and lowest, and all in a series that stands still, are often what they were.
double OnlineForest::feature_score(std::size_t feature, double value) {
  Scored& last = scored_[feature];
  if (last.known && last.value == value) {
    return last.score;
  }
  const auto& trees = trees_[feature];
  const double usual = usual_depth_ * static_cast<double>(trees.size());
  const double depth = BoxTree::depth_sum(trees, value);
  last = {
      .value = value, .score = -std::log(std::max(options_.floor, depth / usual)), .known = true};
  return last.score;
}

double OnlineForest::level() const {
  const auto known = std::min<std::uint64_t>(head_.count, kLookBack);
  return known == 0 ? 0 : mean_of(std::span(head_.values).first(known));
}

std::size_t OnlineForest::memory() const {
  return sizeof(*this) + kOnlineFeatures * columns_[0].capacity() * sizeof(double) + tree_bytes_ +
         room_.memory() + sample_.capacity() * sizeof(double);
}

}  // namespace millstream::forest
