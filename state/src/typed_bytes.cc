#include <millstream/state/detail/typed_bytes.h>
#include <millstream/state/errors.h>

namespace millstream::detail {

void throw_store_error(const Status& status, const std::string& store, std::string_view doing) {
  throw StoreError(store, std::string(doing) + ": " + std::string(status.error().message()));
}

std::string end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xFF') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1U);
  return end;
}

}  // namespace millstream::detail
