#include "judge.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace verifier {

namespace {

/// Where the Java client's default partitioner puts a key: murmur2 of its own, so that the
/// framework's is judged too.
std::uint32_t murmur2(std::string_view data) {
  constexpr std::uint32_t m = 0x5bd1e995;
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(data[i]));
  };
  std::uint32_t h = 0x9747b28c ^ static_cast<std::uint32_t>(data.size());
  std::size_t i = 0;
  for (; i + 4 <= data.size(); i += 4) {
    std::uint32_t k = byte(i) | byte(i + 1) << 8U | byte(i + 2) << 16U | byte(i + 3) << 24U;
    k *= m;
    k ^= k >> 24U;
    k *= m;
    h = h * m ^ k;
  }
  const std::size_t rest = data.size() - i;
  if (rest == 3) h ^= byte(i + 2) << 16U;
  if (rest >= 2) h ^= byte(i + 1) << 8U;
  if (rest >= 1) h = (h ^ byte(i)) * m;
  h ^= h >> 13U;
  h *= m;
  return h ^ h >> 15U;
}

int partition_of(std::string_view key, int partitions) {
  return static_cast<int>((murmur2(key) & 0x7fffffffU) % static_cast<std::uint32_t>(partitions));
}

template <class T>
bool parse(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

/// "p-17" → ("p", 17): who sent it, and in which order.
std::pair<std::string_view, std::uint64_t> sender_of(std::string_view id) {
  const auto dash = id.rfind('-');
  std::uint64_t sequence = 0;
  if (dash == std::string_view::npos || !parse(id.substr(dash + 1), sequence)) return {id, 0};
  return {id.substr(0, dash), sequence};
}

std::string place_of(const std::string& topic, const LogRecord& record) {
  return topic + "-" + std::to_string(record.partition) + "@" + std::to_string(record.offset);
}

std::string text_of(std::uint64_t count, std::int64_t sum, std::string_view id) {
  return std::to_string(count) + "|" + std::to_string(sum) + "|" + std::string(id);
}

std::string shown(const LogRecord& record) { return record.value.value_or("(null)"); }

}  // namespace

void Judge::fault(const std::string& kind, const std::string& what) {
  if (faults_[kind]++ < 3) examples_.push_back(kind + ": " + what);
}

void Judge::judge() {
  for (const char* kind : {"lost", "duplicated", "order", "wrong", "aborted", "offsets",
                           "partition", "committed", "state"}) {
    faults_[kind] = 0;
  }
  sent_ = read_sent(folder_);
  for (const auto& [id, sent] : sent_) {
    if (sent.outcome == Outcome::kAborted) ++aborted_;
    if (sent.outcome == Outcome::kUnknown) ++unknown_;
  }
  read_input();
  read_rates();
  check_counts();
  check_groups();
  check_joined();
  check_changelogs();
  check_states();
  check_committed();
}

/// Offsets of a partition grow, and keys lie where Java's producer would put them.
void Judge::check_layout(const std::string& topic, const std::vector<LogRecord>& records) {
  std::map<int, std::int64_t> last;
  for (const LogRecord& record : records) {
    const auto [before, first] = last.try_emplace(record.partition, record.offset);
    if (!first && record.offset <= before->second) {
      fault("offsets",
            place_of(topic, record) + " comes after offset " + std::to_string(before->second));
    }
    before->second = record.offset;
    if (partition_of(record.key, partitions_) != record.partition) {
      fault("partition", place_of(topic, record) + ": key " + record.key + " belongs to " +
                             std::to_string(partition_of(record.key, partitions_)));
    }
  }
}

/// A source topic holds every acknowledged record once and in its sender's order, no aborted one,
/// and each as it was sent.
std::vector<LogRecord> Judge::read_source(const std::string& topic) {
  std::vector<LogRecord> records = read_topic(folder_, topic);
  check_layout(topic, records);
  std::unordered_map<std::string, bool> seen;
  std::map<std::pair<std::string, int>, std::uint64_t> last;
  std::vector<LogRecord> good;
  for (LogRecord& record : records) {
    auto& end = ends_[{topic, record.partition}];
    end = std::max(end, record.offset + 1);
    const std::string text = shown(record);
    const std::string id(split(text, '|').front());
    const auto sent = sent_.find(id);
    if (sent == sent_.end() || sent->second.topic != topic || sent->second.key != record.key ||
        sent->second.value != text) {
      fault("wrong", place_of(topic, record) + ": nobody sent " + record.key + " = " + text);
      continue;
    }
    if (sent->second.outcome == Outcome::kAborted) {
      fault("aborted", place_of(topic, record) + ": " + id + " was aborted");
      continue;
    }
    if (!seen.emplace(id, true).second) {
      fault("duplicated", place_of(topic, record) + ": " + id);
      continue;
    }
    const auto [sender, sequence] = sender_of(id);
    auto& newest = last[{std::string(sender), record.partition}];
    if (sequence <= newest) {
      fault("order", place_of(topic, record) + ": " + id + " after number " +
                         std::to_string(newest) + " of its sender");
    }
    newest = std::max(newest, sequence);
    good.push_back(std::move(record));
  }
  for (const auto& [id, sent] : sent_) {
    if (sent.topic == topic && sent.outcome == Outcome::kAcked && !seen.contains(id)) {
      fault("lost", topic + ": " + id + " was acknowledged");
    }
  }
  return good;
}

