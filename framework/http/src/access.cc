#include "access.h"

#include <cctype>
#include <string>

namespace millstream {

namespace {

constexpr std::size_t kMinToken = 16;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(a[i])) !=
        std::tolower(static_cast<unsigned char>(b[i]))) {
      return false;
    }
  }
  return true;
}

bool is_ipv4_loopback(std::string_view address) {
  return address.starts_with("127.") &&
         address.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

bool is_loopback(std::string_view address) {
  return equal_ignoring_case(address, "localhost") || address == "::1" || address == "[::1]" ||
         is_ipv4_loopback(address);
}

bool is_loopback_host(std::string_view host) {
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  return is_loopback(has_port ? host.substr(0, colon) : host);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |=
        static_cast<unsigned char>(a[i]) ^ static_cast<unsigned>(static_cast<unsigned char>(b[i]));
  }
  return difference == 0;
}

std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (authorization.size() <= kScheme.size() ||
      !equal_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
    return {};
  }
  authorization.remove_prefix(kScheme.size());
  const std::size_t begin = authorization.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return authorization.substr(begin, authorization.find_last_not_of(' ') - begin + 1);
}

Status check_exposure(const HttpServer::Options& options) {
  if (!options.token.empty() && options.token.size() < kMinToken) {
    return Error::user("the HTTP token is too short: take at least " + std::to_string(kMinToken) +
                       " characters, for example from `openssl rand -hex 16`");
  }
  if (is_loopback(options.address) || !options.token.empty()) return {};
  return Error::user("HTTP on " + options.address +
                     " can be reached from other machines and has no token: set one of at least " +
                     std::to_string(kMinToken) + " characters, or listen on 127.0.0.1");
}

}  // namespace millstream
