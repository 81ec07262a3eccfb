#pragma once

#include <millstream/core/result.h>
#include <millstream/forest/feature_extractor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace anomaly {

/// What the detector remembers of one series.
struct SeriesState {
  millstream::forest::FeatureExtractor extractor = millstream::forest::FeatureExtractor();
  double level = 0;  ///< Exponential mean of the values so far: what is expected next.

  /// Move the level towards the next value.
  void learn_level(double value);
};

/// The bytes of a SeriesState: a digest of the feature options, the level, the extractor's state.
/// State made with other options (another model) begins anew instead of being misread.
class SeriesStateSerde {
 public:
  explicit SeriesStateSerde(const millstream::forest::FeatureOptions& options);

  millstream::Status serialize(const SeriesState& state, std::string& out) const;
  millstream::Status deserialize(std::string_view bytes, SeriesState& state) const;

 private:
  millstream::forest::FeatureOptions options_;
  std::uint64_t digest_;
};

}  // namespace anomaly
