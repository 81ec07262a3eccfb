#include <millstream/http/http_server.h>

#include <millstream/core/log.h>

#include <civetweb.h>

#include <array>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "access.h"
#include "routes.h"
#include "uri.h"
#include "waker.h"

namespace millstream {

namespace {

constexpr Duration kKeepAlive{15'000};
constexpr const char* kRequestTimeout = "10000";

/// Civetweb wants to be initialised once a process.
void init_library() { [[maybe_unused]] static const unsigned features = mg_init_library(0); }

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return status < 400 ? "OK" : "Internal Server Error";
  }
}

std::string without_line_breaks(std::string text) {
  std::erase_if(text, [](char c) { return c == '\r' || c == '\n'; });
  return text;
}

std::string head_of(const HttpResponse& response) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " +
                     std::string(reason(response.status)) + "\r\n";
  head += "Content-Type: " + without_line_breaks(response.content_type) + "\r\n";
  head += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n";
  for (const auto& [name, value] : response.headers) {
    head += without_line_breaks(name) + ": " + without_line_breaks(value) + "\r\n";
  }
  return head;
}

/// Where this machine itself finds what listens on an address.
std::string local_address(const std::string& address) {
  if (address == "localhost" || address == "0.0.0.0") return "127.0.0.1";
  if (address == "::" || address == "[::]") return "::1";
  return address.starts_with('[') ? address.substr(1, address.size() - 2) : address;
}

bool write_all(mg_connection* connection, std::string_view bytes) {
  return mg_write(connection, bytes.data(), bytes.size()) == static_cast<int>(bytes.size());
}

