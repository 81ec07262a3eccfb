#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/forest/isolation_forest.h>
#include <millstream/forest/random.h>
#include <millstream/forest/scikit_import.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "test_data.h"

namespace millstream::forest {
namespace {

using ::testing::HasSubstr;

std::vector<double> random_rows(std::size_t rows, std::size_t features, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> values(rows * features);
  std::generate(values.begin(), values.end(), [&] { return random.uniform() + random.uniform(); });
  return values;
}

// The share of (outlier, inlier) pairs in which the outlier scores lower; half for ties.
double roc_auc(const std::vector<int>& labels, const std::vector<double>& scores) {
  double right = 0;
  double pairs = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (std::size_t j = 0; j < labels.size(); ++j) {
      if (labels[i] == 1 && labels[j] == 0) {
        pairs += 1;
        right += scores[i] < scores[j] ? 1.0 : (scores[i] == scores[j] ? 0.5 : 0.0);
      }
    }
  }
  return right / pairs;
}

std::vector<double> scores_of(const IsolationForest& forest, const std::vector<double>& rows) {
  const std::vector<float> values(rows.begin(), rows.end());
  std::vector<double> scores(rows.size() / forest.n_features());
  forest.score_batch(values, scores);
  return scores;
}

class ScikitVector : public ::testing::TestWithParam<const char*> {};

TEST_P(ScikitVector, ScoresAsScikitLearnDoes) {
  const auto vector = testing::data_json(GetParam());
  const std::vector<double> rows = testing::flat(vector["query"]);

  const auto forest = import_scikit_forest(vector.dump());

  ASSERT_TRUE(forest) << forest.error().message();
  const std::vector<double> batch = scores_of(*forest, rows);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto row = std::span(rows).subspan(i * forest->n_features(), forest->n_features());
    EXPECT_NEAR(forest->score_samples(row), vector["score_samples"][i].get<double>(), 1e-12);
    EXPECT_NEAR(batch[i], vector["score_samples"][i].get<double>(), 1e-12);
    EXPECT_NEAR(forest->decision_function(row), vector["decision_function"][i].get<double>(),
                1e-12);
    EXPECT_EQ(forest->is_anomaly(row), vector["predict"][i].get<int>() == -1) << "row " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Vectors, ScikitVector,
                         ::testing::Values("m1_blobs.json", "m2_discrete.json",
                                           "m3_scales_maxfeat.json"));

class TrainingQuality : public ::testing::TestWithParam<const char*> {};

TEST_P(TrainingQuality, ReachesScikitLearnsMeanAuc) {
  const auto expected = testing::data_json("quality.json")["sets"][GetParam()];
  const auto data = testing::labelled_rows(std::string(GetParam()) + ".csv");
  const std::string accept = expected["accept_mean_of_30"];
  const double tolerance = std::stod(accept.substr(accept.find("<= ") + 3));
  constexpr std::uint64_t kSeeds = 150;  // the reference's own 30 leave an error worth most of it
  double sum = 0;

  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto forest = IsolationForest::train(data.rows, data.n_features, {.seed = seed}, 2);
    ASSERT_TRUE(forest);
    sum += roc_auc(data.labels, scores_of(*forest, data.rows));
  }

  EXPECT_NEAR(sum / kSeeds, expected["auc_mean"].get<double>(), tolerance);
}

INSTANTIATE_TEST_SUITE_P(Sets, TrainingQuality,
                         ::testing::Values("breast_cancer_20mal", "wine_10class0",
                                           "gauss2d_uniform", "clusters6d", "ring_hard"));

TEST(IsolationForest, DoesNotDependOnTheNumberOfThreads) {
  const auto rows = random_rows(700, 5, 3);

  const auto one = IsolationForest::train(rows, 5, {.seed = 9}, 1);
  const auto four = IsolationForest::train(rows, 5, {.seed = 9}, 4);
  const auto other = IsolationForest::train(rows, 5, {.seed = 10}, 4);

  for (std::size_t i = 0; i < one->n_trees(); ++i) {
    EXPECT_EQ(one->tree(i), four->tree(i));
  }
  EXPECT_NE(one->tree(0), other->tree(0));
}

