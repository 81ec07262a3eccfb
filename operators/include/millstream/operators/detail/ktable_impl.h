#pragma once

#include <millstream/operators/detail/table_filter.h>
#include <millstream/operators/detail/table_group.h>
#include <millstream/operators/detail/table_map_values.h>
#include <millstream/operators/detail/table_transform_values.h>
#include <millstream/operators/kgrouped_table.h>
#include <millstream/operators/kstream.h>
#include <millstream/operators/ktable.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace millstream {

namespace detail {

/// The changes' new values. **Source**: KTable.toStream.
template <class K, class V>
class TableToStreamNode final : public OperatorNode<K, Change<V>, K, std::optional<V>> {
 public:
  using OperatorNode<K, Change<V>, K, std::optional<V>>::OperatorNode;
  void process(const Record<K, Change<V>>& record) override {
    const V* value = record.value().new_value;
    if (value == nullptr) {
      value_.reset();
    } else {
      value_ = *value;
    }
    this->forward(record.with_value(value_));
  }

 private:
  std::optional<V> value_;  // keeps its memory from record to record
};

}  // namespace detail

template <class K, class V>
template <class VR>
std::optional<detail::StoredTable<K, VR>> KTable<K, V>::stored(
    const std::optional<Materialized<K, VR>>& options,
    const detail::Inherited<VR>& value_serde) const {
  if (!options || options->name.empty()) return std::nullopt;
  return detail::StoredTable<K, VR>{
      detail::table_store(options->store_options(), options->name),
      detail::require_serde(*place_.graph, "a table", "key", options->key_serde, key_serde_),
      detail::require_serde(*place_.graph, "a table", "value", options->value_serde, value_serde)};
}

template <class K, class V>
template <bool Wanted, class F>
KTable<K, V> KTable<K, V>::filtered(F predicate, const Named& named,
                                    const std::optional<Materialized<K, V>>& options) const {
  constexpr const char* kPrefix = "KTABLE-FILTER-";
  if (options && options->name.empty()) place_.graph->new_store_name(kPrefix);
  auto spec = std::make_shared<detail::TableFilterSpec<K, V, F, Wanted>>(
      spec_, std::move(predicate), stored<V>(options, value_serde_));
  detail::GraphNode& node = place_.graph->add_processor(*place_.node, kPrefix, named, spec);
  return {{place_.graph, &node},
          std::move(spec),
          options ? detail::inherit(options->key_serde, key_serde_) : key_serde_,
          options ? detail::inherit(options->value_serde, value_serde_) : value_serde_};
}

template <class K, class V>
template <KeyValuePredicate<K, V> F, std::same_as<Named> N>
KTable<K, V> KTable<K, V>::filter(F predicate, const N& named) const {
  return filtered<true>(std::move(predicate), named, std::nullopt);
}

template <class K, class V>
template <KeyValuePredicate<K, V> F>
KTable<K, V> KTable<K, V>::filter(F predicate, Materialized<K, V> options) const {
  return filtered<true>(std::move(predicate), {}, std::move(options));
}

template <class K, class V>
template <KeyValuePredicate<K, V> F>
KTable<K, V> KTable<K, V>::filter(F predicate, const Named& named,
                                  Materialized<K, V> options) const {
  return filtered<true>(std::move(predicate), named, std::move(options));
}

template <class K, class V>
template <KeyValuePredicate<K, V> F, std::same_as<Named> N>
KTable<K, V> KTable<K, V>::filter_not(F predicate, const N& named) const {
  return filtered<false>(std::move(predicate), named, std::nullopt);
}

template <class K, class V>
template <KeyValuePredicate<K, V> F>
KTable<K, V> KTable<K, V>::filter_not(F predicate, Materialized<K, V> options) const {
  return filtered<false>(std::move(predicate), {}, std::move(options));
}

template <class K, class V>
template <KeyValuePredicate<K, V> F>
KTable<K, V> KTable<K, V>::filter_not(F predicate, const Named& named,
                                      Materialized<K, V> options) const {
  return filtered<false>(std::move(predicate), named, std::move(options));
}

template <class K, class V>
template <class F>
auto KTable<K, V>::mapped(
    F mapper, const Named& named,
    const std::optional<Materialized<K, NonNull<detail::ValueResult<F, K, V>>>>& options) const {
  using VR = NonNull<detail::ValueResult<F, K, V>>;
  constexpr const char* kPrefix = "KTABLE-MAPVALUES-";
  if (options && options->name.empty()) place_.graph->new_store_name(kPrefix);
  auto spec = std::make_shared<detail::TableMapValuesSpec<K, V, F, VR>>(spec_, std::move(mapper),
                                                                        stored<VR>(options, {}));
  detail::GraphNode& node =
      place_.graph->add_processor(*place_.node, kPrefix, named, spec, {.value_changing = true});
  return KTable<K, VR>({place_.graph, &node}, std::move(spec),
                       options ? detail::inherit(options->key_serde, key_serde_) : key_serde_,
                       options ? detail::inherit(options->value_serde) : std::nullopt);
}

template <class K, class V>
template <ValueFunction<K, V> F, std::same_as<Named> N>
auto KTable<K, V>::map_values(F mapper, const N& named) const {
  return mapped(std::move(mapper), named, std::nullopt);
}

template <class K, class V>
template <ValueFunction<K, V> F>
auto KTable<K, V>::map_values(
    F mapper, Materialized<K, NonNull<detail::ValueResult<F, K, V>>> options) const {
  return mapped(std::move(mapper), {}, std::move(options));
}

