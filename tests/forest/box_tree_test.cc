#include <gtest/gtest.h>
#include <millstream/forest/box_tree.h>
#include <millstream/forest/isolation_forest.h>
#include <millstream/forest/random.h>

#include <vector>

#include "test_data.h"

namespace millstream::forest {
namespace {

double noise(Random& random) { return random.uniform() + random.uniform() - 1; }

TEST(BoxTree, GivesTheExpectedDepthsOfTheVector) {
  const auto vector = testing::data_json("online_forest_vectors.json")["tree"];
  const auto& all = vector["nodes_lo_hi_thr_left_depth_size"];
  std::vector<std::int32_t> numbers;  // as a child: of inner nodes their place, of leaves −size
  std::int32_t inner = 0;
  for (const auto& node : all) {
    numbers.push_back(node[3].get<int>() < 0 ? -node[5].get<std::int32_t>() : inner++);
  }
  std::vector<BoxTree::Node> nodes;
  for (const auto& node : all) {
    if (node[3].get<int>() >= 0) {
      const auto left = node[3].get<std::size_t>();
      nodes.push_back(
          {node[2], {all[left][1], all[left + 1][0]}, {numbers[left], numbers[left + 1]}});
    }
  }
  const std::vector<BoxTree> trees(5, BoxTree(all[0][0], all[0][1], numbers[0], nodes));

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
  std::vector<BoxTree> trees(50);
  for (BoxTree& tree : trees) {
    for (double& value : sample) {
      value = noise(random);
    }
    tree.grow(sample, random.next(), 10, room);
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

  tree.grow(sample, 1, 8, room);

  EXPECT_DOUBLE_EQ(tree.depth(3.0), average_path_length(64));
  EXPECT_DOUBLE_EQ(tree.depth(3.0000001), 1.0);
  EXPECT_DOUBLE_EQ(tree.median(), 3.0);
}

}  // namespace
}  // namespace millstream::forest
