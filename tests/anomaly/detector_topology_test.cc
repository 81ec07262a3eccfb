#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/forest/online_forest.h>
#include <millstream/forest/random.h>
#include <millstream/forest/series_forest.h>
#include <millstream/forest/training.h>
#include <millstream/testing/topology_test_driver.h>
#include <millstream/transport/open_broker.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "detector_topology.h"
#include "learning_processor.h"
#include "model_topic.h"
#include "model_watch.h"
#include "temp_folder.h"

namespace anomaly {
namespace {

using millstream::Config;
using millstream::TopologyTestDriver;
using millstream::forest::Model;
using millstream::forest::OnlineForest;
using millstream::forest::OnlineForestOptions;
using millstream::forest::Random;
using millstream::forest::SeriesForest;
using millstream::forest::SeriesForestOptions;
using ::testing::Each;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::int64_t kFiveMinutes = 300'000;

/// Metrics of some series in turn: a wave with noise, and one burst in each.
std::vector<Metric> make_metrics(std::size_t series, std::size_t rows) {
  Random random(1);
  std::vector<Metric> metrics;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < series; ++i) {
      const bool burst = row >= rows - 40 - 10 * i && row < rows - 30 - 10 * i;
      metrics.push_back(
          {.series = "series-" + std::to_string(i),
           .timestamp_ms = static_cast<std::int64_t>(row) * kFiveMinutes,
           .value = std::sin(static_cast<double>(row) / 20) + random.uniform() + (burst ? 30 : 0)});
    }
  }
  return metrics;
}

DetectorOptions learning(DetectorKind kind, std::size_t memory = std::size_t{1} << 30U) {
  return {
      .detector = {
          .kind = kind,
          .online = {.trees = 8, .sample = 64, .window = 300, .rebuild_every = 5, .seed = 7},
          .per_series = {.trees = 20, .sample = 64, .window = 200, .refit_every = 50, .seed = 7},
          .memory = memory}};
}

/// A topology under the test driver.
class Detector {
 public:
  explicit Detector(const DetectorOptions& options,
                    std::shared_ptr<const ModelSource> models = nullptr)
      : driver_(*make_detector_topology(options, std::move(models))) {}

  Score score(const Metric& metric) {
    metrics_.pipe_input(metric.series, metric);
    return scores_.read_value();
  }
  std::vector<Score> score(const std::vector<Metric>& metrics) {
    std::vector<Score> scores;
    for (const Metric& metric : metrics) scores.push_back(score(metric));
    return scores;
  }
  TopologyTestDriver& driver() { return driver_; }
  DetectorStore::Bytes store() { return driver_.state_store<DetectorStore::Bytes>(kDetectorStore); }

 private:
  TopologyTestDriver driver_;
  millstream::TestInputTopic<std::string, Metric> metrics_ =
      driver_.create_input_topic<std::string, Metric>("metrics");
  millstream::TestOutputTopic<std::string, Score> scores_ =
      driver_.create_output_topic<std::string, Score>("scores");
};

TEST(OnlineDetector, ScoresAsTheForestAlone) {
  const auto options = learning(DetectorKind::kOnline);
  const auto metrics = make_metrics(2, 500);
  Detector detector(options);
  OnlineForest one(options.detector.online, "series-0");
  OnlineForest other(options.detector.online, "series-1");
  int alarms = 0;

  for (const Metric& metric : metrics) {
    const Score score = detector.score(metric);
    auto& forest = metric.series == "series-0" ? one : other;
    const auto expected = forest.update(metric.timestamp_ms, metric.value);
    ASSERT_EQ(score.score, to_unit(forest, expected.score));
    ASSERT_EQ(score.threshold, to_unit(forest, expected.threshold));
    ASSERT_EQ(score.anomaly, expected.alarm);
    alarms += score.anomaly ? 1 : 0;
  }

  EXPECT_GE(alarms, 2);
}

