#pragma once

#include <millstream/core/result.h>
#include <millstream/forest/box_tree.h>
#include <millstream/forest/series_state.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::forest {

/// How the online detector works; the defaults are those of docs/detection.md. What matters most is
/// the trees' life, `trees` x `rebuild_every`. Memory a series: below 6 x trees x (sample x 40 +
/// 100) bytes for the trees, 48 x (window + trees x rebuild_every + rebuild_every + 128) bytes for
/// values and 60 x sample for growing.
struct OnlineForestOptions {
  std::uint32_t trees = 10;          ///< Trees a feature, 1 to 1,000.
  std::uint32_t sample = 512;        ///< Values drawn for a tree, with replacement, 2 to 4,096.
  std::uint32_t window = 4000;       ///< Records they are drawn from, 2 to 1,000,000.
  std::uint32_t rebuild_every = 40;  ///< Records between rebuilds of a tree of each feature.
  std::uint32_t first_build = 100;   ///< Records before anything is scored.
  std::uint32_t extra_depth = 2;     ///< Depth limit beyond ceil(log2(sample)).
  double floor = 0.001;              ///< Least normalised depth, so that a score is finite.
  double threshold = 0.74;           ///< Score from which a record is an alarm.
  std::uint32_t refractory = 20;     ///< Records after an alarm without another.
  double rise = 0.4;                 ///< What an alarm adds to the threshold, at least 0.
  double fade = 200;                 ///< Records in which that fades to 1/e, 1 to 1,000,000.
  std::uint64_t seed = 0;            ///< With the series' name, everything random follows from it.

  bool operator==(const OnlineForestOptions&) const = default;
  /// **Errors:** user: an option out of range, with the range.
  [[nodiscard]] Status check() const;
};

/// Number of features of an OnlineForest.
inline constexpr std::size_t kOnlineFeatures = 6;

/// Their names, in the order of OnlineScore::features.
inline constexpr std::array<std::string_view, kOnlineFeatures> kOnlineFeatureNames = {
    "hour_residual", "mean", "activity", "hour_residual_48", "highest", "lowest"};

/// What a record came to. The score is the mean of the features' scores; 0 before the first build,
/// and about 0 where all is as usual. The threshold is the option's and what alarms have added.
struct OnlineScore : SeriesScore {
  std::array<double, kOnlineFeatures> features{};  ///< Values of the features.
  /// −ln(mean depth / usual depth) of each feature: a sixth of it is its part of the score.
  std::array<double, kOnlineFeatures> feature_scores{};
};

/// What one feature did to the last record's score.
struct OnlineContribution {
  std::string_view feature;  ///< One of kOnlineFeatureNames.
  double value = 0;          ///< What it was.
  double expected = 0;       ///< The median of what the trees have seen.
  double amount = 0;         ///< Its part of the score; the parts add up to the score.
};

/// Detect anomalies in one series, record by record, by one small forest for each of six features:
/// the residual to the hour of day's running mean (mean of the last 3, and of the last 48), and of
/// the last 12 values the mean, the mean absolute step, the highest and the lowest. The forests'
/// trees are box-aware: a value outside a node's range is separated there with the chance that a
/// uniform cut of the extended range would separate it, so new extremes stand out in proportion.
/// Each tree is drawn from the last `window` records and rebuilt in turn.
///
/// An alarm keeps quiet for `refractory` records and raises the threshold by `rise`, which fades
/// exponentially: a series that alarms often must show ever more to alarm again.
///
/// Bad input has a defined result: a value that is not finite is not counted and scores 0, values
/// beyond ±1e100 are clamped, timestamps matter only by their hour of day (UTC). In a series that
/// was constant any other value is isolated at once and scores high.
/// Deterministic given options, series name and records. Thread: one owner.
/// **Cost:** about 6 microseconds a record with the defaults. **Source:** Guha et al., Robust
/// Random Cut Forest (ICML 2016), for the chance of a cut outside the range; the rest in
/// docs/detection.md.
class OnlineForest {
 public:
  using Options = OnlineForestOptions;

  /// A fresh series. Options must have passed check().
  explicit OnlineForest(const OnlineForestOptions& options, std::string_view series = "");

  /// Score the next record, then learn from it.
  OnlineScore update(std::int64_t timestamp_ms, double value);

