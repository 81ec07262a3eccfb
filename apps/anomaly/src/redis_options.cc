#include <charconv>

#include "redis_client.h"

namespace anomaly {

using millstream::Error;
using millstream::Result;

namespace {

template <class T>
bool parse_number(std::string_view text, T& into) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), into);
  return code == std::errc() && end == text.data() + text.size() && into >= 0;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

void read_credentials(std::string_view text, RedisOptions& out) {
  const std::size_t colon = text.find(':');
  // "redis://secret@host" is usual as well: then it is the password.
  if (colon == std::string_view::npos) {
    out.password = percent_decoded(text);
    return;
  }
  out.user = percent_decoded(text.substr(0, colon));
  out.password = percent_decoded(text.substr(colon + 1));
}

bool read_address(std::string_view text, RedisOptions& out) {
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  const std::size_t colon = text.find(':', bracket);
  out.host = bracket > 0 ? text.substr(1, bracket - 1) : text.substr(0, colon);
  if (out.host.empty()) return false;
  return colon == std::string_view::npos || parse_number(text.substr(colon + 1), out.port);
}

}  // namespace

Result<RedisOptions> RedisOptions::parse(std::string_view url) {
  if (url.starts_with("rediss://")) {
    return Error::user(
        "rediss:// asks for TLS, which this build's hiredis doesn't have, and nothing is sent in "
        "plain text instead: use redis:// on a trusted network, or a TLS tunnel such as stunnel");
  }
  // The URL itself isn't shown: it may hold a password.
  const Error fault =
      Error::user("the Redis URL must be redis://[[user]:password@]host[:port][/database]");
  constexpr std::string_view kScheme = "redis://";
  if (!url.starts_with(kScheme)) return fault;
  url.remove_prefix(kScheme.size());
  RedisOptions out;
  const std::size_t at = url.rfind('@');
  if (at != std::string_view::npos) {
    read_credentials(url.substr(0, at), out);
    url.remove_prefix(at + 1);
  }
  const std::size_t slash = url.find('/');
  if (!read_address(url.substr(0, slash), out)) return fault;
  if (slash != std::string_view::npos && slash + 1 < url.size() &&
      !parse_number(url.substr(slash + 1), out.database)) {
    return fault;
  }
  return out;
}

std::string RedisOptions::address() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace anomaly
