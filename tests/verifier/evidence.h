#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// What a run leaves behind, read from its folder:
//
//   sent*.tsv               what producers sent, and what became of it      (produce_ids)
//   input, rates            the source topics                               (read_committed)
//   counts, groups, joined  the output topics                               (read_committed)
//   <store>-changelog.tsv   the changelogs of the stores counts, groups, rates
//   state*.tsv              dumps of the stores: store, key, value; sorted; each is judged
//   committed.tsv           samples of the group's committed offsets        (watch_offsets)
namespace verifier {

enum class Outcome { kAcked, kAborted, kUnknown };

/// A record that a producer sent.
struct Sent {
  std::string topic;
  std::string key;
  std::string value;
  Outcome outcome = Outcome::kUnknown;
};

/// A record of a topic as a read_committed reader saw it; a null value is nothing.
struct LogRecord {
  int partition = 0;
  std::int64_t offset = 0;
  std::string key;
  std::optional<std::string> value;
};

struct CommittedSample {
  std::string topic;
  int partition = 0;
  std::int64_t offset = 0;
};

struct StateRow {
  std::string store;
  std::string key;
  std::string value;
  friend auto operator<=>(const StateRow&, const StateRow&) = default;
};

/// The fields of a line, apart at `separator`.
std::vector<std::string_view> split(std::string_view text, char separator);

/// Each throws std::runtime_error with file and line for what can't be read.
std::unordered_map<std::string, Sent> read_sent(const std::string& folder);
std::vector<LogRecord> read_topic(const std::string& folder, const std::string& topic);
std::vector<CommittedSample> read_committed_samples(const std::string& folder);
/// By the file's name.
std::map<std::string, std::vector<StateRow>> read_states(const std::string& folder);

}  // namespace verifier
