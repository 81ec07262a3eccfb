#pragma once

#include <stdexcept>
#include <string>

namespace millstream {

/// Thrown inside processing when a store can't be read or written; caught at the task boundary.
/// The store is then closed and opened again, not repaired in place.
class StoreError : public std::runtime_error {
 public:
  StoreError(const std::string& store, const std::string& what)
      : std::runtime_error("store " + store + ": " + what) {}
};

}  // namespace millstream
