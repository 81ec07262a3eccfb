#include <millstream/forest/scikit_import.h>

#include <nlohmann/json.hpp>
#include <string>

namespace millstream::forest {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxTreeNodes = std::size_t{1} << 26U;

// A tree as scikit-learn holds it: columns by node, -1 for no child, features as the tree sees
// them.
struct Columns {
  std::vector<std::uint32_t> features;
  std::vector<std::int64_t> left, right, feature;
  std::vector<double> threshold;
  std::vector<std::uint32_t> size;
};

Columns read_columns(const json& tree) {
  Columns columns;
  tree.at("features").get_to(columns.features);
  tree.at("left").get_to(columns.left);
  tree.at("right").get_to(columns.right);
  tree.at("feature").get_to(columns.feature);
  tree.at("threshold").get_to(columns.threshold);
  tree.at("n").get_to(columns.size);
  return columns;
}

Status check_columns(const Columns& c) {
  const std::size_t n = c.left.size();
  if (n == 0 || n > kMaxTreeNodes || c.right.size() != n || c.feature.size() != n ||
      c.threshold.size() != n || c.size.size() != n) {
    return Error::data("its columns are empty or differ in length");
  }
  const auto count = static_cast<std::int64_t>(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (c.left[i] == -1) {
      continue;
    }
    if (c.left[i] <= 0 || c.left[i] >= count || c.right[i] <= 0 || c.right[i] >= count) {
      return Error::data("node " + std::to_string(i) + " has a child index out of range");
    }
    if (c.feature[i] < 0 || c.feature[i] >= static_cast<std::int64_t>(c.features.size())) {
      return Error::data("node " + std::to_string(i) + " has a feature index out of range");
    }
  }
  return {};
}

// Renumber the nodes level by level, siblings side by side.
Result<Tree> make_tree(const json& source) {
  const Columns c = read_columns(source);
  MILLSTREAM_TRY(check_columns(c));
  std::vector<std::size_t> order{0};
  Tree tree(1);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t from = order[i];
    tree[i].size = c.size[from];
    if (c.left[from] == -1) {
      continue;
    }
    if (order.size() + 2 > c.left.size()) {
      return Error::data("a node has two parents");
    }
    tree[i].threshold = round_down(c.threshold[from]);
    tree[i].feature = c.features[static_cast<std::size_t>(c.feature[from])];
    tree[i].left = static_cast<std::uint32_t>(order.size());
    order.push_back(static_cast<std::size_t>(c.left[from]));
    order.push_back(static_cast<std::size_t>(c.right[from]));
    tree.resize(order.size());
  }
  return tree;
}

Result<IsolationForest> read_forest(const json& document) {
  std::vector<Tree> trees;
  for (const json& source : document.at("trees")) {
    auto tree = make_tree(source);
    if (!tree) {
      return tree.error().within("tree " + std::to_string(trees.size()));
    }
    trees.push_back(std::move(*tree));
  }
  return IsolationForest::from_trees(trees, document.at("n_features").get<std::size_t>(),
                                     document.at("max_samples").get<std::uint32_t>(),
                                     document.at("offset").get<double>());
}

Result<Model> read_model(const json& document) {
  auto forest = read_forest(document);
  if (!forest) {
    return forest.error();
  }
  ModelParts parts;
  const std::size_t n = forest->n_features();
  parts.threshold = -forest->offset();
  parts.forest = std::move(*forest);
  parts.mean.assign(n, 0.0);
  parts.scale.assign(n, 1.0);
  if (document.contains("scaler")) {
    document.at("scaler").at("mean").get_to(parts.mean);
    document.at("scaler").at("scale").get_to(parts.scale);
  }
  parts.median = parts.mean;
  if (document.contains("median")) {
    document.at("median").get_to(parts.median);
  }
  if (document.contains("feature_names")) {
    document.at("feature_names").get_to(parts.features);
  } else {
    for (std::size_t i = 0; i < n; ++i) {
      parts.features.emplace_back("f").append(std::to_string(i));
    }
  }
  parts.training.data = "scikit-learn " + document.value("sklearn", std::string("(unknown)"));
  return Model::create(std::move(parts));
}

template <class Reader>
auto read(std::string_view text, const Reader& reader) -> decltype(reader(json())) {
  try {
    return reader(json::parse(text));
  } catch (const json::exception& error) {
    return Error::data(std::string("not an export of tools/export_sklearn.py: ") + error.what());
  }
}

}  // namespace

Result<IsolationForest> import_scikit_forest(std::string_view text) {
  return read(text, read_forest);
}

Result<Model> import_scikit_model(std::string_view text) { return read(text, read_model); }

}  // namespace millstream::forest
