#pragma once

#include <optional>
#include <type_traits>

namespace millstream {

namespace detail {
template <class T>
struct NullableTraits {
  static constexpr bool kIsNullable = false;
  using NonNull = T;
};
template <class T>
struct NullableTraits<std::optional<T>> {
  static constexpr bool kIsNullable = true;
  using NonNull = T;
};
}  // namespace detail

/// Whether a key or value type can say null: `std::optional<T>` can, nothing else.
template <class T>
inline constexpr bool kIsNullable = detail::NullableTraits<T>::kIsNullable;

/// The type without its null: `T` of `std::optional<T>`, else the type itself.
template <class T>
using NonNull = typename detail::NullableTraits<T>::NonNull;

/// The type that can say null: `std::optional<T>`, never twice.
template <class T>
using Nullable = std::optional<NonNull<T>>;

/// The value behind a key or value of either kind, or nullptr for null.
template <class T>
const NonNull<T>* get_if_present(const T& value) {
  if constexpr (kIsNullable<T>) {
    return value.has_value() ? &*value : nullptr;
  } else {
    return &value;
  }
}

}  // namespace millstream
