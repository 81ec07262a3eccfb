#include <absl/container/flat_hash_map.h>

#include <bit>
#include <cmath>
#include <cstdio>

#include "loops.h"
#include "statistics.h"

namespace ceiling {

namespace {

/// How often and how much; what the output of a key comes to.
struct Total {
  std::uint64_t count = 0;
  double sum = 0;
};
using Totals = absl::flat_hash_map<std::string, Total>;

bool same(const Total& a, const Total& b) {
  constexpr double kTolerance = 1e-6;
  return a.count == b.count && std::fabs(a.sum - b.sum) <= kTolerance * (1 + std::fabs(b.sum));
}

std::string with_times(std::string_view key, std::initializer_list<std::int64_t> times) {
  std::string out(key);
  for (const std::int64_t time : times) append_big_endian(out, static_cast<std::uint64_t>(time));
  return out;
}

struct Row {
  std::int64_t timestamp = 0;
  double amount = 0;
};
using Rows = absl::flat_hash_map<std::string, std::vector<Row>>;

Rows rows_of(const std::string& bootstrap, const std::string& topic) {
  Rows rows;
  read_topic(bootstrap, topic, [&](const Input& record) {
    rows[std::string(record.key)].push_back({record.timestamp, amount_of(record.value)});
  });
  for (auto& [key, of] : rows) {
    std::sort(of.begin(), of.end(),
              [](const Row& a, const Row& b) { return a.timestamp < b.timestamp; });
  }
  return rows;
}

Totals expected_windows(const Options& options) {
  constexpr std::int64_t kAdvance = 60'000;
  constexpr std::int64_t kWindows = 10;
  Totals totals;
  read_topic(options.bootstrap, options.input, [&](const Input& record) {
    const std::int64_t last = record.timestamp - record.timestamp % kAdvance;
    for (std::int64_t i = 0; i < kWindows && last >= i * kAdvance; ++i) {
      Total& total = totals[with_times(record.key, {last - i * kAdvance})];
      ++total.count;
      total.sum += amount_of(record.value);
    }
  });
  return totals;
}

Totals expected_sessions(const Options& options) {
  constexpr std::int64_t kGap = 10'000;
  Totals totals;
  for (const auto& [key, rows] : rows_of(options.bootstrap, options.input)) {
    for (std::size_t i = 0; i < rows.size();) {
      Total total;
      const std::int64_t start = rows[i].timestamp;
      std::int64_t end = start;
      for (; i < rows.size() && rows[i].timestamp - end <= kGap; ++i) {
        end = rows[i].timestamp;
        ++total.count;
        total.sum += rows[i].amount;
      }
      totals[with_times(key, {end, start})] = total;
    }
  }
  return totals;
}

Totals expected_pairs(const Options& options) {
  constexpr std::int64_t kWithin = 5'000;
  Totals totals;
  const Rows right = rows_of(options.bootstrap, options.input2);
  for (const auto& [key, rows] : rows_of(options.bootstrap, options.input)) {
    const auto others = right.find(key);
    if (others == right.end()) continue;
    for (const Row& row : rows) {
      for (const Row& other : others->second) {
        if (std::abs(other.timestamp - row.timestamp) > kWithin) continue;
        Total& total = totals[key];
        ++total.count;
        total.sum += row.amount + other.amount;
      }
    }
  }
  return totals;
}

/// The last value of each key (w4, w5), or the sum over all (w7).
Totals told(const Options& options) {
  Totals totals;
  read_topic(options.bootstrap, options.output, [&](const Input& record) {
    const std::string key(record.key);
    if (options.workload == "w7") {
      Total& total = totals[key];
      ++total.count;
      for (const std::size_t at : {std::size_t{0}, sizeof(double)}) {
        total.sum += std::bit_cast<double>(big_endian(record.value, at));
      }
    } else if (record.value.data() == nullptr) {
      totals.erase(key);
    } else {
      totals[key] = {big_endian(record.value, 0), amount_of(record.value)};
    }
  });
  return totals;
}

}  // namespace

std::int64_t verify(const Options& options) {
  const Totals expected = options.workload == "w4"   ? expected_windows(options)
                          : options.workload == "w5" ? expected_sessions(options)
                                                     : expected_pairs(options);
  const Totals found = told(options);
  std::int64_t wrong = 0;
  for (const auto& [key, total] : expected) {
    const auto it = found.find(key);
    if (it == found.end() || !same(it->second, total)) ++wrong;
  }
  for (const auto& [key, total] : found) wrong += expected.contains(key) ? 0 : 1;
  std::printf("verify %s: %s keys=%zu wrong=%lld\n", options.workload.c_str(),
              wrong == 0 ? "right" : "WRONG", expected.size(), static_cast<long long>(wrong));
  return wrong;
}

}  // namespace ceiling
