#pragma once

#include <millstream/http/event_stream.h>
#include <millstream/http/http_server.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace millstream {

/// What stands behind a path: a handler, or a stream of events.
struct Route {
  HttpHandler handler;
  std::shared_ptr<EventStream> stream;
  HttpAccess access = HttpAccess::kToken;
};

/// The routes of a server. **Thread**: immutable once the server runs.
class Routes {
 public:
  void add(std::string path, Route route);

  struct Match {
    const Route* route = nullptr;
    std::string_view rest;
  };
  /// The route of a path; null when there is none. **Lifetime**: `rest` views `path`.
  [[nodiscard]] Match find(std::string_view path) const;

  /// End all streams.
  void close_streams();

 private:
  std::map<std::string, Route, std::less<>> exact_;
  std::map<std::string, Route, std::less<>> prefixes_;
};

}  // namespace millstream
