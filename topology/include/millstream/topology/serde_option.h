#pragma once

#include <millstream/core/nullable.h>
#include <millstream/core/record.h>
#include <millstream/core/serde.h>
#include <millstream/core/windowed.h>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace millstream {

namespace detail {
template <class T>
struct SerdeTargetOf {
  using type = NonNull<T>;
};
template <class V>
struct SerdeTargetOf<Change<V>> {
  using type = V;
};
/// The type that a serde for an edge's key or value reads and writes.
template <class T>
using SerdeTarget = typename SerdeTargetOf<T>::type;

/// Stands in for a serde whose absence has been noted as a fault of the topology.
template <class T>
struct NoSerde {
  Status serialize(const T&, std::string&) const { return Error::user("no serde"); }
  Status deserialize(std::string_view, T&) const { return Error::user("no serde"); }
};

template <class T>
inline constexpr bool kIsWindowed = false;
template <class K>
inline constexpr bool kIsWindowed<Windowed<K>> = true;
}  // namespace detail

/// Whether an operator writes and reads bytes in any case, or only if something else asks for it,
/// such as a key that changed above. **Errors**: a type without a serde is a compile-time error in
/// the first case; in the second a fault that `build()` tells, if the bytes turn out to be needed.
enum class SerdeUse { kCertain, kMaybe };

/// A serde among the options of an operator: the one given, or the type's default, which an
/// operator replaces by what its stream brings along. Windowed keys have no default: their streams
/// bring it.
/// **Errors**: a compile-time error that names the type where none is given and it has no default;
/// see SerdeUse.
template <class T, SerdeUse Use = SerdeUse::kCertain>
class SerdeOption {
 public:
  using Target = detail::SerdeTarget<T>;

  SerdeOption() {
    constexpr bool kWanted = Use == SerdeUse::kCertain || kHasDefaultSerde<Target>;
    if constexpr (!detail::kIsWindowed<Target> && kWanted) serde_.emplace();
  }
  /// The option of an operator that uses it otherwise.
  template <SerdeUse Other>
    requires(Other != Use)
  SerdeOption(const SerdeOption<T, Other>& other)  // NOLINT(google-explicit-constructor): the same
      : serde_(other.serde_), given_(other.given_) {}
  template <class S>
    requires(std::convertible_to<S, Serde<Target>> &&
             !std::same_as<std::remove_cvref_t<S>, SerdeOption>)
  SerdeOption(S serde)  // NOLINT(google-explicit-constructor): any serde will do
      : serde_(std::move(serde)), given_(true) {}

  [[nodiscard]] bool given() const { return given_; }
  /// The serde given, else the inherited one, else the type's own; nothing if there is none at all.
  [[nodiscard]] std::optional<Serde<Target>> resolve(
      const std::optional<Serde<Target>>& inherited = std::nullopt) const {
    return given_ || !inherited ? serde_ : inherited;
  }

 private:
  template <class, SerdeUse>
  friend class SerdeOption;

  std::optional<Serde<Target>> serde_;
  bool given_ = false;
};

}  // namespace millstream
