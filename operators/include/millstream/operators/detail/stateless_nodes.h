#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/functions.h>
#include <millstream/operators/detail/operator_node.h>

#include <ostream>
#include <string>
#include <utility>

namespace millstream::detail {

/// Hands on what the predicate says `Wanted` of. **Source**: KStreamFilter.
template <class K, class V, class F, bool Wanted>
class FilterNode final : public KeyKeepingNode<K, V, V> {
 public:
  FilterNode(std::string name, const F& predicate)
      : KeyKeepingNode<K, V, V>(std::move(name)), predicate_(predicate) {}
  void process(const Record<K, V>& record) override {
    if (static_cast<bool>(predicate_(record.key(), record.value())) == Wanted) {
      this->forward(record);
    }
  }

 private:
  const F& predicate_;
};

/// Hands on every record: merge, and the branches of a split. **Source**: PassThrough.
template <class K, class V>
class PassThroughNode final : public KeyKeepingNode<K, V, V> {
 public:
  using KeyKeepingNode<K, V, V>::KeyKeepingNode;
  void process(const Record<K, V>& record) override { this->forward(record); }
};

/// Drops null keys before a repartition. Kafka Streams does so too, without counting them.
template <class K, class V>
class NullKeyFilterNode final : public KeyKeepingNode<K, V, V> {
 public:
  using KeyKeepingNode<K, V, V>::KeyKeepingNode;
  void process(const Record<K, V>& record) override {
    if (get_if_present(record.key()) == nullptr) return this->drop(DropReason::kNullKey);
    this->forward(record);
  }
};

/// **Source**: KStreamMap. `KR`, `VR`: what the function's pair holds.
template <class K, class V, class F, class KR, class VR>
class MapNode final : public OperatorNode<K, V, KR, VR> {
 public:
  MapNode(std::string name, const F& mapper)
      : OperatorNode<K, V, KR, VR>(std::move(name)), mapper_(mapper) {}
  void process(const Record<K, V>& record) override {
    const std::pair<KR, VR> made = mapper_(record.key(), record.value());
    this->forward({made.first, made.second, record.timestamp(), record.headers()});
  }

 private:
  const F& mapper_;
};

/// **Source**: KStreamMapValues.
template <class K, class V, class F, class VR>
class MapValuesNode final : public KeyKeepingNode<K, V, VR> {
 public:
  MapValuesNode(std::string name, const F& mapper)
      : KeyKeepingNode<K, V, VR>(std::move(name)), mapper_(mapper) {}
  void process(const Record<K, V>& record) override {
    const VR made = call_value_function(mapper_, record.key(), record.value());
    this->forward(record.with_value(made));
  }

 private:
  const F& mapper_;
};

/// **Source**: KStreamFlatMap.
template <class K, class V, class F, class KR, class VR>
class FlatMapNode final : public OperatorNode<K, V, KR, VR> {
 public:
  FlatMapNode(std::string name, const F& mapper)
      : OperatorNode<K, V, KR, VR>(std::move(name)), mapper_(mapper) {}
  void process(const Record<K, V>& record) override {
    auto&& made = mapper_(record.key(), record.value());
    for (const auto& [key, value] : made) {
      this->forward({key, value, record.timestamp(), record.headers()});
    }
  }

 private:
  const F& mapper_;
};

/// **Source**: KStreamFlatMapValues.
template <class K, class V, class F, class VR>
class FlatMapValuesNode final : public KeyKeepingNode<K, V, VR> {
 public:
  FlatMapValuesNode(std::string name, const F& mapper)
      : KeyKeepingNode<K, V, VR>(std::move(name)), mapper_(mapper) {}
  void process(const Record<K, V>& record) override {
    auto&& made = call_value_function(mapper_, record.key(), record.value());
    for (const VR& value : made) this->forward(record.with_value(value));
  }

 private:
  const F& mapper_;
};

/// **Source**: KStreamMap with a selected key.
template <class K, class V, class F, class KR>
class SelectKeyNode final : public OperatorNode<K, V, KR, V> {
 public:
  SelectKeyNode(std::string name, const F& selector)
      : OperatorNode<K, V, KR, V>(std::move(name)), selector_(selector) {}
  void process(const Record<K, V>& record) override {
    const KR key = selector_(record.key(), record.value());
    this->forward(record.with_key(key));
  }

 private:
  const F& selector_;
};

/// **Source**: KStreamPeek.
template <class K, class V, class F>
class PeekNode final : public KeyKeepingNode<K, V, V> {
 public:
  PeekNode(std::string name, const F& action)
      : KeyKeepingNode<K, V, V>(std::move(name)), action_(action) {}
  void process(const Record<K, V>& record) override {
    action_(record.key(), record.value());
    this->forward(record);
  }

 private:
  const F& action_;
};

/// **Source**: KStreamPeek that forwards nothing.
template <class K, class V, class F>
class ForEachNode final : public TerminalNode<K, V> {
 public:
  ForEachNode(std::string name, const F& action)
      : TerminalNode<K, V>(std::move(name)), action_(action) {}
  void process(const Record<K, V>& record) override { action_(record.key(), record.value()); }

 private:
  const F& action_;
};

template <class T>
void print_to(std::ostream& out, const T& value) {
  const auto* present = get_if_present(value);
  if (present == nullptr) {
    out << "null";
  } else {
    out << *present;
  }
}

}  // namespace millstream::detail
