// Model files that somebody made on purpose: valid ones, changed as a Protobuf message can be and
// sealed with a right length and checksum, so that they get past the header. A mutant that is taken
// joins the corpus. MILLSTREAM_FUZZ_SECONDS=60 goes on for longer (best with AddressSanitizer);
// MILLSTREAM_FUZZ_SEED chooses other mutants.

#include <gtest/gtest.h>
#include <millstream/forest/model.h>
#include <millstream/forest/random.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::forest {
namespace {

constexpr std::size_t kHeader = 32;
constexpr std::size_t kCorpus = 200;
constexpr int kRounds = 4000;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// The content with a header that fits: length and CRC-64/XZ.
std::string sealed(std::string_view content, std::string_view header) {
  static const auto table = [] {
    std::array<std::uint64_t, 256> all{};
    for (std::uint64_t i = 0; i < all.size(); ++i) {
      all[i] = i;
      for (int bit = 0; bit < 8; ++bit) {
        all[i] = (all[i] >> 1U) ^ ((all[i] & 1U) != 0 ? 0xc96c5795d7870f42U : 0U);
      }
    }
    return all;
  }();
  std::uint64_t crc = ~std::uint64_t{0};
  for (const char c : content)
    crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xffU] ^ (crc >> 8U);
  crc = ~crc;
  const std::uint64_t length = content.size();
  std::string bytes(header.substr(0, kHeader));
  std::memcpy(bytes.data() + 16, &length, sizeof(length));
  std::memcpy(bytes.data() + 24, &crc, sizeof(crc));
  return bytes.append(content);
}

std::string content_of(std::uint32_t trees, std::size_t features, std::uint32_t max_samples) {
  Random random(trees);
  std::vector<double> rows(100 * features);
  std::generate(rows.begin(), rows.end(), [&] { return random.uniform(); });
  ModelParts parts;
  for (std::size_t f = 0; f < features; ++f) parts.features.push_back("f" + std::to_string(f));
  parts.mean.assign(features, 1);
  parts.scale.assign(features, 2);
  parts.median.assign(features, 1.5);
  parts.forest = *IsolationForest::train(rows, features,
                                         {.trees = trees, .max_samples = max_samples, .seed = 4});
  parts.threshold = 0.6;
  parts.training = {"a test", 1, 100, 4, "none"};
  return serialize_model(*Model::create(parts)).substr(kHeader);
}

// A field of a message: the whole, and what is in it.
struct Field {
  std::size_t begin = 0, value = 0, end = 0;
  unsigned type = 0;
};

std::uint64_t read_varint(std::string_view bytes, std::size_t& at) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; at < bytes.size() && shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    number |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) break;
  }
  return number;
}

std::string varint(std::uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7U) bytes.push_back(static_cast<char>(number | 0x80U));
  bytes.push_back(static_cast<char>(number));
  return bytes;
}

