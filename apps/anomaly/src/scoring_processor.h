#pragma once

#include <millstream/core/metrics.h>
#include <millstream/core/serdes.h>
#include <millstream/state/key_value_store.h>
#include <millstream/topology/fixed_key_processor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "messages.h"
#include "model_source.h"
#include "score_cache.h"
#include "series_state.h"

namespace anomaly {

/// The store of the features' state, by series.
inline constexpr const char* kFeatureStore = "features";

/// Make features of each metric, score them with the isolation forest, and say why if they are
/// anomalous. One output per input; score 0 during a series' warm-up. A new model of the source is
/// taken with the next record; series begin anew if it makes its features otherwise.
/// **Cost**: 1 to 2 microseconds a record beside the forest's.
class ScoringProcessor final : public millstream::FixedKeyProcessor<std::string, Metric, Score> {
 public:
  explicit ScoringProcessor(std::shared_ptr<const ModelSource> models)
      : models_(std::move(models)) {}

  void init(millstream::FixedKeyProcessorContext<std::string, Score>& context) override;
  void process(const millstream::FixedKeyRecord<std::string, Metric>& record) override;

 private:
  using States = millstream::KeyValueStore<std::string, SeriesState>;

  void take_model();
  /// Update the series' state and fill in the score.
  void score(const std::string& series, const Metric& metric);
  [[nodiscard]] double score_of(const ScoreCache::Features& features);
  void explain(const ScoreCache::Features& features);

  std::shared_ptr<const ModelSource> models_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const millstream::forest::Model> model_;
  millstream::FixedKeyProcessorContext<std::string, Score>* context_ = nullptr;
  std::optional<States> states_;
  ScoreCache cache_;
  Score score_;
  millstream::Counter* events_ = nullptr;
  millstream::Counter* anomalies_ = nullptr;
  millstream::Counter* cache_hits_ = nullptr;
  millstream::Counter* cache_misses_ = nullptr;
};

}  // namespace anomaly
