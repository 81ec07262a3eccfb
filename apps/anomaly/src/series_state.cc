#include "series_state.h"

#include <millstream/forest/random.h>

#include <bit>
#include <cstring>

namespace anomaly {

using millstream::Error;
using millstream::Status;
using millstream::forest::FeatureExtractor;
using millstream::forest::FeatureOptions;
using millstream::forest::mix_seed;

namespace {

constexpr double kLevelRate = 0.0561;  // half-life of 12 records
constexpr std::size_t kHead = sizeof(std::uint64_t) + sizeof(double);

std::uint64_t digest_of(const FeatureOptions& options) {
  std::uint64_t digest = mix_seed(options.window, options.warm_up);
  digest = mix_seed(digest, std::bit_cast<std::uint64_t>(options.short_half_life));
  return mix_seed(digest, std::bit_cast<std::uint64_t>(options.long_half_life));
}

}  // namespace

void SeriesState::learn_level(double value) {
  level = extractor.count() == 0 ? value : level + kLevelRate * (value - level);
}

SeriesStateSerde::SeriesStateSerde(const FeatureOptions& options)
    : options_(options), digest_(digest_of(options)) {}

Status SeriesStateSerde::serialize(const SeriesState& state, std::string& out) const {
  char head[kHead];
  std::memcpy(head, &digest_, sizeof digest_);
  std::memcpy(head + sizeof digest_, &state.level, sizeof state.level);
  out.append(head, kHead);
  state.extractor.serialize(out);
  return {};
}

Status SeriesStateSerde::deserialize(std::string_view bytes, SeriesState& state) const {
  if (bytes.size() < kHead) return Error::data("a series' state is cut off");
  std::uint64_t digest = 0;
  std::memcpy(&digest, bytes.data(), sizeof digest);
  state.extractor = FeatureExtractor(options_);
  state.level = 0;
  if (digest != digest_) return {};
  std::memcpy(&state.level, bytes.data() + sizeof digest, sizeof state.level);
  return state.extractor.deserialize(bytes.substr(kHead));
}

}  // namespace anomaly
