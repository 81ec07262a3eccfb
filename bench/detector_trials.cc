// How the online detector's options are chosen: detector_trials NAB [--seeds N] [--combine] [SET
// ...]
//
// NAB is a folder with data/ and labels/; a SET is a list of options such as trees=20,sample=256
// and stands beside the defaults. Each file goes through OnlineForest, alone and from the start,
// once for each set and seed. Then, of each set:
//   in sample  every threshold of the grid: NAB's score (all alarms counted, mean of the seeds) in
//              the three profiles, false alarms, windows found, the lowest and highest seed
//   halves     20 random halvings of the files, stratified by category, each in both directions:
//   the
//              threshold that is best on one half (by the mean of the profiles), scored on the
//              other
// At last the set is chosen on one half, too. With --combine also averages of the scores of pairs
// of sets are judged.
//
// The alarm rule is applied to the kept scores here, so that a forest is run once for all
// thresholds; for the defaults' threshold the alarms are compared with the detector's own.

#include <millstream/forest/nab_corpus.h>
#include <millstream/forest/nab_score.h>
#include <millstream/forest/online_forest.h>
#include <millstream/forest/random.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::forest {
namespace {

constexpr std::size_t kProfiles = kNabProfiles.size();
constexpr std::size_t kHalvings = 20;
constexpr double kLowest = 0.44;
constexpr double kStep = 0.02;
constexpr std::size_t kThresholds = 24;

double threshold_of(std::size_t index) { return kLowest + kStep * static_cast<double>(index); }

using Profiles = std::array<double, kProfiles>;

// What one file comes to at one threshold; of several, the sum.
struct Tally {
  Profiles raw{};
  double windows = 0;
  double found = 0;
  double false_alarms = 0;

  Tally& operator+=(const Tally& other) {
    for (std::size_t p = 0; p < kProfiles; ++p) raw[p] += other.raw[p];
    windows += other.windows;
    found += other.found;
    false_alarms += other.false_alarms;
    return *this;
  }
  [[nodiscard]] Profiles scores() const {
    Profiles result;
    for (std::size_t p = 0; p < kProfiles; ++p)
      result[p] =
          normalised_score(raw[p], static_cast<std::size_t>(std::lround(windows)), kNabProfiles[p]);
    return result;
  }
};

double mean_of(const Profiles& scores) {
  return std::accumulate(scores.begin(), scores.end(), 0.0) / kProfiles;
}

// A seed's scores, [file][record].
using Scores = std::vector<std::vector<double>>;

struct Set {
  std::string name;
  OnlineForestOptions options;
  std::vector<Scores> seeds;
  std::vector<std::vector<std::vector<Tally>>> tallies;  // [seed][threshold][file]
};

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "detector_trials: %s\n", what.c_str());
  std::exit(1);
}

OnlineForestOptions options_of(std::string_view text) {
  OnlineForestOptions o;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto equals = text.find('=');
    if (equals >= comma) fail("an option is NAME=NUMBER, not " + std::string(text));
    const std::string_view name = text.substr(0, equals);
    const double value =
        std::strtod(std::string(text.substr(equals + 1, comma - equals - 1)).c_str(), nullptr);
    const auto whole = static_cast<std::uint32_t>(value);
    if (name == "trees")
      o.trees = whole;
    else if (name == "sample")
      o.sample = whole;
    else if (name == "window")
      o.window = whole;
    else if (name == "rebuild_every")
      o.rebuild_every = whole;
    else if (name == "first_build")
      o.first_build = whole;
    else if (name == "extra_depth")
      o.extra_depth = whole;
    else if (name == "floor")
      o.floor = value;
    else if (name == "refractory")
      o.refractory = whole;
    else if (name == "rise")
      o.rise = value;
    else if (name == "fade")
      o.fade = value;
    else
      fail("no option " + std::string(name));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  if (const auto good = o.check(); !good) fail(std::string(good.error().message()));
  return o;
}

// The detector's alarm rule (OnlineForest::judge) over kept scores; NaN: not scored yet.
std::vector<double> alarms_of(const std::vector<double>& scores, const OnlineForestOptions& o,
                              double threshold) {
  const double keep = std::exp(-1 / o.fade);
  std::vector<double> alarms(scores.size());
  std::uint64_t count = 0;
  std::uint64_t last = 0;
  double raised = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    ++count;
    raised *= keep;
    const bool quiet = last != 0 && count - last <= o.refractory;
    if (scores[i] >= threshold + raised && !quiet) {
      alarms[i] = 1;
      last = count;
      raised += o.rise;
    }
  }
  return alarms;
}

