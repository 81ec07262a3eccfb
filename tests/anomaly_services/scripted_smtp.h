#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace anomaly {

/// An SMTP server that answers one connection as the test says, to play the faults that a real one
/// doesn't show on request.
class ScriptedSmtp {
 public:
  /// The reply to a line ("EHLO x", "MAIL FROM:<a@b>", the whole mail for "."); empty: hang up.
  using Answer = std::function<std::string(std::string_view line)>;

  explicit ScriptedSmtp(Answer answer) : answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    ::listen(listener_, 1);
    socklen_t length = sizeof(address);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    url_ = "smtp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedSmtp() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  ScriptedSmtp(const ScriptedSmtp&) = delete;
  ScriptedSmtp& operator=(const ScriptedSmtp&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }

  /// What a friendly server says.
  static std::string friendly(std::string_view line) {
    if (line.starts_with("EHLO")) return "250-here\r\n250 AUTH PLAIN LOGIN\r\n";
    if (line.starts_with("AUTH")) return "334 \r\n";
    if (line != "." && line != "DATA" && line != "QUIT" && line.find(' ') == line.npos) {
      return "235 2.7.0 welcome\r\n";  // The credentials' line.
    }
    if (line.starts_with("DATA")) return "354 go on\r\n";
    if (line.starts_with("QUIT")) return "221 bye\r\n";
    return "250 OK\r\n";
  }

 private:
  void serve() {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) return;
    say(socket, "220 scripted\r\n");
    std::string buffer;
    bool in_mail = false;
    while (receive(socket, buffer)) {
      const std::string end = in_mail ? "\r\n.\r\n" : "\r\n";
      const std::size_t at = buffer.find(end);
      if (at == std::string::npos) continue;
      const std::string line = in_mail ? "." : buffer.substr(0, at);
      buffer.erase(0, at + end.size());
      const std::string reply = answer_(line);
      if (reply.empty()) break;
      say(socket, reply);
      in_mail = reply.starts_with("354");
    }
    ::close(socket);
  }
  static void say(int socket, const std::string& text) {
    [[maybe_unused]] const auto sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
  }
  static bool receive(int socket, std::string& buffer) {
    char bytes[4096];
    const auto count = ::recv(socket, bytes, sizeof bytes, 0);
    if (count > 0) buffer.append(bytes, static_cast<std::size_t>(count));
    return count > 0;
  }

  Answer answer_;
  int listener_;
  std::string url_;
  std::thread thread_;
};

}  // namespace anomaly
