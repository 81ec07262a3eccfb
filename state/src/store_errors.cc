#include <millstream/state/key_value_store.h>

namespace millstream::detail {

void require_ok(const Status& status, const std::string& store, std::string_view doing) {
  if (status) return;
  throw StoreError(store, std::string(doing) + ": " + std::string(status.error().message()));
}

}  // namespace millstream::detail
