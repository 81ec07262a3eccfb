#pragma once

#include <millstream/core/result.h>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace millstream {

/// What writes a `T` to bytes and reads it back.
///
/// `serialize(value, out)` appends to `out`; `deserialize(bytes, out)` replaces `out`, reusing its
/// memory where it can. Null never reaches a serde: it is written as no bytes at all.
/// **Errors**: a Status that says what was wrong with the bytes or the value; no exceptions.
/// **Thread**: both are const and called from every stream thread.
template <class S, class T>
concept SerdeFor =
    requires(const S& serde, const T& value, T& into, std::string_view bytes, std::string& out) {
      { serde.serialize(value, out) } -> std::same_as<Status>;
      { serde.deserialize(bytes, into) } -> std::same_as<Status>;
    };

/// The serde of a type, where nothing else is said: specialise it for your own types.
///
///     template <> struct millstream::DefaultSerde<Order> {
///       Status serialize(const Order& order, std::string& out) const;
///       Status deserialize(std::string_view bytes, Order& order) const;
///     };
template <class T>
struct DefaultSerde {
  using Missing = void;
};

/// Whether a type has a default serde.
template <class T>
inline constexpr bool kHasDefaultSerde = !requires { typename DefaultSerde<T>::Missing; };

/// A cheap, shared handle to a serde for `T`, erased to one virtual call.
/// **Lifetime**: owns its serde together with its copies; the serde is immutable.
template <class T>
class Serde {
 public:
  /// The type's default serde; a compile-time error that names the type if it has none.
  Serde() {
    static_assert(kHasDefaultSerde<T>,
                  "this type has no serde: specialise millstream::DefaultSerde for it, include the "
                  "header that does, or pass a serde in Consumed, Produced, Grouped or "
                  "Materialized");
    if constexpr (kHasDefaultSerde<T>) {
      impl_ = std::make_shared<const Holder<DefaultSerde<T>>>(DefaultSerde<T>());
    }
  }

  template <class S>
    requires(SerdeFor<S, T> && !std::same_as<std::remove_cvref_t<S>, Serde>)
  Serde(S serde)  // NOLINT(google-explicit-constructor): any serde is a Serde
      : impl_(std::make_shared<const Holder<S>>(std::move(serde))) {}

  Status serialize(const T& value, std::string& out) const { return impl_->serialize(value, out); }
  Status deserialize(std::string_view bytes, T& out) const {
    return impl_->deserialize(bytes, out);
  }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual Status serialize(const T& value, std::string& out) const = 0;
    virtual Status deserialize(std::string_view bytes, T& out) const = 0;
  };
  template <class S>
  struct Holder final : Interface {
    explicit Holder(S s) : serde(std::move(s)) {}
    Status serialize(const T& value, std::string& out) const override {
      return serde.serialize(value, out);
    }
    Status deserialize(std::string_view bytes, T& out) const override {
      return serde.deserialize(bytes, out);
    }
    S serde;
  };

  std::shared_ptr<const Interface> impl_;
};

}  // namespace millstream
