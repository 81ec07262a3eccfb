#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/forest/model.h>
#include <millstream/forest/random.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

namespace millstream::forest {
namespace {

using ::testing::HasSubstr;

ModelParts small_parts() {
  Random random(1);
  std::vector<double> rows(200 * 3);
  std::generate(rows.begin(), rows.end(), [&] { return random.uniform(); });
  ModelParts parts;
  parts.features = {"level", "speed", "noise"};
  parts.mean = {1, 2, 3};
  parts.scale = {1, 10, 100};
  parts.median = {1.5, 7, 53};
  parts.forest = *IsolationForest::train(rows, 3, {.trees = 20, .seed = 4});
  parts.threshold = 0.6;
  parts.training = {"a test", 1, 200, 4, "none"};
  return parts;
}

Model small_model() { return *Model::create(small_parts()); }

std::filesystem::path temporary_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "forest-test-XXXXXX").string();
  return mkdtemp(name.data());
}

TEST(ModelFile, ComesBackAsItWas) {
  const Model model = small_model();
  const std::vector<double> row{1.2, 9, 80};

  const auto copy = parse_model(serialize_model(model));

  ASSERT_TRUE(copy) << copy.error().message();
  EXPECT_EQ(copy->score(row), model.score(row));
  EXPECT_EQ(copy->version(), model.version());
  EXPECT_EQ(copy->parts().features, model.parts().features);
  EXPECT_EQ(copy->parts().extraction, model.parts().extraction);
  EXPECT_EQ(copy->parts().training, model.parts().training);
  EXPECT_EQ(serialize_model(*copy), serialize_model(model));
}

TEST(ModelFile, IsByteForByteTheSameForTheSameModel) {
  EXPECT_EQ(serialize_model(small_model()), serialize_model(small_model()));
}

TEST(ModelFile, VersionFollowsTheContent) {
  ModelParts parts = small_parts();
  parts.threshold = 0.61;

  const auto other = Model::create(parts);

  EXPECT_NE(other->version(), small_model().version());
  EXPECT_EQ(other->version().size(), 16U);
}

TEST(ModelFile, SavesAndLoads) {
  const auto folder = temporary_folder();
  const auto path = folder / "model.bin";

  ASSERT_TRUE(save_model(small_model(), path));
  ASSERT_TRUE(save_model(small_model(), path)) << "over an older one";
  const auto model = load_model(path);

  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ(model->version(), small_model().version());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1) << "no leftovers";
  std::filesystem::remove_all(folder);
}

TEST(ModelFile, MissingFileNamesTheRemedy) {
  const auto model = load_model("/nowhere/model.bin");

  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().kind(), ErrorKind::kUser);
  EXPECT_THAT(model.error().message(), HasSubstr("/nowhere/model.bin"));
  EXPECT_THAT(model.error().message(), HasSubstr("anomaly train"));
}

TEST(ModelFile, SavingIntoAMissingFolderIsAnError) {
  const Status status = save_model(small_model(), "/nowhere/model.bin");

  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind(), ErrorKind::kMachine);
}

TEST(ModelFile, RefusesEveryTruncation) {
  const std::string bytes = serialize_model(small_model());

  for (std::size_t length = 0; length < bytes.size(); length += length < 64 ? 1 : 97) {
    EXPECT_FALSE(parse_model(std::string_view(bytes).substr(0, length))) << length;
  }
  EXPECT_FALSE(parse_model(bytes + "x"));
}

TEST(ModelFile, RefusesEveryFlippedByte) {
  const std::string bytes = serialize_model(small_model());

  for (std::size_t i = 0; i < bytes.size(); i += i < 64 ? 1 : 41) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_FALSE(parse_model(damaged)) << "byte " << i;
  }
}

