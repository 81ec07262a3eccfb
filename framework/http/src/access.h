#pragma once

#include <millstream/core/result.h>
#include <millstream/http/http_server.h>

#include <string_view>

namespace millstream {

/// Whether an address is only reachable from this machine.
[[nodiscard]] bool is_loopback(std::string_view address);

/// Whether a Host header names this machine's loopback, with or without a port.
[[nodiscard]] bool is_loopback_host(std::string_view host);

/// Compare in a time that depends only on the lengths.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

/// The token of "Bearer TOKEN"; empty for anything else.
[[nodiscard]] std::string_view bearer_token(std::string_view authorization);

/// Refuse options that would show the service to other machines without a token.
Status check_exposure(const HttpServer::Options& options);

}  // namespace millstream
