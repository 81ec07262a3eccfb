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

/// A serde among the options of an operator: the one given, or the type's default, which an
/// operator replaces by what its stream brings along. Windowed keys have no default: their streams
/// bring it.
/// **Errors**: a compile-time error that names the type where none is given and it has no default.
template <class T>
class SerdeOption {
 public:
  using Target = detail::SerdeTarget<T>;

  SerdeOption() {
    if constexpr (!detail::kIsWindowed<Target>) serde_.emplace();
  }
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
  std::optional<Serde<Target>> serde_;
  bool given_ = false;
};

}  // namespace millstream