template <class K, class V>
template <ValueFunction<K, V> F>
auto KTable<K, V>::map_values(
    F mapper, const Named& named,
    Materialized<K, NonNull<detail::ValueResult<F, K, V>>> options) const {
  return mapped(std::move(mapper), named, std::move(options));
}

template <class K, class V>
template <class Supplier>
auto KTable<K, V>::transformed(
    Supplier supplier, const NameList& stores, const Named& named,
    const std::optional<Materialized<K, typename detail::SuppliedProcessor<Supplier>::Result>>&
        options) const {
  using T = detail::SuppliedProcessor<Supplier>;
  using VR = typename T::Result;
  static_assert(std::is_same_v<typename T::Key, K> && std::is_same_v<typename T::Value, V>,
                "the transformer takes other key and value types than the table has");
  auto spec = std::make_shared<detail::TableTransformValuesSpec<Supplier, T>>(
      spec_, std::move(supplier), stores.values(), stored<VR>(options, {}));
  detail::GraphNode& node = place_.graph->add_processor(*place_.node, "KTABLE-TRANSFORMVALUES-",
                                                        named, spec, {.value_changing = true});
  return KTable<K, VR>({place_.graph, &node}, std::move(spec),
                       options ? detail::inherit(options->key_serde, key_serde_) : key_serde_,
                       options ? detail::inherit(options->value_serde) : std::nullopt);
}

template <class K, class V>
template <class Supplier>
auto KTable<K, V>::transform_values(Supplier supplier, NameList stores, const Named& named) const {
  return transformed(std::move(supplier), stores, named, std::nullopt);
}

template <class K, class V>
template <class Supplier>
auto KTable<K, V>::transform_values(
    Supplier supplier, NameList stores, const Named& named,
    Materialized<K, typename detail::SuppliedProcessor<Supplier>::Result> options) const {
  return transformed(std::move(supplier), stores, named, std::move(options));
}

template <class K, class V>
KTable<K, V> KTable<K, V>::suppressed(const std::string& given_name,
                                      detail::SuppressRule rule) const {
  constexpr const char* kPrefix = "KTABLE-SUPPRESS-";
  detail::StreamGraph& graph = *place_.graph;
  const std::string name = given_name.empty() ? graph.new_processor_name(kPrefix) : given_name;
  rule.store = detail::suppress_store(
      given_name.empty() ? graph.new_store_name(kPrefix) : given_name + "-store", rule.buffer);
  auto spec = std::make_shared<detail::TableSuppressSpec<K, V>>(
      spec_, std::move(rule), detail::require_serde<K>(graph, "suppress", "key", {}, key_serde_),
      detail::require_serde<V>(graph, "suppress", "value", {}, value_serde_));
  detail::GraphNode& node =
      graph.add(*place_.node, std::make_unique<detail::ProcessorGraphNode>(
                                  name, std::shared_ptr<const detail::ProcessorSpec>(spec)));
  return {{&graph, &node}, std::move(spec), key_serde_, value_serde_};
}

template <class K, class V>
KTable<K, V> KTable<K, V>::suppress(const SuppressedUntilWindowCloses& until) const
  requires detail::kIsWindowed<K>
{
  const auto delay = detail::find_closing_delay(*place_.node);
  if (!delay) {
    place_.graph->add_fault("suppress until windows close needs a windowed aggregation above " +
                            place_.node->name());
  }
  return suppressed(until.name(), {{}, delay.value_or(Duration(0)), true, until.buffer()});
}

template <class K, class V>
KTable<K, V> KTable<K, V>::suppress(const SuppressedUntilTimeLimit& until) const {
  return suppressed(until.name(), {{}, until.limit(), false, until.buffer()});
}

template <class K, class V>
KStream<K, std::optional<V>> KTable<K, V>::to_stream(const Named& named) const {
  detail::GraphNode& node = place_.graph->add_processor(
      *place_.node, "KTABLE-TOSTREAM-", named,
      std::make_shared<const detail::PlainSpec<detail::TableToStreamNode<K, V>>>());
  return {{place_.graph, &node}, key_serde_, value_serde_};
}

template <class K, class V>
template <UserFunction<const K&, const std::optional<V>&> F>
auto KTable<K, V>::to_stream(F selector, const Named& named) const {
  return to_stream(named).select_key(std::move(selector));
}

template <class K, class V>
template <KeyValueMapper<K, V> F>
auto KTable<K, V>::group_by(F selector,
                            Grouped<NonNull<typename detail::KeyValueResult<F, K, V>::first_type>,
                                    NonNull<typename detail::KeyValueResult<F, K, V>::second_type>,
                                    SerdeUse::kCertain, SerdeUse::kCertain>
                                options) const {
  using Pair = detail::KeyValueResult<F, K, V>;
  using KR = detail::Owned<typename Pair::first_type>;
  using VR = detail::Owned<typename Pair::second_type>;
  detail::GraphNode& node = place_.graph->add_processor(
      *place_.node, "KTABLE-SELECT-", Named{options.name},
      detail::function_spec<detail::TableSelectNode<K, V, F, KR, VR>>(std::move(selector)));
  spec_->enable_sending_old_values(true);
  return KGroupedTable<NonNull<KR>, NonNull<VR>>({place_.graph, &node}, std::move(options));
}

}  // namespace millstream