TEST(IsolationForest, ScoresTheSameSingleAndInBatch) {
  const auto rows = random_rows(150, 11, 4);
  const auto forest = IsolationForest::train(rows, 11, {.trees = 37, .seed = 1});

  const auto batch = scores_of(*forest, rows);

  for (std::size_t i = 0; i < batch.size(); ++i) {
    EXPECT_NEAR(batch[i], forest->score_samples(std::span(rows).subspan(i * 11, 11)), 1e-14);
  }
}

TEST(IsolationForest, ContaminationIsTheShareOfTrainingRowsBelowTheOffset) {
  const auto rows = random_rows(1000, 3, 5);

  const auto forest = IsolationForest::train(rows, 3, {.contamination = 0.05, .seed = 1});

  const auto scores = scores_of(*forest, rows);
  const auto anomalies = std::count_if(scores.begin(), scores.end(),
                                       [&](double score) { return score < forest->offset(); });
  EXPECT_EQ(anomalies, 50);
}

TEST(IsolationForest, MaxFeaturesLimitsEachTree) {
  const auto rows = random_rows(300, 10, 6);

  const auto forest = IsolationForest::train(rows, 10, {.max_features = 0.2, .seed = 1});

  for (std::size_t i = 0; i < forest->n_trees(); ++i) {
    std::vector<std::uint32_t> seen;
    for (const TreeNode& node : forest->tree(i)) {
      if (node.left != 0) {
        seen.push_back(node.feature);
      }
    }
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    EXPECT_LE(seen.size(), 2U);
  }
}

TEST(IsolationForest, BootstrapDrawsRowsTwice) {
  const auto rows = random_rows(64, 1, 7);

  const auto with = IsolationForest::train(rows, 1, {.trees = 1, .bootstrap = true, .seed = 1});
  const auto without = IsolationForest::train(rows, 1, {.trees = 1, .seed = 1});

  const auto twins = [](const Tree& tree, std::uint32_t least) {
    return std::count_if(tree.begin(), tree.end(), [&](const TreeNode& node) {
      return node.left == 0 && node.size >= least;
    });
  };
  EXPECT_EQ(with->tree(0)[0].size, 64U);
  EXPECT_EQ(without->tree(0)[0].size, 64U);
  EXPECT_GT(twins(with->tree(0), 2), 0);
}

TEST(IsolationForest, ConstantRowsGiveOneLeafATree) {
  const std::vector<double> rows(50, 4.0);

  const auto forest = IsolationForest::train(rows, 2, {.trees = 3});

  ASSERT_TRUE(forest);
  EXPECT_EQ(forest->tree(0).size(), 1U);
  EXPECT_DOUBLE_EQ(forest->score_samples(std::vector<double>{9.0, 9.0}), -0.5);
}

TEST(IsolationForest, OneRowIsEnough) {
  const auto forest = IsolationForest::train(std::vector<double>{1.0, 2.0}, 2, {.trees = 10});

  ASSERT_TRUE(forest);
  EXPECT_DOUBLE_EQ(forest->score_samples(std::vector<double>{1.0, 2.0}), -0.5);
}

TEST(IsolationForest, InfinityAndNanHaveADefinedScore) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto forest = IsolationForest::train(random_rows(300, 1, 8), 1, {.seed = 1});

  const double huge = forest->score_samples(std::vector<double>{1e300});
  const double low = forest->score_samples(std::vector<double>{-1e300});

  EXPECT_EQ(huge, forest->score_samples(std::vector<double>{kInfinity}));
  EXPECT_EQ(huge, forest->score_samples(std::vector<double>{1e9}));
  EXPECT_EQ(low, forest->score_samples(std::vector<double>{std::nan("")}));
}

TEST(IsolationForest, RefusesRowsThatAreNotFinite) {
  const std::vector<double> rows{1, 2, 3, std::nan("")};

  const auto forest = IsolationForest::train(rows, 2, {});

  ASSERT_FALSE(forest);
  EXPECT_EQ(forest.error().kind(), ErrorKind::kData);
  EXPECT_THAT(forest.error().message(), HasSubstr("row 1, feature 1"));
}

