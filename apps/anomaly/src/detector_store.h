#pragma once

#include <millstream/core/serdes.h>
#include <millstream/forest/series_state.h>
#include <millstream/state/errors.h>
#include <millstream/state/key_value_store.h>

#include <cstdint>
#include <string>

namespace anomaly {

/// The states of detectors of one series each (OnlineForest, SeriesForest) in a key-value store:
/// rows under the series' name and two bytes, big-endian: 0 for the head, from 1 on for the slots
/// of blocks. A slot is taken again by later blocks, so that a series has a bounded number of rows
/// and nothing is ever erased.
/// **Thread**: the task's. **Errors**: StoreError, also for a state that doesn't parse.
class DetectorStore {
 public:
  using Bytes = millstream::KeyValueStore<std::string, std::string>;
  explicit DetectorStore(Bytes store) : store_(std::move(store)) {}

  /// What has changed by one more record: the head and the last block.
  template <class Detector>
  void save(const std::string& series, const Detector& detector) {
    const millstream::forest::BlockRange blocks = detector.blocks();
    bytes_.clear();
    detector.serialize_head(bytes_);
    store_.put(key(series, 0), bytes_);
    if (blocks.end == blocks.first) return;
    bytes_.clear();
    detector.serialize_block(blocks.end - 1, bytes_);
    store_.put(key(series, 1 + (blocks.end - 1) % blocks.slots), bytes_);
  }

  /// What a look into the store came to.
  enum class Found { kNothing, kOtherOptions, kState };

  /// Read a series' state into a fresh detector.
  template <class Detector>
  Found load(const std::string& series, Detector& detector) {
    auto head = store_.get(key(series, 0));
    if (!head) return Found::kNothing;
    if (!detector.is_mine(*head)) return Found::kOtherOptions;
    const auto blocks = detector.blocks(*head);
    if (!blocks) fail(series, blocks.error().message());
    for (std::uint64_t block = blocks->first; block < blocks->end; ++block) {
      const auto bytes = store_.get(key(series, 1 + block % blocks->slots));
      if (!bytes) fail(series, "a block is missing");
      head->append(*bytes);
    }
    if (const auto read = detector.deserialize(*head); !read) fail(series, read.error().message());
    return Found::kState;
  }

 private:
  const std::string& key(const std::string& series, std::uint64_t row) {
    key_.assign(series);
    key_.push_back(static_cast<char>(row >> 8U));
    key_.push_back(static_cast<char>(row & 0xffU));
    return key_;
  }
  [[noreturn]] void fail(const std::string& series, std::string_view what) const {
    throw millstream::StoreError(store_.name(), "series " + series + ": " + std::string(what));
  }

  Bytes store_;
  std::string key_;
  std::string bytes_;
};

}  // namespace anomaly
