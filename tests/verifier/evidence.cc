#include "evidence.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>

namespace verifier {

namespace {

using Fields = std::vector<std::string_view>;

/// Call `take` with the fields of each line; a wrong number of them is an error.
void for_each_line(const std::string& path, std::size_t fields,
                   const std::function<void(const Fields&)>& take) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error(path + ": can't be read");
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    const Fields found = split(line, '\t');
    if (found.size() != fields) {
      throw std::runtime_error(path + ":" + std::to_string(number) + ": " +
                               std::to_string(found.size()) + " fields in place of " +
                               std::to_string(fields));
    }
    take(found);
  }
}

template <class T>
T number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::runtime_error("\"" + std::string(text) + "\" is no number");
  }
  return value;
}

Outcome outcome_of(std::string_view text) {
  if (text == "acked") return Outcome::kAcked;
  if (text == "aborted") return Outcome::kAborted;
  if (text == "unknown") return Outcome::kUnknown;
  throw std::runtime_error("\"" + std::string(text) + "\" is no outcome");
}

std::vector<std::string> files_named(const std::string& folder, std::string_view start) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(start) && name.ends_with(".tsv")) paths.push_back(entry.path().string());
  }
  return paths;
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> fields;
  while (true) {
    const auto at = text.find(separator);
    fields.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return fields;
    text.remove_prefix(at + 1);
  }
}

std::unordered_map<std::string, Sent> read_sent(const std::string& folder) {
  std::unordered_map<std::string, Sent> sent;
  for (const std::string& path : files_named(folder, "sent")) {
    for_each_line(path, 5, [&](const Fields& f) {
      const bool fresh = sent.emplace(f[1], Sent{std::string(f[0]), std::string(f[2]),
                                                 std::string(f[3]), outcome_of(f[4])})
                             .second;
      if (!fresh) throw std::runtime_error(path + ": id " + std::string(f[1]) + " was sent twice");
    });
  }
  return sent;
}

std::vector<LogRecord> read_topic(const std::string& folder, const std::string& topic) {
  std::vector<LogRecord> records;
  for_each_line(folder + "/" + topic + ".tsv", 5, [&](const Fields& f) {
    LogRecord record{number<int>(f[0]), number<std::int64_t>(f[1]), std::string(f[3]), {}};
    if (f[4] != "\\N") record.value = std::string(f[4]);
    records.push_back(std::move(record));
  });
  return records;
}

std::vector<CommittedSample> read_committed_samples(const std::string& folder) {
  std::vector<CommittedSample> samples;
  for_each_line(folder + "/committed.tsv", 3, [&](const Fields& f) {
    samples.push_back({std::string(f[0]), number<int>(f[1]), number<std::int64_t>(f[2])});
  });
  return samples;
}

std::map<std::string, std::vector<StateRow>> read_states(const std::string& folder) {
  std::map<std::string, std::vector<StateRow>> states;
  for (const std::string& path : files_named(folder, "state")) {
    auto& rows = states[std::filesystem::path(path).filename().string()];
    for_each_line(path, 3, [&](const Fields& f) {
      rows.push_back({std::string(f[0]), std::string(f[1]), std::string(f[2])});
    });
  }
  return states;
}

}  // namespace verifier