void Judge::read_input() {
  Aggregates by_key;
  Aggregates by_group;
  for (const LogRecord& record : read_source("input")) {
    const auto fields = split(*record.value, '|');
    Input input{record.key, {}, 0, 0};
    if (fields.size() != 3 || !parse(fields[2], input.amount)) {
      throw std::runtime_error("input: " + *record.value + " isn't id|group|amount");
    }
    input.group = fields[1];
    Aggregate& key = by_key[record.key];
    key.sum += input.amount;
    key.last = fields[0];
    input.number = ++key.count;
    Aggregate& group = by_group[input.group];
    group.sum += input.amount;
    ++group.count;
    input_.emplace(fields[0], std::move(input));
    ++inputs_;
  }
  for (const auto& [key, a] : by_key) expected_["counts"][key] = text_of(a.count, a.sum, a.last);
  // Which input of a group comes last is free (their order over partitions is), the rest is not.
  for (const auto& [group, a] : by_group) expected_["groups"][group] = text_of(a.count, a.sum, "*");
}

void Judge::read_rates() {
  for (const LogRecord& record : read_source("rates")) {
    auto& of_key = rates_[record.key];
    of_key.emplace(*record.value, of_key.size() + 1);
    expected_["rates"][record.key] = *record.value;
  }
}

Judge::Input* Judge::spoken_of(const std::string& topic, std::string_view id, bool Input::* mark) {
  ++outputs_;
  const std::string name(id);
  const auto found = input_.find(name);
  if (found == input_.end()) {
    const auto sent = sent_.find(name);
    const bool aborted = sent != sent_.end() && sent->second.outcome == Outcome::kAborted;
    fault(aborted ? "aborted" : "wrong", topic + ": an output for " + name + ", which is no input");
    return nullptr;
  }
  Input& input = found->second;
  if (input.*mark) {
    fault("duplicated", topic + ": a second output for " + name);
    return nullptr;
  }
  input.*mark = true;
  return &input;
}

void Judge::check_missing(const std::string& topic, bool Input::* mark) {
  for (const auto& [id, input] : input_) {
    if (!(input.*mark)) fault("lost", topic + ": no output for " + id);
  }
}

void Judge::check_counts() {
  const auto records = read_topic(folder_, "counts");
  check_layout("counts", records);
  Aggregates by_key;
  for (const LogRecord& record : records) {
    const std::string text = shown(record);
    const std::string_view id = split(text, '|').back();
    const Input* input = spoken_of("counts", id, &Input::counted);
    if (input == nullptr) continue;
    Aggregate& key = by_key[record.key];
    key.sum += input->amount;
    ++key.count;
    if (input->key != record.key) {
      fault("wrong", place_of("counts", record) + ": " + text + " under key " + record.key);
    } else if (input->number != key.count) {
      fault("order", place_of("counts", record) + ": " + std::string(id) + " is number " +
                         std::to_string(input->number) + " of its key, not " +
                         std::to_string(key.count));
    } else if (text != text_of(key.count, key.sum, id)) {
      fault("wrong", place_of("counts", record) + ": " + text + " in place of " +
                         text_of(key.count, key.sum, id));
    }
  }
  check_missing("counts", &Input::counted);
}

void Judge::check_groups() {
  const auto records = read_topic(folder_, "groups");
  check_layout("groups", records);
  Aggregates by_group;
  std::unordered_map<std::string, std::uint64_t> last_of_key;  // by key and group
  for (const LogRecord& record : records) {
    const std::string text = shown(record);
    const std::string id(split(text, '|').back());
    const Input* input = spoken_of("groups", id, &Input::grouped);
    if (input == nullptr) continue;
    Aggregate& group = by_group[record.key];
    group.sum += input->amount;
    ++group.count;
    auto& last = last_of_key[input->key + "|" + record.key];
    if (input->group != record.key || text != text_of(group.count, group.sum, id)) {
      fault("wrong", place_of("groups", record) + ": " + text + " in place of " +
                         text_of(group.count, group.sum, id));
    } else if (input->number <= last) {
      fault("order",
            place_of("groups", record) + ": " + id + " comes after a later one of its key");
    }
    last = std::max(last, input->number);
  }
  check_missing("groups", &Input::grouped);
  // Now it's known which input of each group came last.
  for (const LogRecord& record : records) {
    if (record.value) expected_["groups"][record.key] = *record.value;
  }
}