// Put length and checksum (CRC-64/XZ, bit by bit) of the content into the header.
std::string sealed(std::string bytes) {
  std::uint64_t crc = ~std::uint64_t{0};
  for (std::size_t i = 32; i < bytes.size(); ++i) {
    crc ^= static_cast<unsigned char>(bytes[i]);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xc96c5795d7870f42U : 0U);
    }
  }
  crc = ~crc;
  const std::uint64_t length = bytes.size() - 32;
  std::memcpy(bytes.data() + 16, &length, sizeof(length));
  std::memcpy(bytes.data() + 24, &crc, sizeof(crc));
  return bytes;
}

TEST(ModelFile, SurvivesAnyContentWithAValidChecksum) {
  const std::string bytes = serialize_model(small_model());
  ASSERT_EQ(sealed(bytes), bytes);
  Random random(8);
  int accepted = 0;

  for (int round = 0; round < 1500; ++round) {
    std::string damaged = bytes;
    for (std::uint32_t i = 0; i <= random.below(4); ++i) {
      const auto place = 32 + random.below(static_cast<std::uint32_t>(bytes.size() - 32));
      damaged[place] = static_cast<char>(random.below(256));
    }
    const auto model = parse_model(sealed(damaged));
    if (model) {
      ++accepted;
      const std::vector<double> row(model->n_features(), 0.5);
      EXPECT_FALSE(std::isnan(model->score(row)));
    } else {
      EXPECT_FALSE(model.error().message().empty());
    }
  }

  EXPECT_GT(accepted, 0) << "thresholds and sizes may change freely";
}

TEST(ModelFile, SaysWhichVersionItReads) {
  std::string bytes = serialize_model(small_model());
  bytes[8] = 7;

  const auto model = parse_model(bytes);

  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().message(), HasSubstr("version 7"));
}

TEST(Model, RefusesPartsThatDoNotFit) {
  const auto refused = [](auto change) {
    ModelParts parts = small_parts();
    change(parts);
    return !Model::create(std::move(parts));
  };

  EXPECT_TRUE(refused([](ModelParts& p) { p.features.pop_back(); }));
  EXPECT_TRUE(refused([](ModelParts& p) { p.mean.pop_back(); }));
  EXPECT_TRUE(refused([](ModelParts& p) { p.scale[0] = 0; }));
  EXPECT_TRUE(refused([](ModelParts& p) { p.median[1] = std::nan(""); }));
  EXPECT_TRUE(refused([](ModelParts& p) { p.threshold = std::nan(""); }));
  EXPECT_TRUE(refused([](ModelParts& p) { p.extraction.window = 1000; }));
  EXPECT_FALSE(refused([](ModelParts&) {}));
}

TEST(Model, BatchScoresAreTheSingleOnes) {
  const Model model = small_model();
  Random random(3);
  std::vector<double> rows(700 * 3);
  std::generate(rows.begin(), rows.end(), [&] { return 100 * random.uniform(); });
  std::vector<double> scores(700);

  model.score_batch(rows, scores);

  for (std::size_t i = 0; i < scores.size(); ++i) {
    EXPECT_NEAR(scores[i], model.score(std::span(rows).subspan(3 * i, 3)), 1e-14);
  }
}

TEST(Model, AFeatureThatIsNotFiniteCountsAsTypical) {
  const Model model = small_model();

  EXPECT_EQ(model.score(std::vector<double>{1.2, std::nan(""), 80}),
            model.score(std::vector<double>{1.2, 7, 80}));
}

TEST(Model, ExplainsWhichFeatureWasStrange) {
  const Model model = small_model();

  const auto contributions = model.explain(std::vector<double>{1.5, 900, 53});

  ASSERT_EQ(contributions.size(), 3U);
  EXPECT_EQ(contributions[0].feature, "speed");
  EXPECT_DOUBLE_EQ(contributions[0].value, 900);
  EXPECT_DOUBLE_EQ(contributions[0].expected, 7);
  EXPECT_GT(contributions[0].amount, 0.02);
  EXPECT_EQ(contributions[1].amount, 0.0);
}

}  // namespace
}  // namespace millstream::forest
