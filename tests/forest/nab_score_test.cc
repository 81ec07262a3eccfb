#include <gtest/gtest.h>
#include <millstream/forest/nab_corpus.h>
#include <millstream/forest/nab_score.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <string>

#include "test_data.h"

namespace millstream::forest {
namespace {

using testing::json;

const ScoringProfile& profile_named(const std::string& name) {
  return *std::find_if(kNabProfiles.begin(), kNabProfiles.end(),
                       [&](const ScoringProfile& profile) { return profile.name == name; });
}

std::vector<std::int64_t> timestamps_of(const json& source) {
  std::vector<std::int64_t> timestamps;
  if (source.is_object()) {
    const std::int64_t start = *parse_timestamp(source["start"].get<std::string>());
    for (std::int64_t i = 0; i < source["count"].get<std::int64_t>(); ++i) {
      timestamps.push_back(start + i * source["step_s"].get<std::int64_t>() * 1000);
    }
    return timestamps;
  }
  for (const auto& text : source) {
    timestamps.push_back(*parse_timestamp(text.get<std::string>()));
  }
  return timestamps;
}

std::vector<double> scores_of(const json& source) {
  if (source.contains("scores")) {
    return source["scores"].get<std::vector<double>>();
  }
  std::vector<double> scores(source["scores_sparse"]["length"].get<std::size_t>());
  for (const auto& [row, score] : source["scores_sparse"]["nonzero"].items()) {
    scores[std::stoul(row)] = score;
  }
  return scores;
}

ScoredSeries series_of(const json& source, double probation_percent) {
  const auto timestamps = timestamps_of(source["timestamps"]);
  ScoredSeries series{scores_of(source), {}, probation_rows(timestamps.size())};
  if (probation_percent == 0) {
    series.probation = 0;
  }
  const auto row = [&](const json& text) {
    const auto t = *parse_timestamp(text.get<std::string>());
    return static_cast<std::size_t>(std::find(timestamps.begin(), timestamps.end(), t) -
                                    timestamps.begin());
  };
  for (const auto& window : source["windows"]) {
    series.windows.push_back({row(window[0]), row(window[1])});
  }
  return series;
}

void expect_close(double actual, double expected, const std::string& what) {
  EXPECT_LE(std::abs(actual - expected), 1e-9 * std::max(1e-3, std::abs(expected))) << what;
}

void expect_sweep(const std::vector<SweepPoint>& points, const json& expected,
                  const std::string& id) {
  ASSERT_EQ(points.size(), expected.size()) << id;
  for (std::size_t i = 0; i < points.size(); ++i) {
    expect_close(points[i].threshold, expected[i][0].get<double>(), id);
    expect_close(points[i].raw, expected[i][1].get<double>(), id);
    if (expected[i].size() > 2) {
      EXPECT_EQ(points[i].true_positives, expected[i][2].get<std::size_t>()) << id;
      EXPECT_EQ(points[i].true_negatives, expected[i][3].get<std::size_t>()) << id;
      EXPECT_EQ(points[i].false_positives, expected[i][4].get<std::size_t>()) << id;
      EXPECT_EQ(points[i].false_negatives, expected[i][5].get<std::size_t>()) << id;
    }
  }
}

TEST(NabScore, GivesTheReferencesResultInEveryVector) {
  const auto vectors = testing::data_json("nab_scorer_vectors.json");
  std::size_t seen = 0;

  for (const auto& vector : vectors["cases"]) {
    const auto id = vector["id"].get<std::string>();
    const auto& expected = vector["expected"];
    const ScoringProfile& profile = profile_named(vector["profile"]);
    const std::vector<ScoredSeries> files{
        series_of(vector, vector["probation_percent"].get<double>())};
    const auto points = sweep_thresholds(files, profile);
    ++seen;
    if (expected.contains("error_in_reference")) {
      continue;
    }
    expect_sweep(points, expected["sweep"], id);
    if (expected.contains("per_row")) {
      const auto weights = row_weights(files[0].scores.size(), files[0].windows, profile);
      for (std::size_t row = 0; row < weights.size(); ++row) {
        expect_close(weights[row], expected["per_row"][row].get<double>(), id);
      }
    }
    if (expected.contains("best_threshold")) {
      const SweepPoint best = best_threshold(files, profile);
      expect_close(best.threshold, expected["best_threshold"].get<double>(), id);
      expect_close(best.raw, expected["best_score"].get<double>(), id);
    }
    if (expected["result"].is_object()) {
      const auto point = score_at(files, profile, vector["threshold"].get<double>());
      expect_close(point.raw, expected["result"]["score"].get<double>(), id);
      EXPECT_EQ(point.true_positives, expected["result"]["tp"].get<std::size_t>()) << id;
      EXPECT_EQ(point.false_positives, expected["result"]["fp"].get<std::size_t>()) << id;
    }
  }

  EXPECT_EQ(seen, 133U);
}

TEST(NabScore, GivesTheReferencesResultOverSeveralFiles) {
  const auto corpus = testing::data_json("nab_scorer_vectors.json")["corpus_case"];
  std::vector<ScoredSeries> files;
  for (const auto& file : corpus["files"]) {
    files.push_back(series_of(file, 0.15));
  }

  for (const auto& expected : corpus["expected"]) {
    const ScoringProfile& profile = profile_named(expected["profile"]);
    expect_sweep(sweep_thresholds(files, profile), expected["sweep"], "corpus");
    const SweepPoint best = best_threshold(files, profile);
    expect_close(best.threshold, expected["best_threshold"].get<double>(), "corpus");
    expect_close(normalised_score(best.raw, count_windows(files), profile),
                 expected["normalised"].get<double>(), "corpus");
  }
}

TEST(NabScore, ReproducesThePublishedNormalisation) {
  const auto vectors = testing::data_json("nab_scorer_vectors.json");

  for (const auto& [detector, profiles] : vectors["published_reproduced"].items()) {
    for (const auto& [name, published] : profiles.items()) {
      expect_close(normalised_score(published["raw"].get<double>(), 116, profile_named(name)),
                   published["normalised"].get<double>(), detector);
    }
  }
}

TEST(NabScore, AnAlarmRightAfterAWindowOfOneRowCostsInFull) {
  const std::vector<RowWindow> windows{{2, 2}};

  const auto weights = row_weights(5, windows, kNabProfiles[0]);

  EXPECT_EQ(weights, (std::vector<double>{-0.11, -0.11, 1, -0.11, -0.11}));
}

TEST(NabScore, ScoresThreeHundredThousandRowsWithinASecond) {
  std::vector<ScoredSeries> files(58);
  for (std::size_t f = 0; f < files.size(); ++f) {
    files[f].scores.resize(6300);
    for (std::size_t i = 0; i < files[f].scores.size(); ++i) {
      files[f].scores[i] = std::fmod(static_cast<double>(i * 7919 + f * 104729) * 0.618, 1.0);
    }
    files[f].windows = {{1000, 1300}, {4000, 4300}};
    files[f].probation = probation_rows(6300);
  }
  const auto start = std::chrono::steady_clock::now();

  const auto scores = score_corpus(files);

  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  EXPECT_EQ(scores[0].windows, 116U);
}

TEST(NabCorpus, ReadsTimestamps) {
  EXPECT_EQ(*parse_timestamp("1970-01-02 00:00:01"), 86401000);
  EXPECT_EQ(*parse_timestamp("2014-04-10 07:15:00.000000"), 1397114100000);
  EXPECT_EQ(format_timestamp(1397114100000), "2014-04-10 07:15:00");
  for (const char* bad : {"", "2014", "2014-13-10 07:15:00", "2014-04-31 07:15:00",
                          "2014-04-10 24:15:00", "2014-04-10 07:15:00 x", "nonsense"}) {
    EXPECT_FALSE(parse_timestamp(bad)) << bad;
  }
}

TEST(NabCorpus, WritesResultsThatItReads) {
  std::string name = (std::filesystem::temp_directory_path() / "forest-nab-XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(name.data());
  const Series series{"cat/file.csv", {{1000, 1.5}, {2000, 2.5}, {3000, 1e-9}}, {{1, 2}}};

  ASSERT_TRUE(write_result(folder, "det", series, std::vector<double>{0, 0.25, 1.0 / 3}));
  const auto results = load_results(folder, "det", std::vector<Series>{series});

  ASSERT_TRUE(results) << results.error().message();
  EXPECT_EQ((*results)[0].scores, (std::vector<double>{0, 0.25, 1.0 / 3}));
  EXPECT_EQ((*results)[0].windows, series.windows);
  EXPECT_FALSE(load_results(folder, "other", std::vector<Series>{series}));
  std::filesystem::remove_all(folder);
}

TEST(NabCorpus, ReadsTheSharedCorpusWhereItIs) {
  const std::filesystem::path nab = std::filesystem::path(MILLSTREAM_SHARED_DATA) / "NAB";
  if (!std::filesystem::exists(nab)) {
    GTEST_SKIP() << "no " << nab;
  }

  const auto series = load_corpus(nab / "data", nab / "labels" / "combined_windows.json");

  ASSERT_TRUE(series) << series.error().message();
  EXPECT_EQ(series->size(), 39U);
}

TEST(NabCorpus, AMissingFolderIsAUsersError) {
  const auto series = load_corpus("/nowhere", "");

  ASSERT_FALSE(series);
  EXPECT_EQ(series.error().kind(), ErrorKind::kUser);
}

}  // namespace
}  // namespace millstream::forest
