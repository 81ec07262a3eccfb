#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace millstream::testing {

/// A connection to a server on loopback that says what the test tells it, byte by byte.
class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawConnection() { ::close(socket_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  void send(std::string_view bytes) const {
    [[maybe_unused]] const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  /// What arrives until `text` has, or until the server closes.
  std::string read_until(std::string_view text) {
    std::string all;
    char buffer[4096];
    while (text.empty() || all.find(text) == std::string::npos) {
      const auto count = ::recv(socket_, buffer, sizeof(buffer), 0);
      if (count <= 0) break;
      all.append(buffer, static_cast<std::size_t>(count));
    }
    return all;
  }
  std::string read_all() { return read_until({}); }

 private:
  int socket_;
  bool connected_ = false;
};

/// The whole answer to one request, head and body.
inline std::string request(std::uint16_t port, std::string_view line, std::string_view headers = {},
                           std::string_view host = "127.0.0.1") {
  RawConnection connection(port);
  EXPECT_TRUE(connection.connected());
  connection.send(std::string(line) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n" +
                  std::string(headers) + "\r\n");
  return connection.read_all();
}

}  // namespace millstream::testing
