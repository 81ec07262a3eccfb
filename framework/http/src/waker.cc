#include "waker.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>

namespace millstream {

namespace {

constexpr std::chrono::milliseconds kPause{5};

void knock(const std::string& address, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, &::freeaddrinfo);
  const int socket =
      ::socket(found->ai_family, found->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  ::connect(socket, found->ai_addr, found->ai_addrlen);
  ::close(socket);
}

}  // namespace

Waker::Waker(std::string address, std::uint16_t port)
    : address_(std::move(address)),
      port_(port),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Waker::~Waker() {
  thread_.request_stop();
  thread_.join();
}

void Waker::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    ended_.wait_for(lock, stop, kPause, [] { return false; });
    if (!stop.stop_requested()) knock(address_, port_);
  }
}

}  // namespace millstream