  /// Say which feature contributed what to the last record's score, the most first.
  [[nodiscard]] std::array<OnlineContribution, kOnlineFeatures> explain() const;

  /// The mean of the last 12 values; 0 before the first record.
  [[nodiscard]] double level() const;
  /// Records counted so far.
  [[nodiscard]] std::uint64_t count() const { return head_.count; }
  /// Bytes held at present.
  [[nodiscard]] std::size_t memory() const;

  /// Append the state as bytes, 48 a record kept: the head, then the blocks (kBlockRecords). The
  /// trees are not in it: they are drawn again from the values, bit for bit, when it is read.
  void serialize(std::string& bytes) const;
  /// Take over a state made with the same options and series; on failure nothing changes.
  /// **Errors:** data: what is wrong. **Cost:** as all trees' building, some milliseconds.
  Status deserialize(std::string_view bytes);

  /// Append the head: counters and the features' own state, below 1,000 bytes.
  void serialize_head(std::string& bytes) const;
  /// Append the values of one of blocks(): at most 3,072 bytes.
  void serialize_block(std::uint64_t block, std::string& bytes) const;
  /// The blocks that the state needs now.
  [[nodiscard]] BlockRange blocks() const { return blocks_of(head_.count); }
  /// Whether a stored head is of this series and of options that fit. The alarm rule's may differ.
  [[nodiscard]] bool is_mine(std::string_view head) const;
  /// The blocks that belong to a stored head. **Errors:** data: as deserialize().
  [[nodiscard]] Result<BlockRange> blocks(std::string_view head) const;

 private:
  static constexpr std::uint32_t kHours = 24;
  static constexpr std::uint32_t kLookBack = 12;
  static constexpr std::uint32_t kShort = 3;  // residuals averaged
  static constexpr std::uint32_t kLong = 48;

  // Plain memory without padding: it is stored as it is.
  struct Head {
    std::uint64_t count = 0;
    std::uint64_t last_alarm = 0;  // count after the last alarm; 0 for none
    double raised = 0;             // what alarms have added to the threshold
    double last = 0;
    double visit_start = 0;  // the first value of the present visit to an hour of day
    double visit_sum = 0;    // of the visit's values less that
    std::array<double, kHours> hour_means{};
    std::array<double, kLong> residuals{};
    std::array<double, kLookBack> values{};
    std::array<double, kLookBack> steps{};
    std::array<std::uint16_t, kHours> hour_visits{};
    std::uint32_t visit_count = 0;
    std::uint32_t hour = kHours;
  };
  using Features = std::array<double, kOnlineFeatures>;

  Features make_features(std::int64_t timestamp_ms, double value);
  double hour_residual(std::int64_t timestamp_ms, double value);
  void judge();
  void finish_visit();
  void remember(const Features& features);
  void rebuild_due();
  void rebuild_all();
  void build(std::size_t feature, std::uint32_t tree, std::uint64_t at_count);
  [[nodiscard]] std::uint64_t built_at(std::uint32_t tree) const;
  [[nodiscard]] double feature_score(std::size_t feature, double value);
  [[nodiscard]] std::uint64_t needed() const;
  [[nodiscard]] BlockRange blocks_of(std::uint64_t count) const;
  [[nodiscard]] static bool valid(const Head& head);

  OnlineForestOptions options_;
  std::uint64_t seed_;
  std::uint64_t fingerprint_;  // of series and options, that stored states must share
  std::uint64_t capacity_;
  std::uint32_t depth_limit_;
  double keep_;         // what is left of the threshold's rise after a record
  double usual_depth_;  // c(sample)
  Head head_;
  OnlineScore last_;
  // Each feature's values, record r at r % capacity_: trees are drawn from one of them at a time.
  std::array<std::vector<double>, kOnlineFeatures> columns_;
  std::array<std::vector<BoxTree>, kOnlineFeatures> trees_;
  // What a feature scored last, as long as its trees are the same.
  struct Scored {
    double value = 0;
    double score = 0;
    bool known = false;
  };
  std::array<Scored, kOnlineFeatures> scored_;
  std::size_t tree_bytes_ = 0;
  std::vector<double> sample_;  // room to draw a sample
  BoxTreeRoom room_;
};

}  // namespace millstream::forest
