#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millstream {

/// One header of a record: a name, and bytes or null.
struct Header {
  std::string name;
  std::optional<std::string> value;

  friend bool operator==(const Header&, const Header&) = default;
};

/// A record's headers, in order; names may repeat. Empty headers own no memory.
/// **Source**: org.apache.kafka.common.header.Headers.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> headers) : headers_(headers) {}

  void add(std::string name, std::optional<std::string> value) {
    headers_.push_back({std::move(name), std::move(value)});
  }
  /// Remove every header of that name.
  void remove(std::string_view name) {
    std::erase_if(headers_, [&](const Header& h) { return h.name == name; });
  }
  void clear() { headers_.clear(); }

  /// The last header of that name, or null. **Lifetime**: until the headers change.
  [[nodiscard]] const Header* last(std::string_view name) const {
    for (auto it = headers_.rbegin(); it != headers_.rend(); ++it) {
      if (it->name == name) return &*it;
    }
    return nullptr;
  }

  [[nodiscard]] bool empty() const { return headers_.empty(); }
  [[nodiscard]] std::size_t size() const { return headers_.size(); }
  [[nodiscard]] auto begin() const { return headers_.begin(); }
  [[nodiscard]] auto end() const { return headers_.end(); }

  friend bool operator==(const Headers&, const Headers&) = default;

 private:
  std::vector<Header> headers_;
};

}  // namespace millstream
