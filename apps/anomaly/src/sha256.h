#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace anomaly {

/// Compute a SHA-256 piece by piece. **Thread**: one.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  /// Add a text behind its length, so that neighbours can't run together.
  void add_text(std::string_view text);
  template <class T>
  void add_number(T number) {
    add(std::string_view(reinterpret_cast<const char*>(&number), sizeof number));
  }
  /// 64 hexadecimal digits; the last call.
  [[nodiscard]] std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace anomaly
