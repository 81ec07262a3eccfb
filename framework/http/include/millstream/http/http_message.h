#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millstream {

/// A GET request, as a handler sees it.
struct HttpRequest {
  /// Decoded, without query: "/api/v1/tasks".
  std::string path;
  /// What follows the prefix of a route that ends in `*`; empty elsewhere.
  std::string rest;
  /// The query's parameters, decoded; the last one wins where a name repeats.
  std::map<std::string, std::string, std::less<>> query;

  [[nodiscard]] std::string parameter(std::string_view name, std::string_view fallback = {}) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string(fallback) : found->second;
  }
};

/// What a handler answers.
struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  /// More headers, by name and value. Line breaks in them are dropped.
  std::vector<std::pair<std::string, std::string>> headers;

  static HttpResponse text(int status, std::string body) {
    return {.status = status, .body = std::move(body)};
  }
  static HttpResponse json(std::string body, int status = 200) {
    return {.status = status, .content_type = "application/json", .body = std::move(body)};
  }
  static HttpResponse html(std::string body) {
    return {.content_type = "text/html; charset=utf-8", .body = std::move(body)};
  }
};

/// **Thread**: called from several at once. An exception becomes status 500.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

}  // namespace millstream
