#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>

namespace millstream {

/// A user's function is shared by all tasks: callable as const, so no `mutable` lambda.
template <class F, class... Args>
concept UserFunction = std::invocable<const F&, Args...>;

/// Says yes or no to a key and a value.
template <class F, class K, class V>
concept KeyValuePredicate = std::predicate<const F&, const K&, const V&>;

/// Makes something of a value, or of a key and a value.
template <class F, class K, class V>
concept ValueFunction = UserFunction<F, const V&> || UserFunction<F, const K&, const V&>;

namespace detail {

template <class T>
struct OwnedOf {
  using type = std::remove_cvref_t<T>;
};
template <>
struct OwnedOf<const char*> {
  using type = std::string;
};
/// What is kept of a function's result: values, and strings for string literals.
template <class T>
using Owned = typename OwnedOf<std::decay_t<T>>::type;

template <class F, class K, class V>
decltype(auto) call_value_function(const F& function, const K& key, const V& value) {
  if constexpr (UserFunction<F, const V&>) {
    return function(value);
  } else {
    return function(key, value);
  }
}

template <class F, class K, class V>
using ValueResult = Owned<decltype(call_value_function(
    std::declval<const F&>(), std::declval<const K&>(), std::declval<const V&>()))>;

template <class F, class K, class V>
using KeyValueResult = Owned<std::invoke_result_t<const F&, const K&, const V&>>;

template <class Range>
using ElementOf = std::ranges::range_value_t<Range>;

template <class T>
inline constexpr bool kIsPair = false;
template <class A, class B>
inline constexpr bool kIsPair<std::pair<A, B>> = true;

}  // namespace detail

/// Makes a new key and value: a `std::pair` of a key and a value.
template <class F, class K, class V>
concept KeyValueMapper =
    UserFunction<F, const K&, const V&> && detail::kIsPair<detail::KeyValueResult<F, K, V>>;

/// Makes a range of pairs of a key and a value.
template <class F, class K, class V>
concept KeyValueFlatMapper =
    UserFunction<F, const K&, const V&> && std::ranges::range<detail::KeyValueResult<F, K, V>> &&
    detail::kIsPair<detail::ElementOf<detail::KeyValueResult<F, K, V>>>;

/// Makes a range of values of a value, or of a key and a value.
template <class F, class K, class V>
concept ValueFlatMapper =
    ValueFunction<F, K, V> && std::ranges::range<detail::ValueResult<F, K, V>>;

}  // namespace millstream
