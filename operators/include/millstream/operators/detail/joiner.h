#pragma once

#include <millstream/core/nullable.h>
#include <millstream/operators/detail/functions.h>

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace millstream {

/// Makes a join's result of two values, or of the key and two values. A side that may be missing is
/// an `std::optional`: the right one of a left join, both of an outer join.
template <class F, class K, class L, class R>
concept ValueJoiner =
    UserFunction<F, const L&, const R&> || UserFunction<F, const K&, const L&, const R&>;

namespace detail {

enum class JoinKind { kInner, kLeft, kOuter };

/// The values as a joiner sees them, the left one and the right one.
template <class V, JoinKind Kind>
using JoinedLeft =
    std::conditional_t<Kind == JoinKind::kOuter, std::optional<NonNull<V>>, NonNull<V>>;
template <class V, JoinKind Kind>
using JoinedRight =
    std::conditional_t<Kind == JoinKind::kInner, NonNull<V>, std::optional<NonNull<V>>>;

template <class F, class K, class L, class R>
decltype(auto) call_joiner(const F& joiner, const K& key, const L& left, const R& right) {
  if constexpr (UserFunction<F, const L&, const R&>) {
    return joiner(left, right);
  } else {
    return joiner(key, left, right);
  }
}

template <class F, class K, class L, class R>
using JoinerResult =
    Owned<decltype(call_joiner(std::declval<const F&>(), std::declval<const K&>(),
                               std::declval<const L&>(), std::declval<const R&>()))>;

/// The result of a join of kind `Kind`, as the joiner declares it.
template <class F, class K, class VL, class VR, JoinKind Kind>
using JoinResult = JoinerResult<F, K, JoinedLeft<VL, Kind>, JoinedRight<VR, Kind>>;

/// Gives a joiner values that are behind pointers, null being a missing one.
template <class VL, class VR, JoinKind Kind, class F, class K>
JoinResult<F, K, VL, VR, Kind> join_values(const F& joiner, const K& key, const NonNull<VL>* left,
                                           const NonNull<VR>* right) {
  const auto as_optional = [](const auto* value) {
    using V = std::remove_cvref_t<decltype(*value)>;
    return value == nullptr ? std::optional<V>() : std::optional<V>(*value);
  };
  if constexpr (Kind == JoinKind::kInner) {
    return call_joiner(joiner, key, *left, *right);
  } else if constexpr (Kind == JoinKind::kLeft) {
    return call_joiner(joiner, key, *left, as_optional(right));
  } else {
    return call_joiner(joiner, key, as_optional(left), as_optional(right));
  }
}

}  // namespace detail

/// Makes the foreign key of a row's value, or of its key and value; an `std::optional` one may be
/// null.
template <class F, class K, class V, class KF>
concept ForeignKeyExtractor =
    ValueFunction<F, K, V> && std::convertible_to<detail::ValueResult<F, K, V>, std::optional<KF>>;

/// A joiner of a join of kind `Kind` between values `VL` and `VR`.
template <class F, class K, class VL, class VR, detail::JoinKind Kind>
concept JoinerOf = ValueJoiner<F, K, detail::JoinedLeft<VL, Kind>, detail::JoinedRight<VR, Kind>>;

}  // namespace millstream
