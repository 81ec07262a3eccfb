#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace millstream {

/// The commands of tests/support/kafka_proxy.py.
class Proxy {
 public:
  explicit Proxy(const char* port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socket_ = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Proxy() { close(socket_); }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  /// The number that the proxy answers.
  std::int64_t tell(const std::string& command) {
    const std::string line = command + "\n";
    EXPECT_EQ(send(socket_, line.data(), line.size(), 0), static_cast<ssize_t>(line.size()));
    std::string answer;
    for (char c = 0; recv(socket_, &c, 1, 0) == 1 && c != '\n';) answer += c;
    EXPECT_TRUE(answer.starts_with("ok ")) << command << ": " << answer;
    return answer.starts_with("ok ") ? std::stoll(answer.substr(3)) : -1;
  }

 private:
  int socket_ = -1;
};

}  // namespace millstream
