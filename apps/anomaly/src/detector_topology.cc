#include "detector_topology.h"

#include <millstream/core/serdes.h>
#include <millstream/operators/session_windows.h>
#include <millstream/operators/streams_builder.h>
#include <millstream/operators/suppressed.h>

#include <optional>
#include <string>
#include <utility>

#include "incident.h"
#include "learning_processor.h"
#include "scoring_processor.h"
#include "sha256.h"

namespace anomaly {

using millstream::BuiltTopology;
using millstream::Config;
using millstream::Consumed;
using millstream::Duration;
using millstream::ExtractionContext;
using millstream::KStream;
using millstream::Produced;
using millstream::Record;
using millstream::Result;
using millstream::StreamsBuilder;
using millstream::Timestamp;

Result<DetectorOptions> DetectorOptions::from(const Config& config) {
  DetectorOptions options;
  auto topics = Topics::from(config);
  if (!topics) return topics.error();
  options.topics = std::move(*topics);
  const auto format = parse_format(config.get("anomaly.format", "protobuf"));
  if (!format) return format.error().within("setting anomaly.format");
  options.format = *format;
  const auto gap = config.get_duration("anomaly.session.gap.ms", options.session_gap);
  if (!gap) return gap.error();
  options.session_gap = *gap;
  const auto grace = config.get_duration("anomaly.session.grace.ms", options.session_grace);
  if (!grace) return grace.error();
  options.session_grace = *grace;
  const auto idle = config.get_duration("anomaly.idle.timeout.ms", Duration(0));
  if (!idle) return idle.error();
  if (*idle > Duration(0)) options.idle_timeout = *idle;
  auto detector = DetectorSettings::from(config);
  if (!detector) return detector.error();
  options.detector = std::move(*detector);
  return options;
}

namespace {

constexpr Duration kLookForClosedIncidents = std::chrono::minutes(1);

using Metrics = KStream<std::string, Metric>;
using Scores = KStream<std::string, Score>;

Metrics add_metrics(StreamsBuilder& builder, const DetectorOptions& options) {
  const Consumed<std::string, Metric> consumed{
      .name = "metrics",
      .value_serde = MessageSerde<Metric>(options.format),
      .timestamp_extractor =
          [](const Record<std::string, Metric>& record, const ExtractionContext&) {
            return Timestamp(record.value().timestamp_ms);
          },
      .idle_timeout = options.idle_timeout};
  return builder.stream<std::string, Metric>(options.topics.metrics, consumed);
}

Scores add_scoring(StreamsBuilder& builder, const Metrics& metrics,
                   std::shared_ptr<const ModelSource> models) {
  builder.add_state_store({.name = kFeatureStore});
  return metrics.process_values(
      [models = std::move(models)] { return std::make_unique<ScoringProcessor>(models); },
      {kFeatureStore}, {.name = "score"});
}

template <class Detector>
Scores add_learning(StreamsBuilder& builder, const Metrics& metrics,
                    const typename Detector::Options& options, const DetectorSettings& settings) {
  builder.add_state_store({.name = kDetectorStore});
  const std::string version = detector_version(settings, nullptr);
  return metrics.process_values(
      [options, version, memory = settings.memory] {
        return std::make_unique<LearningProcessor<Detector>>(options, version, memory);
      },
      {kDetectorStore}, {.name = "score"});
}

Scores add_detector(StreamsBuilder& builder, const Metrics& metrics,
                    const DetectorSettings& settings, std::shared_ptr<const ModelSource> models) {
  using millstream::forest::OnlineForest;
  using millstream::forest::SeriesForest;
  switch (settings.kind) {
    case DetectorKind::kPerSeries:
      return add_learning<SeriesForest>(builder, metrics, settings.per_series, settings);
    case DetectorKind::kOnline:
      return add_learning<OnlineForest>(builder, metrics, settings.online, settings);
    case DetectorKind::kOffline:
      break;
  }
  return add_scoring(builder, metrics, std::move(models));
}

/// The incidents of each series, as alerts once they are over.
void add_alerts(const KStream<std::string, Score>& anomalies, const DetectorOptions& options) {
  using Session = millstream::Windowed<std::string>;
  using millstream::BufferConfig;
  using millstream::SessionWindows;
  using millstream::Suppressed;
  const MessageSerde<Alert> serde(options.format);
  anomalies.group_by_key({.value_serde = MessageSerde<Score>(options.format)})
      .windowed_by(
          SessionWindows::of_inactivity_gap_and_grace(options.session_gap, options.session_grace))
      .aggregate(
          [] { return Alert(); },
          [](const std::string&, const Score& score, const Alert& incident) {
            return add_to_incident(score, incident);
          },
          [](const std::string&, const Alert& a, const Alert& b) { return merge_incidents(a, b); },
          // Without a cache: what comes out of the suppression mustn't depend on when commits were.
          {.name = "incidents", .value_serde = MessageSerde<Alert>(), .caching = false})
      // By the time of all metrics: an incident's end must not wait for the next anomaly.
      .suppress(Suppressed::until_window_closes(BufferConfig::unbounded())
                    .following_task_time(kLookForClosedIncidents))
      .to_stream({.name = "closed-incidents"})
      .filter([](const Session&, const std::optional<Alert>& incident) { return !!incident; },
              {.name = "not-merged"})
      .map(
          [](const Session& session, const std::optional<Alert>& incident) {
            return std::pair(session.key, finish_incident(session.key, session.window, *incident));
          },
          {.name = "alert"})
      .to(options.topics.alerts, {.name = "alerts", .value_serde = serde});
}

}  // namespace

Result<std::shared_ptr<const BuiltTopology>> make_detector_topology(
    const DetectorOptions& options, std::shared_ptr<const ModelSource> models) {
  StreamsBuilder builder;
  const MessageSerde<Score> serde(options.format);
  const auto scores =
      add_detector(builder, add_metrics(builder, options), options.detector, std::move(models));
  scores.to(options.topics.scores, {.name = "scores", .value_serde = serde});
  const auto anomalies = scores.filter(
      [](const std::string&, const Score& score) { return score.anomaly; }, {.name = "anomalous"});
  anomalies.to(options.topics.anomalies, {.name = "anomalies", .value_serde = serde});
  add_alerts(anomalies, options);
  return builder.build();
}

std::string detector_version(const DetectorSettings& settings,
                             const std::shared_ptr<const ModelSource>& models) {
  if (settings.kind == DetectorKind::kOffline) return models->current()->version();
  Sha256 digest;
  digest.add_text(settings.identity());
  return std::string(to_string(settings.kind)) + "-" + digest.hex().substr(0, 8);
}

}  // namespace anomaly