TEST(PerSeriesDetector, ScoresAsTheForestAlone) {
  const auto options = learning(DetectorKind::kPerSeries);
  Detector detector(options);
  SeriesForest forest(options.detector.per_series, "series-0");
  int alarms = 0;

  for (const Metric& metric : make_metrics(1, 600)) {
    const Score score = detector.score(metric);
    const auto expected = forest.update(metric.timestamp_ms, metric.value);
    ASSERT_EQ(score.score, expected.score);
    ASSERT_EQ(score.anomaly, expected.alarm);
    alarms += score.anomaly ? 1 : 0;
  }

  EXPECT_GE(alarms, 1);
}

class LearningDetector : public ::testing::TestWithParam<DetectorKind> {};

TEST_P(LearningDetector, ScoresTheSameWhereEachRecordReadsTheStateFromTheStore) {
  const auto metrics = make_metrics(3, 470);
  Detector in_memory(learning(GetParam()));
  Detector from_store(learning(GetParam(), 1));  // no room: each series pushes out the one before

  const auto expected = in_memory.score(metrics);
  const auto actual = from_store.score(metrics);

  EXPECT_EQ(actual, expected);
  const auto rows = in_memory.store().approximate_num_entries();
  EXPECT_LE(rows, 3U * (1 + (300 + 8 * 5 + 5) / 64 + 2));
}

TEST_P(LearningDetector, TakesAnyInputThatParses) {
  Detector detector(learning(GetParam()));
  const std::vector<double> values = {1, 1e308, -1e308, 1e-308, 0, 3};

  for (std::size_t i = 0; i < 700; ++i) {
    const std::int64_t time = i % 3 == 0 ? 0 : static_cast<std::int64_t>((i * 7919) % 100'000'000);
    const Score score =
        detector.score({.series = "s", .timestamp_ms = time, .value = values[i % values.size()]});
    ASSERT_GE(score.score, 0);
    ASSERT_LT(score.score, 1);
  }
}

TEST_P(LearningDetector, SaysNothingAfterOneRecordAndOfAConstantSeries) {
  Detector detector(learning(GetParam()));

  for (int i = 0; i < 700; ++i) {
    const Score score =
        detector.score({.series = "s", .timestamp_ms = i * kFiveMinutes, .value = 0.1});
    ASSERT_FALSE(score.anomaly) << i;
  }
}

TEST_P(LearningDetector, RefusesAStateThatIsDamaged) {
  Detector detector(learning(GetParam(), 1));
  const auto metrics = make_metrics(2, 450);
  detector.score(std::vector<Metric>(metrics.begin(), metrics.end() - 1));
  auto store = detector.store();
  const std::string first_block("series-1\0\1", 10);

  store.put(first_block, store.get(first_block)->substr(1));

  EXPECT_ANY_THROW(detector.score(metrics.back()));
}

TEST_P(LearningDetector, BeginsAnewWithAStateOfOtherOptions) {
  Detector detector(learning(GetParam()));
  detector.store().put(std::string("series-0\0\0", 10), std::string(2000, '\1'));

  const Score score = detector.score(make_metrics(1, 1)[0]);

  EXPECT_EQ(score.score, 0);
  EXPECT_FALSE(score.anomaly);
}

INSTANTIATE_TEST_SUITE_P(Kinds, LearningDetector,
                         ::testing::Values(DetectorKind::kPerSeries, DetectorKind::kOnline),
                         [](const auto& kind) {
                           return kind.param == DetectorKind::kOnline ? "Online" : "PerSeries";
                         });

TEST(OnlineDetector, ExplainsItsAlarms) {
  Detector detector(learning(DetectorKind::kOnline));
  std::vector<Score> alarms;
  for (const Score& score : detector.score(make_metrics(1, 500))) {
    EXPECT_EQ(score.anomaly, !score.contributions.empty());
    if (score.anomaly && score.value > 20) alarms.push_back(score);
  }

  ASSERT_FALSE(alarms.empty());
  const Score& alarm = alarms.front();
  EXPECT_THAT(alarm.model_version, HasSubstr("online-"));
  EXPECT_LT(alarm.expected, 5);
  double sum = 0;
  for (const Contribution& one : alarm.contributions) {
    EXPECT_GT(one.value, one.expected) << one.feature;
    sum += one.amount;
  }
  EXPECT_GT(sum, alarm.score / 2);  // the first three of six parts
}

