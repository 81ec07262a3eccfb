// Scores rows by a forest of scikit-learn's, for bench/scikit.py: how many rows a second in a batch
// and one at a time, on one thread, and how far the scores are from scikit-learn's own.
//
//   scikit_compare MODEL.json ROWS.bin EXPECTED.bin     rows float32, scores float64, native order

#include <millstream/forest/scikit_import.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

namespace {

using millstream::forest::IsolationForest;

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <class T>
std::vector<T> read_numbers(const char* path) {
  const std::string bytes = read_file(path);
  std::vector<T> numbers(bytes.size() / sizeof(T));
  std::copy_n(bytes.data(), numbers.size() * sizeof(T), reinterpret_cast<char*>(numbers.data()));
  return numbers;
}

/// Rows a second: the best of some rounds, as others use the machine too.
template <class Round>
double rate(std::size_t rows, const Round& round) {
  double best = 0;
  for (int i = 0; i < 7; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    round();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    best = std::max(best, static_cast<double>(rows) / took.count());
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const auto forest = millstream::forest::import_scikit_forest(read_file(argv[1]));
  if (!forest) {
    std::fprintf(stderr, "%s\n", std::string(forest.error().message()).c_str());
    return 1;
  }
  const auto rows = read_numbers<float>(argv[2]);
  const auto expected = read_numbers<double>(argv[3]);
  const std::size_t width = forest->n_features();
  std::vector<double> scores(expected.size());
  const double batch = rate(scores.size(), [&] { forest->score_batch(rows, scores); });
  double difference = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    difference = std::max(difference, std::abs(scores[i] - expected[i]));
  }
  const std::span<const float> all(rows);
  double sum = 0;
  const double one = rate(scores.size(), [&] {
    for (std::size_t i = 0; i < scores.size(); ++i) {
      sum += forest->score_samples(all.subspan(i * width, width));
    }
  });
  std::printf("{\"batch\": %.1f, \"one\": %.1f, \"difference\": %.3g, \"sum\": %.6f}\n", batch, one,
              difference, sum);
  return 0;
}
