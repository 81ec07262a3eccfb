#include <gtest/gtest.h>
#include <millstream/forest/box_tree.h>
#include <millstream/forest/isolation_forest.h>
#include <millstream/forest/random.h>

#include <limits>
#include <vector>

#include "test_data.h"

namespace millstream::forest {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double noise(Random& random) { return random.uniform() + random.uniform() - 1; }

std::vector<double> path_lengths(std::uint32_t n) {
  std::vector<double> lengths;
  for (std::uint32_t i = 0; i <= n; ++i) {
    lengths.push_back(average_path_length(i));
  }
  return lengths;
}

TEST(BoxTree, GivesTheExpectedDepthsOfTheVector) {
  const auto vector = testing::data_json("online_forest_vectors.json")["tree"];
  std::vector<BoxTree::Node> nodes;
  for (const auto& node : vector["nodes_lo_hi_thr_left_depth_size"]) {
    const auto depth = node[4].get<std::uint32_t>();
    if (node[3].get<int>() < 0) {
      nodes.push_back({node[0], node[1], kInfinity,
                       depth + average_path_length(node[5].get<std::uint32_t>()), depth + 1,
                       static_cast<std::uint32_t>(nodes.size())});
    } else {
      nodes.push_back({node[0], node[1], node[2], 0, depth + 1, node[3].get<std::uint32_t>()});
    }
  }
  const std::vector<BoxTree> trees(5, BoxTree(nodes));

  for (std::size_t i = 0; i < vector["query"].size(); ++i) {
    const double query = vector["query"][i];
    const double expected = vector["expected_depth"][i];
    EXPECT_NEAR(trees[0].depth(query), expected, 1e-12) << query;
    EXPECT_NEAR(BoxTree::depth_sum(trees, query), 5 * expected, 1e-11) << query;
  }
}

TEST(BoxTree, IsolatesValuesTheSoonerTheFartherOutTheyAre) {
  Random random(1);
  std::vector<double> sample(256);
  BoxTreeRoom room;
  const auto lengths = path_lengths(256);
  std::vector<BoxTree> trees(50);
  for (BoxTree& tree : trees) {
    for (double& value : sample) {
      value = noise(random);
    }
    tree.grow(sample, random.next(), 10, lengths, room);
  }

  double last = BoxTree::depth_sum(trees, 0) / 50;
  EXPECT_NEAR(last, average_path_length(256), 2);
  for (const double value : {1.0, 2.0, 4.0, 8.0, 100.0}) {
    const double depth = BoxTree::depth_sum(trees, value) / 50;
    EXPECT_LT(depth, last) << value;
    last = depth;
  }
}

TEST(BoxTree, OfOneValueIsolatesAnyOtherAtOnce) {
  std::vector<double> sample(64, 3.0);
  BoxTreeRoom room;
  BoxTree tree;

  tree.grow(sample, 1, 8, path_lengths(64), room);

  EXPECT_DOUBLE_EQ(tree.depth(3.0), average_path_length(64));
  EXPECT_DOUBLE_EQ(tree.depth(3.0000001), 1.0);
  EXPECT_DOUBLE_EQ(tree.median(), 3.0);
}

}  // namespace
}  // namespace millstream::forest