std::string_view header(const mg_connection* connection, const char* name) {
  const char* value = mg_get_header(connection, name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

class HttpServer::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {}

  Routes routes;

  Status start();
  void stop();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  static int on_request(mg_connection* connection);
  static int on_log(const mg_connection* connection, const char* message);

  /// The response that answers the request without its route, if something is wrong with it.
  std::optional<HttpResponse> refuse(const mg_connection* connection,
                                     const mg_request_info& request, const Route* route) const;
  int serve(mg_connection* connection);
  [[nodiscard]] HttpResponse answer(const mg_request_info& request,
                                    const Routes::Match& match) const;
  int send(mg_connection* connection, const HttpResponse& response) const;
  int send_events(mg_connection* connection, EventStream& stream);
  [[nodiscard]] Error start_failure(const std::string& listen, const std::string& said) const;

  Options options_;
  mg_context* context_ = nullptr;
  std::atomic<std::uint16_t> port_{0};
  std::atomic<std::size_t> streams_{0};
  std::mutex log_mutex_;
  std::string start_log_;
};

int HttpServer::Impl::on_request(mg_connection* connection) {
  return static_cast<Impl*>(mg_get_user_data(mg_get_context(connection)))->serve(connection);
}

int HttpServer::Impl::on_log(const mg_connection* connection, const char* message) {
  auto* self = static_cast<Impl*>(mg_get_user_data(mg_get_context(connection)));
  if (self == nullptr) return 1;
  const std::scoped_lock lock(self->log_mutex_);
  if (self->port_ == 0) {
    self->start_log_ += std::string(message) + "; ";
  } else if (self->options_.logger != nullptr) {
    self->options_.logger->debug("http", {{"message", message}});
  }
  return 1;
}

Error HttpServer::Impl::start_failure(const std::string& listen, const std::string& said) const {
  if (said.find("ddress already in use") != std::string::npos ||
      said.find(": 98 ") != std::string::npos) {
    return Error::user("cannot listen on " + listen +
                       ": another program does; stop it, or choose another port (0: a free one)");
  }
  if (said.find("annot assign requested address") != std::string::npos) {
    return Error::user("cannot listen on " + listen + ": this machine has no such address");
  }
  return Error::user("cannot listen on " + listen + ": " +
                     (said.empty() ? "is the address right?" : said));
}

Status HttpServer::Impl::start() {
  MILLSTREAM_TRY(check_exposure(options_));
  init_library();
  const bool is_ipv6 =
      options_.address.find(':') != std::string::npos && !options_.address.starts_with('[');
  const std::string address = options_.address == "localhost" ? "127.0.0.1" : options_.address;
  const std::string listen =
      (is_ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(options_.port);
  const std::string threads = std::to_string(options_.max_connections);
  const std::string max_request = std::to_string(options_.max_request);
  std::array<const char*, 13> settings{"listening_ports",
                                       listen.c_str(),
                                       "num_threads",
                                       threads.c_str(),
                                       "max_request_size",
                                       max_request.c_str(),
                                       "request_timeout_ms",
                                       kRequestTimeout,
                                       "enable_keep_alive",
                                       "no",
                                       "tcp_nodelay",
                                       "1",
                                       nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = &Impl::on_request;
  callbacks.log_message = &Impl::on_log;
  std::array<char, 512> text{};
  unsigned code = 0;
  mg_init_data init{&callbacks, this, settings.data()};
  mg_error_data error{&code, text.data(), text.size()};
  context_ = mg_start2(&init, &error);
  if (context_ == nullptr) {
    const std::scoped_lock lock(log_mutex_);
    return start_failure(listen, start_log_ + text.data());
  }
  mg_server_port bound{};
  if (mg_get_server_ports(context_, 1, &bound) == 1) {
    port_ = static_cast<std::uint16_t>(bound.port);
  }
  return {};
}

void HttpServer::Impl::stop() {
  routes.close_streams();
  if (context_ == nullptr) return;
  const Waker waker(local_address(options_.address), port_);
  mg_stop(context_);
  context_ = nullptr;
}

std::optional<HttpResponse> HttpServer::Impl::refuse(const mg_connection* connection,
                                                     const mg_request_info& request,
                                                     const Route* route) const {
  if (std::string_view(request.request_method) != "GET") {
    HttpResponse response = HttpResponse::text(405, "only GET is served here\n");
    response.headers.emplace_back("Allow", "GET");
    return response;
  }
  if (request.content_length > 0 || !header(connection, "Transfer-Encoding").empty()) {
    return HttpResponse::text(413, "a request needs no body here\n");
  }
  if (options_.token.empty() && !is_loopback_host(header(connection, "Host"))) {
    return HttpResponse::text(403, "without a token only localhost is served\n");
  }
  const bool is_public = route != nullptr && route->access == HttpAccess::kPublic;
  if (!options_.token.empty() && !is_public &&
      !equal_in_constant_time(bearer_token(header(connection, "Authorization")), options_.token)) {
    HttpResponse response = HttpResponse::text(401, "send Authorization: Bearer TOKEN\n");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  if (route == nullptr) return HttpResponse::text(404, "there is nothing at this path\n");
  return std::nullopt;
}

int HttpServer::Impl::serve(mg_connection* connection) {
  const mg_request_info& request = *mg_get_request_info(connection);
  const std::string_view path = request.local_uri == nullptr ? "" : request.local_uri;
  const Routes::Match match = routes.find(path);
  if (const auto refusal = refuse(connection, request, match.route)) {
    return send(connection, *refusal);
  }
  if (match.route->stream) return send_events(connection, *match.route->stream);
  return send(connection, answer(request, match));
}

HttpResponse HttpServer::Impl::answer(const mg_request_info& request,
                                      const Routes::Match& match) const {
  const std::string_view query = request.query_string == nullptr ? "" : request.query_string;
  std::string fault;
  try {
    HttpResponse response = match.route->handler(
        {.path = request.local_uri, .rest = std::string(match.rest), .query = parse_query(query)});
    if (response.body.size() <= options_.max_response) return response;
    fault = "the response has " + std::to_string(response.body.size()) + " bytes";
  } catch (const std::exception& exception) {  // The thread's entry: nothing may leave it.
    fault = exception.what();
  } catch (...) {
    fault = "an exception of a foreign type";
  }
  if (options_.logger != nullptr) {
    options_.logger->error("http handler failed", {{"path", request.local_uri}, {"error", fault}});
  }
  return HttpResponse::text(500, "this failed; the log says why\n");
}

int HttpServer::Impl::send(mg_connection* connection, const HttpResponse& response) const {
  std::string head = head_of(response);
  head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n\r\n";
  if (write_all(connection, head)) write_all(connection, response.body);
  return response.status;
}

int HttpServer::Impl::send_events(mg_connection* connection, EventStream& stream) {
  if (streams_.fetch_add(1) >= options_.max_streams) {
    streams_.fetch_sub(1);
    HttpResponse response = HttpResponse::text(503, "too many event streams are open\n");
    response.headers.emplace_back("Retry-After", "10");
    return send(connection, response);
  }
  const auto listener = stream.listen();
  bool open =
      write_all(connection, head_of({.content_type = "text/event-stream"}) + "\r\nretry: 2000\n\n");
  while (open) {
    const auto event = listener->next(kKeepAlive);
    if (!event) break;
    open = write_all(connection, event->empty() ? std::string_view(": still here\n\n") : *event);
  }
  streams_.fetch_sub(1);
  return 200;
}

HttpServer::HttpServer(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
HttpServer::~HttpServer() { stop(); }

void HttpServer::get(std::string path, HttpHandler handler, HttpAccess access) {
  impl_->routes.add(std::move(path), {.handler = std::move(handler), .access = access});
}

void HttpServer::events(std::string path, std::shared_ptr<EventStream> stream) {
  impl_->routes.add(std::move(path), {.stream = std::move(stream)});
}

void HttpServer::health(std::function<bool()> is_ready) {
  get(
      "/livez", [](const HttpRequest&) { return HttpResponse::text(200, "ok\n"); },
      HttpAccess::kPublic);
  get(
      "/readyz",
      [is_ready = std::move(is_ready)](const HttpRequest&) {
        return is_ready() ? HttpResponse::text(200, "ok\n")
                          : HttpResponse::text(503, "not ready\n");
      },
      HttpAccess::kPublic);
}

Status HttpServer::start() { return impl_->start(); }
void HttpServer::stop() { impl_->stop(); }
std::uint16_t HttpServer::port() const { return impl_->port(); }

std::string HttpServer::url() const {
  const std::string address = local_address(impl_->options().address);
  const bool is_ipv6 = address.find(':') != std::string::npos;
  return "http://" + (is_ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(port());
}

}  // namespace millstream
