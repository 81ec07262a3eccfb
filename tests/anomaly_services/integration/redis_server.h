#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "redis_client.h"

extern char** environ;  // NOLINT

namespace anomaly {

/// A real Redis of one test, on a free port, keeping nothing on disk. **Lifetime**: kills it.
class RedisServer {
 public:
  explicit RedisServer(std::vector<std::string> settings = {}) : settings_(std::move(settings)) {
    for (int attempt = 0; attempt < 20 && pid_ == 0; ++attempt) {
      options_.port =
          static_cast<std::uint16_t>(15'000 + (::getpid() * 31 + attempt * 997) % 16'000);
      start();
    }
  }
  ~RedisServer() { kill(); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  [[nodiscard]] const RedisOptions& options() const { return options_; }
  [[nodiscard]] bool is_up() const { return pid_ != 0; }

  /// kill -9.
  void kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  void stop() const { ::kill(pid_, SIGSTOP); }
  void go_on() const { ::kill(pid_, SIGCONT); }

  /// Start on the same port, empty; returns when it answers.
  void start() {
    std::vector<std::string> words{"redis-server",
                                   "--port",
                                   std::to_string(options_.port),
                                   "--bind",
                                   "127.0.0.1",
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "no",
                                   "--loglevel",
                                   "warning"};
    words.insert(words.end(), settings_.begin(), settings_.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    const int failed =
        ::posix_spawnp(&pid_, "redis-server", &quiet, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&quiet);
    if (failed != 0) {
      pid_ = 0;
      return;
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
      if (::waitpid(pid_, nullptr, WNOHANG) != 0) {
        pid_ = 0;  // The port is taken.
        return;
      }
      if (RedisClient(options_).command({"PING"})) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    kill();
  }

 private:
  std::vector<std::string> settings_;
  RedisOptions options_;
  pid_t pid_ = 0;
};

}  // namespace anomaly