Scores run(const std::vector<Series>& corpus, OnlineForestOptions options, std::uint64_t seed) {
  options.seed = seed;
  Scores all;
  for (const Series& series : corpus) {
    OnlineForest forest(options, series.name.substr(0, series.name.rfind('.')));
    std::vector<double> scores;
    std::vector<double> alarms;
    for (const Point& point : series.points) {
      const OnlineScore score = forest.update(point.timestamp_ms, point.value);
      const bool scored = forest.count() > options.first_build;
      scores.push_back(scored ? score.score : std::nan(""));
      alarms.push_back(score.alarm ? 1 : 0);
    }
    if (alarms_of(scores, options, options.threshold) != alarms)
      fail(series.name + ": the alarms are not the detector's own");
    all.push_back(std::move(scores));
  }
  return all;
}

Tally tally_of(const Series& series, std::vector<double> alarms) {
  const std::vector<ScoredSeries> files = {with_labels(series, std::move(alarms))};
  Tally tally;
  tally.windows = static_cast<double>(count_windows(files));
  for (std::size_t p = 0; p < kProfiles; ++p) {
    const SweepPoint point = score_at(files, kNabProfiles[p], 0.5);
    tally.raw[p] = point.raw;
    tally.false_alarms = static_cast<double>(point.false_positives);
  }
  const ScoredSeries& file = files[0];
  for (const RowWindow& window : file.windows) {
    const auto begin =
        file.scores.begin() + static_cast<std::ptrdiff_t>(std::max(window.first, file.probation));
    const auto end = file.scores.begin() + static_cast<std::ptrdiff_t>(window.last) + 1;
    tally.found += begin < end && std::find(begin, end, 1.0) != end ? 1 : 0;
  }
  return tally;
}

void tally(Set& set, const std::vector<Series>& corpus) {
  for (const Scores& scores : set.seeds) {
    auto& of_seed = set.tallies.emplace_back();
    for (std::size_t t = 0; t < kThresholds; ++t) {
      auto& of_threshold = of_seed.emplace_back();
      for (std::size_t file = 0; file < corpus.size(); ++file)
        of_threshold.push_back(
            tally_of(corpus[file], alarms_of(scores[file], set.options, threshold_of(t))));
    }
  }
}

// Which files belong to the first half.
using Half = std::vector<bool>;

Half halve(const std::vector<Series>& corpus, Random& random) {
  std::map<std::string, std::vector<std::size_t>> categories;
  for (std::size_t i = 0; i < corpus.size(); ++i)
    categories[corpus[i].name.substr(0, corpus[i].name.find('/'))].push_back(i);
  Half half(corpus.size());
  for (auto& [name, files] : categories) {
    for (std::size_t i = files.size(); i > 1; --i)
      std::swap(files[i - 1], files[random.below(static_cast<std::uint32_t>(i))]);
    // An odd file falls to either side.
    const std::size_t first = (files.size() + random.below(2)) / 2;
    for (std::size_t i = 0; i < first; ++i) half[files[i]] = true;
  }
  return half;
}

Tally sum_of(const std::vector<Tally>& files, const std::function<bool(std::size_t)>& counts) {
  Tally sum;
  for (std::size_t i = 0; i < files.size(); ++i)
    if (counts(i)) sum += files[i];
  return sum;
}

Profiles mean_scores(const Set& set, std::size_t threshold,
                     const std::function<bool(std::size_t)>& counts) {
  Profiles mean{};
  for (const auto& seed : set.tallies) {
    const Profiles scores = sum_of(seed[threshold], counts).scores();
    for (std::size_t p = 0; p < kProfiles; ++p)
      mean[p] += scores[p] / static_cast<double>(set.tallies.size());
  }
  return mean;
}

struct Choice {
  std::size_t threshold = 0;
  double score = -1e9;
};

Choice best_on(const Set& set, const std::function<bool(std::size_t)>& counts) {
  Choice best;
  for (std::size_t t = 0; t < kThresholds; ++t) {
    const double score = mean_of(mean_scores(set, t, counts));
    if (score > best.score) best = {t, score};
  }
  return best;
}

void print_in_sample(const Set& set) {
  std::printf("\n%s, in sample\n", set.name.c_str());
  std::printf(
      "| threshold | score | windows found | false alarms | lowest to highest seed |\n"
      "| --- | --- | --- | --- | --- |\n");
  const auto all = [](std::size_t) { return true; };
  const auto seeds = static_cast<double>(set.tallies.size());
  for (std::size_t t = 0; t < kThresholds; ++t) {
    double low = 1e9;
    double high = -1e9;
    Tally sum;
    for (const auto& seed : set.tallies) {
      const Tally one = sum_of(seed[t], all);
      low = std::min(low, one.scores()[0]);
      high = std::max(high, one.scores()[0]);
      sum += one;
    }
    const Profiles mean = mean_scores(set, t, all);
    std::printf("| %.2f | %.1f / %.1f / %.1f | %.1f of %.0f | %.0f | %.1f to %.1f |\n",
                threshold_of(t), mean[0], mean[1], mean[2], sum.found / seeds, sum.windows / seeds,
                sum.false_alarms / seeds, low, high);
  }
}