void Judge::check_joined() {
  const auto records = read_topic(folder_, "joined");
  check_layout("joined", records);
  struct Newest {
    std::uint64_t number = 0;
    std::uint64_t rate = 0;
  };
  std::unordered_map<std::string, Newest> newest;
  for (const LogRecord& record : records) {
    const std::string text = shown(record);
    const auto fields = split(text, '|');
    const Input* input = spoken_of("joined", fields.front(), &Input::joined);
    if (input == nullptr) continue;
    Newest& of_key = newest[record.key];
    std::uint64_t rate = 0;
    if (fields.size() == 2 && fields[1] != "-") {
      const auto& rates = rates_[record.key];
      const auto found = rates.find(std::string(fields[1]));
      if (found != rates.end()) rate = found->second;
    }
    const bool known = fields.size() == 2 && (rate > 0 || fields[1] == "-");
    if (!known || input->key != record.key) {
      fault("wrong", place_of("joined", record) + ": " + text + " under key " + record.key);
    } else if (input->number != of_key.number + 1) {
      fault("order", place_of("joined", record) + ": " + text + " is number " +
                         std::to_string(input->number) + " of its key, not " +
                         std::to_string(of_key.number + 1));
    } else if (rate < of_key.rate) {
      fault("order", place_of("joined", record) + ": " + text + " after a newer rate of its key");
    }
    of_key = {input->number, std::max(rate, of_key.rate)};
  }
  check_missing("joined", &Input::joined);
}

void Judge::check_rows(const std::string& what, const Rows& expected, const Rows& found) {
  for (const auto& [key, value] : expected) {
    const auto row = found.find(key);
    if (row == found.end()) {
      fault("state", what + ": no row for " + key);
    } else if (row->second != value) {
      fault("state", what + ": " + key + " = " + row->second + " in place of " + value);
    }
  }
  for (const auto& [key, value] : found) {
    if (!expected.contains(key)) fault("state", what + ": a row too many: " + key + " = " + value);
  }
}

/// The fold of a changelog is what the input says.
void Judge::check_changelogs() {
  for (const auto& [store, expected] : expected_) {
    const std::string topic = store + "-changelog";
    const auto records = read_topic(folder_, topic);
    check_layout(topic, records);
    Rows rows;
    for (const LogRecord& record : records) {
      if (record.value) {
        rows[record.key] = *record.value;
      } else {
        rows.erase(record.key);
      }
    }
    check_rows(topic, expected, rows);
  }
}

void Judge::check_states() {
  const auto states = read_states(folder_);
  if (states.empty()) throw std::runtime_error(folder_ + ": there is no state*.tsv");
  for (const auto& [file, rows] : states) {
    if (!std::is_sorted(rows.begin(), rows.end())) fault("state", file + " isn't sorted");
    std::map<std::string, Rows> by_store;
    for (const StateRow& row : rows) {
      if (!by_store[row.store].emplace(row.key, row.value).second) {
        fault("state", file + ": two rows for " + row.key + " in " + row.store);
      }
      if (!expected_.contains(row.store)) fault("state", file + ": a store too many: " + row.store);
    }
    for (const auto& [store, expected] : expected_) {
      check_rows(file + ", " + store, expected, by_store[store]);
    }
  }
}

/// Committed offsets never move back nor vanish, and in the end nothing is left to be read.
void Judge::check_committed() {
  std::map<std::pair<std::string, int>, std::int64_t> last;
  for (const CommittedSample& sample : read_committed_samples(folder_)) {
    const auto [before, first] = last.try_emplace({sample.topic, sample.partition}, sample.offset);
    if (!first && sample.offset < before->second) {
      fault("committed", sample.topic + "-" + std::to_string(sample.partition) + " went from " +
                             std::to_string(before->second) + " back to " +
                             std::to_string(sample.offset));
    }
    before->second = sample.offset;
  }
  for (const auto& [partition, end] : ends_) {
    const auto committed = last.find(partition);
    const std::int64_t offset = committed == last.end() ? -1 : committed->second;
    if (offset < end) {
      fault("committed", partition.first + "-" + std::to_string(partition.second) + " ends at " +
                             std::to_string(end) + ", but is committed up to " +
                             std::to_string(offset));
    }
  }
}

}  // namespace verifier
