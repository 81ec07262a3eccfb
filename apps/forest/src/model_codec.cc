#include "model_codec.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <array>
#include <limits>

#include "forest_model.pb.h"

namespace millstream::forest {
namespace {

constexpr std::array<std::uint64_t, 256> kCrcTable = [] {
  std::array<std::uint64_t, 256> table{};
  for (std::uint64_t i = 0; i < table.size(); ++i) {
    std::uint64_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xc96c5795d7870f42U : 0U);
    }
    table[i] = crc;
  }
  return table;
}();

void encode_tree(const Tree& nodes, pb::Tree& tree) {
  for (const TreeNode& node : nodes) {
    tree.add_left(node.left);
    tree.add_feature(node.feature);
    tree.add_threshold(node.threshold);
    tree.add_size(node.size);
  }
}

Result<Tree> decode_tree(const pb::Tree& tree) {
  const int n = tree.left_size();
  if (tree.feature_size() != n || tree.threshold_size() != n || tree.size_size() != n) {
    return Error::data("a tree's columns differ in length");
  }
  Tree nodes(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) {
    nodes[static_cast<std::size_t>(i)] = {tree.threshold(i), tree.feature(i), tree.left(i),
                                          tree.size(i)};
  }
  return nodes;
}

Result<IsolationForest> decode_forest(const pb::Model& message) {
  std::vector<Tree> trees;
  trees.reserve(static_cast<std::size_t>(message.tree_size()));
  for (const pb::Tree& tree : message.tree()) {
    auto nodes = decode_tree(tree);
    if (!nodes) {
      return nodes.error();
    }
    trees.push_back(std::move(*nodes));
  }
  return IsolationForest::from_trees(trees, static_cast<std::size_t>(message.feature_size()),
                                     message.max_samples(), message.offset());
}

}  // namespace

std::uint64_t crc64(std::string_view bytes) {
  std::uint64_t crc = ~std::uint64_t{0};
  for (const char c : bytes) {
    crc = kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xffU] ^ (crc >> 8U);
  }
  return ~crc;
}

std::string hex(std::uint64_t number) {
  std::string digits(16, '0');
  for (std::size_t i = digits.size(); i-- > 0; number >>= 4U) {
    digits[i] = "0123456789abcdef"[number & 15U];
  }
  return digits;
}

std::string encode_parts(const ModelParts& parts) {
  pb::Model message;
  for (const std::string& name : parts.features) {
    message.add_feature(name);
  }
  message.mutable_mean()->Add(parts.mean.begin(), parts.mean.end());
  message.mutable_scale()->Add(parts.scale.begin(), parts.scale.end());
  message.mutable_median()->Add(parts.median.begin(), parts.median.end());
  message.set_threshold(parts.threshold);
  message.set_max_samples(parts.forest.max_samples());
  message.set_offset(parts.forest.offset());
  for (std::size_t i = 0; i < parts.forest.n_trees(); ++i) {
    encode_tree(parts.forest.tree(i), *message.add_tree());
  }
  pb::Extraction& extraction = *message.mutable_extraction();
  extraction.set_window(parts.extraction.window);
  extraction.set_short_half_life(parts.extraction.short_half_life);
  extraction.set_long_half_life(parts.extraction.long_half_life);
  extraction.set_warm_up(parts.extraction.warm_up);
  pb::Training& training = *message.mutable_training();
  training.set_data(parts.training.data);
  training.set_series(parts.training.series);
  training.set_rows(parts.training.rows);
  training.set_seed(parts.training.seed);
  training.set_tuning(parts.training.tuning);

  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream output(&stream);
  output.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&output);
  return bytes;
}

Result<ModelParts> decode_parts(std::string_view payload) {
  const google::protobuf::LogSilencer quiet;  // what is wrong is returned, not printed
  pb::Model message;
  if (payload.size() > std::numeric_limits<int>::max() ||
      !message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return Error::data("the content is not a model's Protobuf message");
  }
  auto forest = decode_forest(message);
  if (!forest) {
    return forest.error();
  }
  ModelParts parts;
  parts.features.assign(message.feature().begin(), message.feature().end());
  parts.mean.assign(message.mean().begin(), message.mean().end());
  parts.scale.assign(message.scale().begin(), message.scale().end());
  parts.median.assign(message.median().begin(), message.median().end());
  parts.forest = std::move(*forest);
  parts.threshold = message.threshold();
  const pb::Extraction& extraction = message.extraction();
  parts.extraction = {extraction.window(), extraction.short_half_life(),
                      extraction.long_half_life(), extraction.warm_up()};
  const pb::Training& training = message.training();
  parts.training = {training.data(), training.series(), training.rows(), training.seed(),
                    training.tuning()};
  return parts;
}

}  // namespace millstream::forest
