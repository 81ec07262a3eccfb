#pragma once

#include <millstream/core/metrics.h>
#include <millstream/forest/online_forest.h>
#include <millstream/forest/series_forest.h>
#include <millstream/topology/fixed_key_processor.h>

#include <cmath>
#include <cstddef>
#include <optional>
#include <string>

#include "detector_store.h"
#include "messages.h"
#include "series_cache.h"

namespace anomaly {

/// The store of the states of detectors that learn as they go, by series.
inline constexpr const char* kDetectorStore = "detectors";

/// A detector's own score and threshold, as messages have them: in [0, 1). The online forest's is a
/// mean of logarithms, of which this is the monotone map that makes 0 of usual and 1 of infinity.
inline double to_unit(const millstream::forest::OnlineForest&, double score) {
  return score > 0 ? 1 - std::exp(-score) : 0.0;
}
inline double to_unit(const millstream::forest::SeriesForest&, double score) { return score; }

/// Judge each metric by a detector of its own series, which learns from it, and say why if it
/// alarms. One output per input. The detectors' states are in the store kDetectorStore, written
/// after each record and so committed with its score; what is in memory is a cache of them.
/// `Detector` is OnlineForest or SeriesForest.
/// **Errors**: StoreError for a stored state that doesn't parse. A state made with other options
/// begins anew. **Cost**: the detector's, and 0.3 to 0.5 microseconds for the state; a series that
/// isn't in memory costs some milliseconds.
template <class Detector>
class LearningProcessor final : public millstream::FixedKeyProcessor<std::string, Metric, Score>,
                                private millstream::OperatorState {
 public:
  using Options = typename Detector::Options;
  /// `memory`: bytes that the series of this task may hold.
  LearningProcessor(const Options& options, std::string version, std::size_t memory)
      : options_(options), version_(std::move(version)), cache_(memory) {}

  void init(millstream::FixedKeyProcessorContext<std::string, Score>& context) override;
  void process(const millstream::FixedKeyRecord<std::string, Metric>& record) override;

 private:
  using Cache = SeriesCache<Detector>;

  // No state beside the store's; but what is cached of it must go when it goes back.
  void save(std::string&) const override {}
  void load(std::string_view) override { cache_.clear(); }

  typename Cache::Entry& entry_of(const std::string& series);
  void explain(const Detector& detector, double own_score);

  Options options_;
  std::string version_;
  Cache cache_;
  millstream::FixedKeyProcessorContext<std::string, Score>* context_ = nullptr;
  std::optional<DetectorStore> store_;
  Score score_;
  millstream::Counter* events_ = nullptr;
  millstream::Counter* anomalies_ = nullptr;
  millstream::Counter* loads_ = nullptr;
  millstream::Counter* restarts_ = nullptr;
  millstream::Gauge* memory_ = nullptr;
};

extern template class LearningProcessor<millstream::forest::OnlineForest>;
extern template class LearningProcessor<millstream::forest::SeriesForest>;

}  // namespace anomaly
