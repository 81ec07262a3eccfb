#pragma once

#include <millstream/core/result.h>
#include <millstream/http/http_message.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace millstream {

class EventStream;
class Logger;

/// Who may ask for a route of a server that has a token.
enum class HttpAccess {
  kToken,   ///< Only who sends `Authorization: Bearer TOKEN`.
  kPublic,  ///< Everybody: health checks and pages that hold no data.
};

/// A small HTTP server for what a service shows of itself: GET only, bounded requests, connections
/// and responses, on loopback unless told otherwise. Without a token it answers only requests whose
/// Host is a loopback name, so that no web page elsewhere can read it through the user's browser.
///
///     HttpServer server({.port = 9464});
///     server.get("/api/v1/tasks", [&](const HttpRequest&) { return HttpResponse::json(tasks());
///     }); if (Status started = server.start(); !started) return started;
///
/// **Thread**: routes before `start`, from one thread; handlers run on the server's own threads.
/// **Lifetime**: what handlers refer to outlives `stop`.
class HttpServer {
 public:
  struct Options {
    /// "127.0.0.1", "::1", "localhost", "0.0.0.0", another address of this machine.
    std::string address = "127.0.0.1";
    /// 0: a free one, which `port()` tells.
    std::uint16_t port = 0;
    /// Required beyond loopback; at least 16 characters.
    std::string token;
    /// Request line and headers together. **Units**: bytes.
    std::size_t max_request = 8192;
    /// A larger body is answered by status 500. **Units**: bytes.
    std::size_t max_response = std::size_t{16} << 20U;
    /// Requests served at the same time, event streams included.
    std::size_t max_connections = 16;
    /// Event streams at the same time; more get status 503.
    std::size_t max_streams = 8;
    /// May be null.
    Logger* logger = nullptr;
  };

  explicit HttpServer(Options options);
  /// Stops.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Answer GET requests for a path. A path that ends in `*` stands for all that begin so; the
  /// longest match wins.
  void get(std::string path, HttpHandler handler, HttpAccess access = HttpAccess::kToken);
  /// Answer a path with server-sent events. **Lifetime**: shared with the listeners.
  void events(std::string path, std::shared_ptr<EventStream> stream);
  /// `/livez` says that the process answers; `/readyz` that `is_ready` does (200 or 503).
  void health(std::function<bool()> is_ready);

  /// Listen and serve. **Errors**: kUser for an address in use or not of this machine, and for a
  /// missing or short token beyond loopback.
  Status start();
  /// End event streams and running requests, then close. Idempotent.
  void stop();
  /// The port that it listens on, after `start`.
  [[nodiscard]] std::uint16_t port() const;
  /// "http://127.0.0.1:9464", after `start`.
  [[nodiscard]] std::string url() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millstream
