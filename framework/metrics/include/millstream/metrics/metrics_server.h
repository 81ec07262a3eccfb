#pragma once

#include <millstream/core/result.h>
#include <millstream/http/http_server.h>

#include <cstdint>
#include <functional>
#include <string>

namespace millstream {

class Metrics;

/// All metrics in Prometheus' text format 0.0.4, families by name, histograms with `_bucket`,
/// `_sum` and `_count`. **Cost**: one pass under the registry's lock; meant for scrapes.
/// **Source**: prometheus-cpp's TextSerializer over a Collectable.
[[nodiscard]] std::string to_prometheus_text(const Metrics& metrics);

/// Serve `to_prometheus_text` at `/metrics` of a server, and behind it what Prometheus' clients say
/// of every process (`process_cpu_seconds_total` and so on). **Lifetime**: metrics outlive the
/// server.
void serve_metrics(HttpServer& server, const Metrics& metrics);

/// A server for nothing but `/metrics`, `/livez` and `/readyz`, on loopback unless told otherwise.
/// Why not prometheus-cpp's Exposer: it knows neither bearer tokens nor limits.
/// **Thread**: start and stop from one.
class MetricsServer {
 public:
  /// **Lifetime**: metrics, and what `is_ready` refers to, outlive the server.
  MetricsServer(
      const Metrics& metrics, HttpServer::Options options,
      std::function<bool()> is_ready = [] { return true; });

  /// **Errors**: as HttpServer::start.
  Status start() { return server_.start(); }
  void stop() { server_.stop(); }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] std::string url() const { return server_.url() + "/metrics"; }

 private:
  HttpServer server_;
};

}  // namespace millstream