TEST(DetectorSettings, ReadsEachSetting) {
  Config config = {
      {"anomaly.detector", "online"},           {"anomaly.online.trees", "5"},
      {"anomaly.online.threshold", "0.5"},      {"anomaly.online.rebuild.every", "7"},
      {"anomaly.per-series.refit.every", "99"}, {"anomaly.detector.memory.bytes", "1"}};
  DetectorSettings expected{.kind = DetectorKind::kOnline, .memory = 1};
  expected.online.trees = 5;
  expected.online.threshold = 0.5;
  expected.online.rebuild_every = 7;
  expected.per_series.refit_every = 99;

  EXPECT_EQ(*DetectorSettings::from(config), expected);
}

TEST(DetectorSettings, RefusesWhatCannotBe) {
  const auto message = [](const char* name, const char* value) {
    const auto settings = DetectorSettings::from(Config{{name, value}});
    return settings ? std::string() : std::string(settings.error().message());
  };

  EXPECT_THAT(message("anomaly.detector", "best"), HasSubstr("per-series"));
  EXPECT_THAT(message("anomaly.online.trees", "0"), HasSubstr("1 to 1000"));
  EXPECT_THAT(message("anomaly.online.trees", "-1"), HasSubstr("anomaly.online.trees"));
  EXPECT_THAT(message("anomaly.online.fade", "x"), HasSubstr("anomaly.online.fade"));
  EXPECT_THAT(message("anomaly.per-series.contamination", "2"), HasSubstr("0.5"));
  EXPECT_THAT(message("anomaly.detector.memory.bytes", "-5"), HasSubstr("memory.bytes"));
}

/// A model of two waves; another seed, another version.
std::shared_ptr<const Model> make_model(std::uint64_t seed) {
  std::vector<millstream::forest::Series> series(1);
  series[0].name = "s";
  for (const Metric& metric : make_metrics(1, 800)) {
    series[0].points.push_back({metric.timestamp_ms, metric.value});
  }
  millstream::forest::TrainingOptions options;
  options.forest.trees = 10;
  options.forest.seed = seed;
  return std::make_shared<const Model>(*millstream::forest::train_model(series, options, "a test"));
}

TEST(OfflineDetector, TakesANewModelOfTheFileWithoutLosingARecord) {
  const TempFolder folder;
  const auto file = folder.path() / "model";
  const auto first = make_model(1);
  const auto second = make_model(2);
  ASSERT_TRUE(millstream::forest::save_model(*first, file));
  const auto models = std::make_shared<ModelSource>(first);
  millstream::NullLogger logger;
  millstream::Metrics metrics;
  ModelWatch watch(file, std::chrono::seconds(1), models, logger, metrics);
  Detector detector({}, models);
  const auto records = make_metrics(1, 400);

  std::vector<Score> scores;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i == 200) {
      ASSERT_TRUE(millstream::forest::save_model(*second, file));
    }
    if (i == 300) folder.write("model", "nonsense");
    watch.look(std::chrono::seconds(i));
    scores.push_back(detector.score(records[i]));
  }

  ASSERT_THAT(scores, SizeIs(records.size()));
  Detector all_by_second({}, std::make_shared<const ModelSource>(second));
  const auto by_second = all_by_second.score(records);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    EXPECT_EQ(scores[i].model_version, i < 200 ? first->version() : second->version()) << i;
    if (i >= 200) {
      EXPECT_EQ(scores[i], by_second[i]) << i;  // the features' state went on
    }
  }
}

