#include <millstream/metrics/metrics_server.h>

#include <prometheus/text_serializer.h>

#include <sstream>
#include <utility>

#include "collectable.h"
#include "process_metrics.h"

namespace millstream {

std::string to_prometheus_text(const Metrics& metrics) {
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, MetricsCollectable(metrics).Collect());
  return std::move(text).str();
}

void serve_metrics(HttpServer& server, const Metrics& metrics) {
  server.get("/metrics", [&metrics](const HttpRequest&) {
    return HttpResponse{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                        .body = to_prometheus_text(metrics) + process_metrics_text()};
  });
}

MetricsServer::MetricsServer(const Metrics& metrics, HttpServer::Options options,
                             std::function<bool()> is_ready)
    : server_(std::move(options)) {
  serve_metrics(server_, metrics);
  server_.health(std::move(is_ready));
}

}  // namespace millstream
