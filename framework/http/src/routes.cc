#include "routes.h"

#include <millstream/core/assert.h>

namespace millstream {

void Routes::add(std::string path, Route route) {
  MILLSTREAM_ASSERT(path.starts_with('/'), "a route's path begins with a slash");
  const bool is_prefix = path.ends_with('*');
  if (is_prefix) path.pop_back();
  (is_prefix ? prefixes_ : exact_).insert_or_assign(std::move(path), std::move(route));
}

Routes::Match Routes::find(std::string_view path) const {
  if (const auto found = exact_.find(path); found != exact_.end()) return {&found->second, {}};
  Match best;
  for (const auto& [prefix, route] : prefixes_) {  // Ordered: a longer match comes later.
    if (path.starts_with(prefix)) best = {&route, path.substr(prefix.size())};
  }
  return best;
}

void Routes::close_streams() {
  for (auto& [path, route] : exact_) {
    if (route.stream) route.stream->close();
  }
}

}  // namespace millstream