TEST(ModelWatch, LooksOnceAnIntervalAndSaysOnceWhatItRefuses) {
  const TempFolder folder;
  const auto file = folder.path() / "model";
  const auto models = std::make_shared<ModelSource>(make_model(1));
  millstream::NullLogger logger;
  millstream::Metrics metrics;
  ModelWatch watch(file, std::chrono::seconds(1), models, logger, metrics);
  auto& refused = metrics.counter("model_reloads_total", "", {{"outcome", "refused"}});

  EXPECT_FALSE(watch.look(std::chrono::seconds(0)));  // no file
  folder.write("model", "nonsense");
  EXPECT_FALSE(watch.look(std::chrono::milliseconds(500)));
  EXPECT_EQ(refused.value(), 0U);
  for (int i = 1; i < 4; ++i) EXPECT_FALSE(watch.look(std::chrono::seconds(i)));
  EXPECT_EQ(refused.value(), 1U);
  ASSERT_TRUE(millstream::forest::save_model(*make_model(2), file));
  EXPECT_TRUE(watch.look(std::chrono::seconds(5)));
  EXPECT_EQ(models->generation(), 1U);
}

/// A topic of models on an embedded log.
class ModelTopicTest : public testing::Test {
 protected:
  void SetUp() override {
    auto broker = millstream::open_broker(
        Config{{"bootstrap.servers", "embedded:" + (folder_.path() / "broker").string()}}, clock_,
        logger_);
    ASSERT_TRUE(broker) << broker.error().message();
    broker_ = std::move(*broker);
  }
  void publish(const Model& model) {
    const auto published = publish_model(*broker_, "models", model, clock_.now());
    ASSERT_TRUE(published) << published.error().message();
  }
  void publish_bytes(std::string_view bytes) {
    auto producer = broker_->make_producer({.client_id = "test"});
    ASSERT_TRUE(
        (*producer)->produce({.topic = "models", .partition = 0, .key = "other", .value = bytes}));
    ASSERT_TRUE((*producer)->flush());
  }
  ModelTopic follow(const std::shared_ptr<ModelSource>& models) {
    return {"models", models, *broker_, logger_, metrics_};
  }
  /// Look until the topic has been read to its end.
  void look_until(ModelTopic& topic, const std::function<bool()>& condition) {
    for (int i = 0; i < 100'000 && !condition(); ++i) ASSERT_TRUE(topic.look());
    ASSERT_TRUE(condition());
  }

  const TempFolder folder_;
  millstream::SystemClock clock_;
  millstream::NullLogger logger_;
  millstream::Metrics metrics_;
  millstream::Counter& refused_ =
      metrics_.counter("model_reloads_total", "", {{"outcome", "refused"}});
  std::unique_ptr<millstream::Broker> broker_;
};

TEST_F(ModelTopicTest, BeginsWithTheLastGoodModel) {
  const auto second = make_model(2);
  publish(*make_model(1));
  publish(*second);
  publish_bytes("nonsense");
  const auto models = std::make_shared<ModelSource>(nullptr);
  ModelTopic topic = follow(models);

  const auto opened = topic.open();

  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(models->current()->version(), second->version());
  EXPECT_EQ(refused_.value(), 1U);
}

TEST_F(ModelTopicTest, WithoutAnyModelItSaysHowToPublishOne) {
  ModelTopic topic = follow(std::make_shared<ModelSource>(nullptr));

  const auto opened = topic.open();

  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message(), HasSubstr("anomaly publish"));
}

TEST_F(ModelTopicTest, TheDetectorTakesAPublishedModelWithoutLosingARecord) {
  const auto first = make_model(1);
  const auto second = make_model(2);
  const auto models = std::make_shared<ModelSource>(first);
  ModelTopic topic = follow(models);
  ASSERT_TRUE(topic.open());
  Detector detector({}, models);
  const auto records = make_metrics(1, 400);

  std::vector<Score> scores;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i == 200) {
      publish(*second);
      look_until(topic, [&] { return models->generation() == 1; });
    }
    if (i == 300) {
      publish_bytes("nonsense");
      look_until(topic, [&] { return refused_.value() == 1; });
    }
    scores.push_back(detector.score(records[i]));
  }

  ASSERT_THAT(scores, SizeIs(records.size()));
  Detector all_by_second({}, std::make_shared<const ModelSource>(second));
  const auto by_second = all_by_second.score(records);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    EXPECT_EQ(scores[i].model_version, i < 200 ? first->version() : second->version()) << i;
    if (i >= 200) {
      EXPECT_EQ(scores[i], by_second[i]) << i;  // the features' state went on
    }
  }
}

}  // namespace
}  // namespace anomaly
