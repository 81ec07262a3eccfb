#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/window_node.h>
#include <millstream/operators/sliding_windows.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millstream::detail {

/// Aggregates the records of each key and sliding window. Drops null keys, null values, and records
/// whose windows are closed. **Order**: existing windows with the record from the latest to the
/// earliest, then the right window of the record before, the record's own left and right window,
/// where these are new. **Source**: KStreamSlidingWindowAggregate.
template <class K, class V, class Functions>
class SlidingAggregateNode final : public WindowNode<K, V, Functions> {
 public:
  using Base = WindowNode<K, V, Functions>;
  using typename Base::Key;
  using typename Base::Value;

  SlidingAggregateNode(std::string name, const SlidingWindows& windows, const Functions& functions,
                       const StoredTable<Key, Value>& table, bool sends_old_values,
                       EmitStrategy emit)
      : Base(std::move(name), functions, table, sends_old_values, emit), windows_(windows) {}

  void process(const Record<K, V>& record) override {
    const Key* key = get_if_present(record.key());
    if (key == nullptr) return this->drop(DropReason::kNullKey);
    if (get_if_present(record.value()) == nullptr) return this->drop(DropReason::kNullValue);
    const Timestamp time = record.timestamp();
    this->times().observe(time);
    closed_ = this->times().observed() - windows_.grace();
    if (time + windows_.size() < closed_) {
      this->drop(DropReason::kLate);
    } else if (time < Timestamp(0) + windows_.size()) {
      process_early(*key, record);
    } else {
      process_regular(*key, record);
      this->emit_closed(record.headers());
    }
  }

 protected:
  [[nodiscard]] Timestamp last_closed_start(Timestamp stream_time) const override {
    return stream_time - windows_.grace() - windows_.size() - Duration(1);
  }

 private:
  using typename Base::Row;
  /// What the windows around a record tell of its neighbours.
  struct Neighbours {
    /// The aggregate of the window that ends before the record, and of one that reaches behind it.
    std::optional<Row> left;
    std::optional<Row> right;
    bool left_exists = false;
    bool right_exists = false;
    /// The record before this one; none: -1.
    Timestamp previous;
  };

  [[nodiscard]] Window window_at(Timestamp start) const { return {start, start + windows_.size()}; }

  /// The windows of the key that start in [from, time + 1], by start. Read before any is changed.
  void load_windows(const Key& key, Timestamp from, Timestamp time) {
    found_.clear();
    auto rows = this->store().rows().fetch(key, from, time + Duration(1));
    while (auto row = rows.next()) found_.push_back(*std::move(row));
  }
  [[nodiscard]] bool has_window_at(Timestamp start) const {
    return std::any_of(found_.begin(), found_.end(),
                       [start](const auto& row) { return row.first == start; });
  }

  void process_regular(const Key& key, const Record<K, V>& record) {
    const Timestamp time = record.timestamp();
    load_windows(key, std::max(Timestamp(0), time - 2 * windows_.size()), time);
    Neighbours near;
    for (auto row = found_.rbegin(); row != found_.rend(); ++row) {
      const Timestamp start = row->first;
      const Timestamp end = start + windows_.size();
      if (start == time + Duration(1)) {
        near.right_exists = true;
      } else if (end > time) {
        if (!near.right) near.right = row->second;
        update(key, start, row->second, record);
      } else if (end == time) {
        near.left_exists = true;
        update(key, start, row->second, record);
        if (row->second.timestamp >= time) return;
        near.previous = row->second.timestamp;
      } else {
        near.left = row->second;
        near.previous = row->second.timestamp;
        break;
      }
    }
    create_windows(key, record, near);
  }

  void create_windows(const Key& key, const Record<K, V>& record, Neighbours& near) {
    const Timestamp time = record.timestamp();
    if (near.previous.is_valid()) {
      const Timestamp start = near.previous + Duration(1);
      if (!has_window_at(start) && start + windows_.size() >= time) {
        update(key, start, std::nullopt, record);
      }
    }
    if (!near.left_exists) {
      const bool holds_previous =
          near.previous.is_valid() && time - windows_.size() <= near.previous && near.left;
      if (holds_previous) near.left->timestamp = time;
      update(key, time - windows_.size(), holds_previous ? std::move(near.left) : std::nullopt,
             record);
    }
    create_right_window(key, record, near);
  }

  /// The window behind the record, if it holds records and isn't there yet.
  void create_right_window(const Key& key, const Record<K, V>& record, const Neighbours& near) {
    if (near.right_exists || !near.right || near.right->timestamp <= record.timestamp()) return;
    const Change<Value> change{&near.right->value, nullptr, true};
    this->put(key, window_at(record.timestamp() + Duration(1)), change, near.right->timestamp,
              record.headers(), false);
  }

  /// Records before the first whole window share the window that starts at 0.
  void process_early(const Key& key, const Record<K, V>& record) {
    const Timestamp time = record.timestamp();
    load_windows(key, Timestamp(0), time);
    std::optional<Row> first;
    Neighbours near;
    for (const auto& [start, row] : found_) {
      if (start == Timestamp(0)) {
        first = row;
        if (row.timestamp < time) near.previous = row.timestamp;
      } else if (start <= time) {
        near.right = row;
        update(key, start, row, record);
      } else {
        near.right_exists = true;
      }
    }
    if (!near.right && first && first->timestamp > time) near.right = first;
    create_right_window(key, record, near);
    if (near.previous.is_valid() && !has_window_at(near.previous + Duration(1))) {
      update(key, near.previous + Duration(1), std::nullopt, record);
    }
    update(key, Timestamp(0), std::move(first), record);
  }

  /// Add the record to a window unless that is closed. As in Kafka Streams the old value of a new
  /// window is what its aggregate began with.
  void update(const Key& key, Timestamp start, std::optional<Row> row, const Record<K, V>& record) {
    const Window window = window_at(start);
    if (window.end < closed_) return this->drop(DropReason::kLate);
    if (!row) {
      std::optional<Value> initial = this->functions().initializer();
      if (initial) row = Row{*std::move(initial), record.timestamp()};
    }
    this->aggregate(key, window, std::move(row), has_window_at(start), record);
  }

  const SlidingWindows& windows_;
  Timestamp closed_;
  std::vector<std::pair<Timestamp, Row>> found_;
};

}  // namespace millstream::detail
