#include "page_server.h"

#include <millstream/metrics/metrics_server.h>

#include <fmt/format.h>

#include "page_service.h"

namespace anomaly {

using millstream::Config;
using millstream::Error;
using millstream::HttpServer;
using millstream::Logger;
using millstream::Metrics;
using millstream::Result;
using millstream::Status;

namespace {

constexpr std::int64_t kUsualPort = 8000;

}  // namespace

Result<std::unique_ptr<HttpServer>> start_page_server(const Config& config, bool by_default,
                                                      LivePage& page, const Metrics& metrics,
                                                      Logger& logger) {
  const bool asked = config.contains("http.port");
  const auto port = config.get_int("http.port", by_default ? kUsualPort : -1);
  if (!port) return port.error();
  if (*port < 0) return std::unique_ptr<HttpServer>();
  if (*port > 65'535) return Error::user(fmt::format("setting http.port: {} is no port", *port));
  auto server = std::make_unique<HttpServer>(
      HttpServer::Options{.address = config.get("http.address", "127.0.0.1"),
                          .port = static_cast<std::uint16_t>(*port),
                          .token = config.get("http.token"),
                          .logger = &logger});
  page.add_routes(*server);
  millstream::serve_metrics(*server, metrics);
  const Status started = server->start();
  if (!started && asked) return started.error();
  if (!started) {
    logger.warning("page and metrics aren't served; set http.port to a free one",
                   {{"error", std::string(started.error().message())}});
    return std::unique_ptr<HttpServer>();
  }
  page.start();
  logger.info("page and metrics are served", {{"url", server->url()}});
  return server;
}

}  // namespace anomaly
