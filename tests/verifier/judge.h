#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "evidence.h"

namespace verifier {

/// Judges the evidence of one run of the torture application, which for the topics `input` (value
/// `id|group|amount`) and `rates` (value `id`) puts out, a record for each input:
///
/// - `counts`, by the input's key: `n|sum|id`, the n-th of its key, the sum of its key's amounts;
/// - `groups`, by the input's group: `n|sum|id`, the same of its group;
/// - `joined`, by the input's key: `id|rate`, the key's newest rate when it came; `-` for none;
///
/// and keeps the last of each key in the stores `counts`, `groups` and `rates`. What must hold is
/// computed anew here, from the input alone.
class Judge {
 public:
  /// Throws std::runtime_error for evidence that can't be read.
  Judge(std::string folder, int partitions) : folder_(std::move(folder)), partitions_(partitions) {}

  void judge();

  /// What is wrong, by kind: lost, duplicated, order, wrong, aborted, offsets, partition,
  /// committed, state.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& faults() const { return faults_; }
  /// The first of each kind, in words.
  [[nodiscard]] const std::vector<std::string>& examples() const { return examples_; }
  [[nodiscard]] std::uint64_t inputs() const { return inputs_; }
  [[nodiscard]] std::uint64_t outputs() const { return outputs_; }
  [[nodiscard]] std::uint64_t aborted() const { return aborted_; }
  [[nodiscard]] std::uint64_t unknown() const { return unknown_; }

 private:
  /// An input record that a correct application has processed.
  struct Input {
    std::string key;
    std::string group;
    std::int64_t amount = 0;
    std::uint64_t number = 0;  ///< The how many-th of its key.
    bool counted = false;
    bool grouped = false;
    bool joined = false;
  };
  struct Aggregate {
    std::uint64_t count = 0;
    std::int64_t sum = 0;
    std::string last;
  };
  using Aggregates = std::unordered_map<std::string, Aggregate>;
  using Rows = std::map<std::string, std::string>;

  void fault(const std::string& kind, const std::string& what);
  void check_layout(const std::string& topic, const std::vector<LogRecord>& records);
  std::vector<LogRecord> read_source(const std::string& topic);
  void read_input();
  void read_rates();
  /// The input that an output speaks of; null, and said, if it's none or spoken of before.
  Input* spoken_of(const std::string& topic, std::string_view id, bool Input::* mark);
  void check_counts();
  void check_groups();
  void check_joined();
  void check_missing(const std::string& topic, bool Input::* mark);
  void check_rows(const std::string& what, const Rows& expected, const Rows& found);
  void check_changelogs();
  void check_states();
  void check_committed();

  std::string folder_;
  int partitions_;
  std::unordered_map<std::string, Sent> sent_;
  std::unordered_map<std::string, Input> input_;
  /// The rates of each key in their order, by id.
  std::unordered_map<std::string, std::unordered_map<std::string, std::uint64_t>> rates_;
  /// What the stores must hold.
  std::map<std::string, Rows> expected_{{"counts", {}}, {"groups", {}}, {"rates", {}}};
  /// Behind the last record of each source partition.
  std::map<std::pair<std::string, int>, std::int64_t> ends_;
  std::map<std::string, std::uint64_t> faults_;
  std::vector<std::string> examples_;
  std::uint64_t inputs_ = 0;
  std::uint64_t outputs_ = 0;
  std::uint64_t aborted_ = 0;
  std::uint64_t unknown_ = 0;
};

}  // namespace verifier
