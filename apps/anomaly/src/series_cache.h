#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

namespace anomaly {

/// The live detectors of some series, the least recently used given up beyond a budget: what they
/// hold is in the store. **Thread**: one.
template <class Detector>
class SeriesCache {
 public:
  struct Entry {
    std::string series;
    Detector detector;
    std::size_t bytes = 0;
  };

  explicit SeriesCache(std::size_t budget) : budget_(budget) {}

  /// The entry of a series, now the most recent one, or null.
  [[nodiscard]] Entry* find(const std::string& series) {
    const auto it = places_.find(series);
    if (it == places_.end()) return nullptr;
    if (it->second != entries_.begin()) entries_.splice(entries_.begin(), entries_, it->second);
    return &entries_.front();
  }
  /// Keep a detector whose series isn't there.
  Entry& add(std::string series, Detector detector) {
    entries_.push_front({std::move(series), std::move(detector)});
    places_.emplace(entries_.front().series, entries_.begin());
    return entries_.front();
  }
  /// Ask an entry anew how much it holds, and give up others until the budget is kept.
  void weigh(Entry& entry) {
    bytes_ -= entry.bytes;
    entry.bytes = entry.detector.memory() + sizeof(Entry) + 2 * entry.series.size();
    bytes_ += entry.bytes;
    while (bytes_ > budget_ && &entries_.back() != &entry) {
      bytes_ -= entries_.back().bytes;
      places_.erase(entries_.back().series);
      entries_.pop_back();
    }
  }
  void clear() {
    places_.clear();
    entries_.clear();
    bytes_ = 0;
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::size_t budget_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;  // the most recent first
  std::unordered_map<std::string, typename std::list<Entry>::iterator> places_;
};

}  // namespace anomaly
