#include <millstream/forest/nab_score.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

namespace millstream::forest {
namespace {

constexpr std::uint32_t kNoWindow = 0xffffffffU;

double sigmoid(double y) { return 2 / (1 + std::exp(5 * y)) - 1; }

double weight_after(std::size_t row, const RowWindow& window, double false_positive) {
  const std::size_t width = window.last - window.first + 1;
  if (width == 1) {
    return -false_positive;
  }
  const double y = static_cast<double>(row - window.last) / static_cast<double>(width - 1);
  return y > 3 ? -false_positive : false_positive * sigmoid(y);
}

// All rows after probation of all files, what each is worth, and the windows they may lie in.
class Board {
 public:
  Board(std::span<const ScoredSeries> files, const ScoringProfile& profile) {
    for (const ScoredSeries& file : files) {
      add(file, profile);
    }
    window_worth_.assign(windows_, -profile.false_negative);
    now_.raw = -static_cast<double>(windows_) * profile.false_negative;
  }

  // Sort the rows by falling score; equal ones in their order.
  void sort() {
    std::stable_sort(rows_.begin(), rows_.end(),
                     [](const Row& a, const Row& b) { return a.score > b.score; });
  }

  void detect(std::size_t index) {
    const Row& row = rows_[index];
    if (row.window == kNoWindow) {
      now_.raw += row.weight;
      ++now_.false_positives;
      --now_.true_negatives;
      return;
    }
    double& worth = window_worth_[row.window];
    now_.raw += std::max(row.weight - worth, 0.0);
    worth = std::max(worth, row.weight);
    ++now_.true_positives;
    --now_.false_negatives;
  }

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] double score(std::size_t index) const { return rows_[index].score; }
  [[nodiscard]] SweepPoint at(double threshold) const {
    SweepPoint point = now_;
    point.threshold = threshold;
    return point;
  }

 private:
  struct Row {
    double score;
    double weight;
    std::uint32_t window;
  };

  void add(const ScoredSeries& file, const ScoringProfile& profile) {
    const auto weights = row_weights(file.scores.size(), file.windows, profile);
    std::vector<std::uint32_t> window_of(file.scores.size(), kNoWindow);
    for (const RowWindow& window : file.windows) {
      if (window.last < file.probation) {
        for (std::size_t row = window.first; row <= window.last; ++row) {
          window_of[row] = 0;
        }
        continue;
      }
      std::fill(window_of.begin() + static_cast<std::ptrdiff_t>(window.first),
                window_of.begin() + static_cast<std::ptrdiff_t>(window.last) + 1, windows_);
      ++windows_;
    }
    for (std::size_t row = file.probation; row < file.scores.size(); ++row) {
      rows_.push_back({file.scores[row], weights[row], window_of[row]});
      ++(window_of[row] == kNoWindow ? now_.true_negatives : now_.false_negatives);
    }
  }

  std::vector<Row> rows_;
  std::vector<double> window_worth_;
  std::uint32_t windows_ = 0;
  SweepPoint now_;
};

}  // namespace

std::size_t probation_rows(std::size_t rows) {
  return std::min<std::size_t>(static_cast<std::size_t>(0.15 * static_cast<double>(rows)), 750);
}

std::vector<double> row_weights(std::size_t rows, std::span<const RowWindow> windows,
                                const ScoringProfile& profile) {
  std::vector<double> weights(rows, -profile.false_positive);
  for (std::size_t k = 0; k < windows.size(); ++k) {
    const RowWindow& window = windows[k];
    const auto width = static_cast<double>(window.last - window.first + 1);
    for (std::size_t i = window.first; i <= window.last; ++i) {
      const double y = -static_cast<double>(window.last - i + 1) / width;
      weights[i] = profile.true_positive * sigmoid(y) / sigmoid(-1);
    }
    const std::size_t end = k + 1 < windows.size() ? windows[k + 1].first : rows;
    for (std::size_t i = window.last + 1; i < end; ++i) {
      weights[i] = weight_after(i, window, profile.false_positive);
    }
  }
  return weights;
}

SweepPoint score_at(std::span<const ScoredSeries> files, const ScoringProfile& profile,
                    double threshold) {
  Board board(files, profile);
  for (std::size_t i = 0; i < board.size(); ++i) {
    if (board.score(i) >= threshold) {
      board.detect(i);
    }
  }
  return board.at(threshold);
}

std::vector<SweepPoint> sweep_thresholds(std::span<const ScoredSeries> files,
                                         const ScoringProfile& profile) {
  Board board(files, profile);
  board.sort();
  std::vector<SweepPoint> points;
  double threshold = 1.1;
  for (std::size_t i = 0; i < board.size(); ++i) {
    if (board.score(i) != threshold) {
      points.push_back(board.at(threshold));
      threshold = board.score(i);
    }
    board.detect(i);
  }
  points.push_back(board.at(threshold));
  return points;
}

SweepPoint best_threshold(std::span<const ScoredSeries> files, const ScoringProfile& profile) {
  const auto points = sweep_thresholds(files, profile);
  return *std::max_element(points.begin(), points.end(), [](const auto& a, const auto& b) {
    return a.raw < b.raw;  // max_element keeps the first of equals
  });
}

double normalised_score(double raw, std::size_t windows, const ScoringProfile& profile) {
  const auto n = static_cast<double>(windows);
  const double worst = -profile.false_negative * n;
  return 100 * (raw - worst) / (n * profile.true_positive - worst);
}

std::size_t count_windows(std::span<const ScoredSeries> files) {
  return std::accumulate(
      files.begin(), files.end(), std::size_t{0},
      [](std::size_t sum, const ScoredSeries& file) { return sum + file.windows.size(); });
}

}  // namespace millstream::forest