// The fields as far as they can be told.
std::vector<Field> fields_of(std::string_view bytes) {
  std::vector<Field> fields;
  for (std::size_t at = 0; at < bytes.size();) {
    Field field{.begin = at, .value = 0, .end = 0, .type = 0};
    field.type = static_cast<unsigned>(read_varint(bytes, at) & 7U);
    field.value = at;
    if (field.type == 0) {
      read_varint(bytes, at);
    } else if (field.type == 1) {
      at += 8;
    } else if (field.type == 2) {
      const std::uint64_t length = read_varint(bytes, at);
      field.value = at;
      if (length > bytes.size() - at) break;
      at += length;
    } else if (field.type == 5) {
      at += 4;
    } else {
      break;
    }
    if (at > bytes.size()) break;
    field.end = at;
    fields.push_back(field);
  }
  return fields;
}

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t bound) {
    return bound == 0 ? 0 : random_.below(static_cast<std::uint32_t>(bound));
  }

  // Change a field, or one within it, and put the length right again.
  std::string message(const std::string& bytes, const std::string& other, int depth = 0) {
    const auto fields = fields_of(bytes);
    if (fields.empty()) return raw(bytes);
    const Field field = fields[below(fields.size())];
    const std::string before = bytes.substr(0, field.begin);
    const std::string tag = bytes.substr(field.begin, 1);
    const std::string whole = bytes.substr(field.begin, field.end - field.begin);
    const std::string value = bytes.substr(field.value, field.end - field.value);
    const std::string after = bytes.substr(field.end);
    switch (below(8)) {
      case 0:
        return before + after;
      case 1:
        return before + whole + whole + after;
      case 2: {
        const auto strange = fields_of(other);
        if (strange.empty()) return bytes;
        const Field& one = strange[below(strange.size())];
        return before + other.substr(one.begin, one.end - one.begin) + after;
      }
      case 3:
        if (field.type == 2)
          return before + tag + varint(extreme()) + value + after;  // false length
        break;
      default:
        break;
    }
    if (field.type == 0) return before + tag + varint(extreme()) + after;
    if (field.type == 1) return before + tag + number() + after;
    if (field.type != 2) return raw(bytes);
    const std::string changed =
        depth < 2 && below(3) != 0 ? message(value, other, depth + 1) : packed(value);
    return before + tag + varint(changed.size()) + changed + after;
  }

 private:
  std::uint64_t extreme() {
    constexpr std::array<std::uint64_t, 12> kAll = {0,          1,           2,          0x7f,
                                                    0x80,       0xffff,      0x7fffffff, 0x80000000,
                                                    0xffffffff, 1ULL << 62U, ~0ULL - 1,  ~0ULL};
    return below(3) == 0 ? random_.next() >> below(64) : kAll[below(kAll.size())];
  }
  // Eight bytes: mostly a double that hurts.
  std::string number() {
    constexpr double kMax = std::numeric_limits<double>::max();
    const std::array<double, 9> all = {0.0,
                                       -0.0,
                                       1e-320,
                                       kMax,
                                       -kMax,
                                       std::numeric_limits<double>::infinity(),
                                       -std::numeric_limits<double>::infinity(),
                                       std::nan(""),
                                       -1};
    const double x = all[below(all.size())];
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &x, 8);
    return bytes;
  }
  // A column: numbers or bytes put in, taken out or changed.
  std::string packed(std::string value) {
    if (value.size() >= 8 && value.size() % 8 == 0 && below(2) == 0) {
      const std::size_t at = 8 * below(value.size() / 8);
      if (below(4) == 0) return value.erase(at, 8);
      return value.replace(at, 8, number());
    }
    return raw(value);
  }
  std::string raw(std::string bytes) {
    const std::size_t at = below(bytes.size());
    switch (below(5)) {
      case 0:
        return bytes.erase(at, 1 + below(8));
      case 1:
        return bytes.insert(at, varint(extreme()));
      case 2:
        return bytes.substr(0, at);
      default:
        if (!bytes.empty()) bytes[at] = static_cast<char>(below(256));
        return bytes;
    }
  }

  Random random_;
};

TEST(ModelFuzz, AMadeUpContentIsRefusedOrWorks) {
  const auto seconds = number_from("MILLSTREAM_FUZZ_SECONDS", 0);
  const auto seed = number_from("MILLSTREAM_FUZZ_SEED", 1);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  Mutator mutator(seed);
  std::vector<std::string> corpus = {content_of(1, 1, 2), content_of(2, 2, 8), content_of(3, 3, 16),
                                     content_of(20, 11, 64)};
  const std::string header = serialize_model(*parse_model(
      sealed(corpus[0], std::string("MSFOREST") + std::string(1, '\1') + std::string(23, '\0'))));
  std::uint64_t rounds = 0;
  std::uint64_t taken = 0;

  for (; rounds < kRounds || std::chrono::steady_clock::now() < end; ++rounds) {
    std::string content = corpus[mutator.below(corpus.size())];
    for (std::size_t i = 0; i <= mutator.below(4); ++i) {
      content = mutator.message(content, corpus[mutator.below(corpus.size())]);
    }
    const auto model = parse_model(sealed(content, header));
    if (!model) {
      ASSERT_FALSE(model.error().message().empty());
      continue;
    }
    ++taken;
    const std::vector<double> row(model->n_features(), 0.5);
    ASSERT_FALSE(std::isnan(model->score(row))) << "round " << rounds << ", seed " << seed;
    ASSERT_EQ(model->explain(row).size(), model->n_features());
    const auto again = parse_model(serialize_model(*model));
    ASSERT_TRUE(again) << again.error().message();
    ASSERT_EQ(again->version(), model->version());
    if (content.size() > 100'000) continue;
    if (corpus.size() < kCorpus)
      corpus.push_back(content);
    else
      corpus[4 + mutator.below(kCorpus - 4)] = content;
  }

  EXPECT_GT(taken, rounds / 100) << "else the parser's inside is not reached";
  EXPECT_LT(taken, rounds) << "else nothing is refused";
  std::printf("%llu contents, %llu taken, seed %llu\n", static_cast<unsigned long long>(rounds),
              static_cast<unsigned long long>(taken), static_cast<unsigned long long>(seed));
}

}  // namespace
}  // namespace millstream::forest