TEST(IsolationForest, RefusesNoRowsAndRaggedRows) {
  EXPECT_FALSE(IsolationForest::train(std::span<const double>(), 2, {}));
  EXPECT_FALSE(IsolationForest::train(std::vector<double>{1, 2, 3}, 2, {}));
  EXPECT_FALSE(IsolationForest::train(std::vector<double>{1, 2}, 0, {}));
}

TEST(IsolationForest, RefusesOptionsOutOfRange) {
  const auto rows = random_rows(10, 1, 1);

  for (const IsolationForestOptions& options :
       {IsolationForestOptions{.trees = 0}, IsolationForestOptions{.max_samples = 0},
        IsolationForestOptions{.max_features = 0}, IsolationForestOptions{.max_features = 1.1},
        IsolationForestOptions{.contamination = 0.0},
        IsolationForestOptions{.contamination = std::nan("")}}) {
    const auto forest = IsolationForest::train(rows, 1, options);
    ASSERT_FALSE(forest);
    EXPECT_EQ(forest.error().kind(), ErrorKind::kUser);
  }
}

TEST(IsolationForest, RefusesTreesThatAreNotTrees) {
  const auto refused = [](const Tree& tree) {
    return !IsolationForest::from_trees(std::vector<Tree>(1, tree), 1, 4, -0.5);
  };

  EXPECT_FALSE(refused({{0, 0, 1, 2}, {0, 0, 0, 1}, {0, 0, 0, 1}}));
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({{0, 0, 1, 2}, {0, 0, 0, 1}})) << "right child missing";
  EXPECT_TRUE(refused({{0, 0, 1, 2}, {0, 0, 1, 1}, {0, 0, 0, 1}})) << "cycle";
  EXPECT_TRUE(refused({{0, 0, 1, 2}, {0, 0, 2, 1}, {0, 0, 0, 1}, {0, 0, 0, 1}})) << "two parents";
  EXPECT_TRUE(refused({{0, 0, 0, 1}, {0, 0, 0, 1}})) << "orphan";
  EXPECT_TRUE(refused({{0, 1, 1, 2}, {0, 0, 0, 1}, {0, 0, 0, 1}})) << "unknown feature";
  EXPECT_TRUE(refused({{std::nanf(""), 0, 1, 2}, {0, 0, 0, 1}, {0, 0, 0, 1}})) << "NaN";
}

TEST(RoundDown, PartsFloatsAsTheDoubleDoes) {
  Random random(1);

  for (int i = 0; i < 10000; ++i) {
    const double threshold = (random.uniform() - 0.5) * 100;
    const auto x = static_cast<float>(threshold);
    for (const float y : {x, std::nextafterf(x, 1e9F), std::nextafterf(x, -1e9F)}) {
      EXPECT_EQ(y <= round_down(threshold), static_cast<double>(y) <= threshold);
    }
  }
}

TEST(ScikitImport, RefusesWhatIsNoExport) {
  EXPECT_FALSE(import_scikit_forest("{"));
  EXPECT_FALSE(import_scikit_forest("{}"));
  EXPECT_FALSE(import_scikit_forest(R"({"trees":[{"left":3}]})"));
  EXPECT_FALSE(import_scikit_forest(
      R"({"n_features":1,"max_samples":2,"offset":-0.5,"trees":[{"features":[0],"left":[1],)"
      R"("right":[2],"feature":[0],"threshold":[0],"n":[2]}]})"));
}

TEST(ScikitImport, TakesScalerNamesAndThreshold) {
  auto vector = testing::data_json("m1_blobs.json");
  vector["scaler"] = {{"mean", {1.0, 2.0}}, {"scale", {2.0, 4.0}}};
  vector["feature_names"] = {"cpu", "disk"};

  const auto model = import_scikit_model(vector.dump());

  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ(model->parts().features, (std::vector<std::string>{"cpu", "disk"}));
  EXPECT_DOUBLE_EQ(model->parts().threshold, 0.5);
  const std::vector<double> scaled{0.1257, -0.1321};
  const std::vector<double> raw{1 + 2 * scaled[0], 2 + 4 * scaled[1]};
  EXPECT_NEAR(model->score(raw), -vector["score_samples"][0].get<double>(), 1e-12);
}

}  // namespace
}  // namespace millstream::forest
