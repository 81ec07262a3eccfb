#include "results.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "sha256.h"

namespace anomaly {

namespace {

template <class Number>
void append_number(std::string& out, Number number) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out.append(text, end);
}

}  // namespace

void Results::add(const Score& score) {
  auto it = series.find(score.series);
  if (it == series.end()) it = series.emplace(score.series, std::vector<ScoredPoint>()).first;
  it->second.push_back({.timestamp_ms = score.timestamp_ms,
                        .value = score.value,
                        .score = score.score,
                        .anomaly = score.anomaly});
  ++scores;
  threshold = score.threshold;
  model_version = score.model_version;
}

void Latencies::add(std::int64_t milliseconds) {
  const auto last = static_cast<std::int64_t>(counts_.size()) - 1;
  ++counts_[static_cast<std::size_t>(std::clamp<std::int64_t>(milliseconds, 0, last))];
  ++total_;
}

std::optional<double> Latencies::quantile(double q) const {
  if (total_ == 0) return std::nullopt;
  const auto rank = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total_)));
  std::uint64_t seen = 0;
  for (std::size_t ms = 0; ms < counts_.size(); ++ms) {
    seen += counts_[ms];
    if (seen >= std::max<std::uint64_t>(rank, 1)) return static_cast<double>(ms);
  }
  return static_cast<double>(counts_.size() - 1);
}

std::string score_lines(const Results& results) {
  std::vector<std::string> lines;
  lines.reserve(results.scores);
  for (const auto& [series, points] : results.series) {
    for (const ScoredPoint& point : points) {
      std::string line = series + ',';
      append_number(line, point.timestamp_ms);
      line += ',';
      append_number(line, point.score);
      line += '\n';
      lines.push_back(std::move(line));
    }
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

std::string digest_of_lines(const std::string& lines) {
  Sha256 digest;
  digest.add(lines);
  return digest.hex();
}

}  // namespace anomaly
