#pragma once

#include <string>
#include <string_view>
#include <typeindex>
#include <typeinfo>

namespace millstream {

namespace detail {
/// A type's name as a person writes it, out of the compiler's text of this function.
[[nodiscard]] std::string readable_type(std::string_view pretty_function);

template <class T>
std::string type_name() {
  return readable_type(__PRETTY_FUNCTION__);
}
}  // namespace detail

/// The key and value types of the records on an edge of the topology, for checking that a node
/// takes what its parent puts out.
class EdgeType {
 public:
  template <class K, class V>
  static EdgeType of() {
    return EdgeType(typeid(K), typeid(V), &text_of<K, V>);
  }

  /// "(key, value)", as in the source code.
  [[nodiscard]] std::string to_string() const { return text_(); }
  friend bool operator==(const EdgeType& a, const EdgeType& b) {
    return a.key_ == b.key_ && a.value_ == b.value_;
  }

 private:
  EdgeType(std::type_index key, std::type_index value, std::string (*text)())
      : key_(key), value_(value), text_(text) {}
  template <class K, class V>
  static std::string text_of() {
    return "(" + detail::type_name<K>() + ", " + detail::type_name<V>() + ")";
  }

  std::type_index key_;
  std::type_index value_;
  std::string (*text_)();
};

}  // namespace millstream