// Results of the other halves, with what was chosen how often.
struct Halves {
  std::vector<Profiles> scores;
  std::map<std::string, int> chosen;

  void print(const std::string& name) const {
    Profiles mean{};
    double square = 0;
    for (const Profiles& one : scores) {
      for (std::size_t p = 0; p < kProfiles; ++p)
        mean[p] += one[p] / static_cast<double>(scores.size());
      square += mean_of(one) * mean_of(one) / static_cast<double>(scores.size());
    }
    const double deviation = std::sqrt(std::max(square - mean_of(mean) * mean_of(mean), 0.0));
    std::printf("| %s | %.1f / %.1f / %.1f | %.1f |", name.c_str(), mean[0], mean[1], mean[2],
                deviation);
    for (const auto& [what, times] : chosen) std::printf(" %s: %d", what.c_str(), times);
    std::printf(" |\n");
  }
};

std::string shown(double threshold) {
  std::array<char, 16> text;
  std::snprintf(text.data(), text.size(), "%.2f", threshold);
  return text.data();
}

void print_halves(const std::vector<Set>& sets, const std::vector<Series>& corpus) {
  Random random(20);
  std::vector<Halves> of_set(sets.size());
  Halves of_all;
  Half half;
  for (std::size_t i = 0; i < 2 * kHalvings; ++i) {
    if (i % 2 == 0) half = halve(corpus, random);
    const auto here = [&](std::size_t file) { return half[file] == (i % 2 == 0); };
    const auto there = [&](std::size_t file) { return !here(file); };
    Choice best;
    std::size_t best_set = 0;
    for (std::size_t s = 0; s < sets.size(); ++s) {
      const Choice choice = best_on(sets[s], here);
      of_set[s].scores.push_back(mean_scores(sets[s], choice.threshold, there));
      ++of_set[s].chosen[shown(threshold_of(choice.threshold))];
      if (choice.score > best.score) {
        best = choice;
        best_set = s;
      }
    }
    of_all.scores.push_back(mean_scores(sets[best_set], best.threshold, there));
    ++of_all.chosen[sets[best_set].name];
  }
  std::printf("\n%zu halvings, both directions: chosen on one half, scored on the other\n",
              kHalvings);
  std::printf("| set | score | deviation | chosen (times of %zu) |\n| --- | --- | --- | --- |\n",
              2 * kHalvings);
  for (std::size_t s = 0; s < sets.size(); ++s) of_set[s].print(sets[s].name);
  if (sets.size() > 1) of_all.print("the set chosen, too");
}

Set average_of(const Set& a, const Set& b) {
  Set set{.name = "(" + a.name + ") + (" + b.name + ")",
          .options = a.options,
          .seeds = a.seeds,
          .tallies = {}};
  for (std::size_t s = 0; s < set.seeds.size(); ++s) {
    for (std::size_t file = 0; file < set.seeds[s].size(); ++file) {
      auto& scores = set.seeds[s][file];
      for (std::size_t i = 0; i < scores.size(); ++i)
        scores[i] = (scores[i] + b.seeds[s][file][i]) / 2;
    }
  }
  return set;
}

int main_of(const std::vector<std::string>& arguments) {
  std::string folder;
  std::uint64_t seeds = 5;
  bool combine = false;
  std::vector<Set> sets = {{.name = "defaults", .options = {}, .seeds = {}, .tallies = {}}};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--seeds" && i + 1 < arguments.size()) {
      seeds = std::strtoull(arguments[++i].c_str(), nullptr, 10);
    } else if (arguments[i] == "--combine") {
      combine = true;
    } else if (folder.empty()) {
      folder = arguments[i];
    } else {
      sets.push_back(
          {.name = arguments[i], .options = options_of(arguments[i]), .seeds = {}, .tallies = {}});
    }
  }
  if (folder.empty()) fail("usage: detector_trials NAB [--seeds N] [--combine] [SET ...]");
  const auto corpus = load_corpus(folder + "/data", folder + "/labels/combined_windows.json");
  if (!corpus) fail(std::string(corpus.error().message()));
  for (Set& set : sets) {
    for (std::uint64_t seed = 0; seed < seeds; ++seed)
      set.seeds.push_back(run(*corpus, set.options, seed));
  }
  const std::size_t single = sets.size();
  for (std::size_t a = 0; combine && a < single; ++a)
    for (std::size_t b = a + 1; b < single; ++b) sets.push_back(average_of(sets[a], sets[b]));
  for (Set& set : sets) {
    tally(set, *corpus);
    print_in_sample(set);
  }
  print_halves(sets, *corpus);
  return 0;
}

}  // namespace
}  // namespace millstream::forest

int main(int count, char** arguments) {
  return millstream::forest::main_of({arguments + 1, arguments + count});
}
