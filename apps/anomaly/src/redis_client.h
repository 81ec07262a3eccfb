#pragma once

#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace anomaly {

/// What Redis answered.
struct RedisReply {
  enum class Kind { kNil, kInteger, kText, kArray, kError };
  Kind kind = Kind::kNil;
  std::int64_t integer = 0;
  std::string text;  ///< Also a status or an error.
  std::vector<RedisReply> elements;

  [[nodiscard]] bool is_error() const { return kind == Kind::kError; }
  [[nodiscard]] bool is_nil() const { return kind == Kind::kNil; }
};

/// A Redis that commands can be sent to. **Thread**: one.
class Redis {
 public:
  virtual ~Redis() = default;
  /// Send a command and wait for its reply; an error that Redis answers is a reply.
  /// **Errors**: kMachine: no connection, or it broke: then nobody knows whether the command was
  /// carried out. kUser: refused credentials.
  virtual millstream::Result<RedisReply> command(std::span<const std::string_view> words) = 0;
  millstream::Result<RedisReply> command(std::initializer_list<std::string_view> words) {
    return command(std::span(words.begin(), words.size()));
  }
};

/// Where a Redis is. The password goes to the server and nowhere else.
struct RedisOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  /// ACL user; empty: the default one.
  std::string user;
  std::string password;
  int database = 0;
  millstream::Duration connect_timeout{2'000};
  millstream::Duration command_timeout{5'000};

  /// "redis://[[user]:password@]host[:port][/database]". **Errors**: kUser, without the password;
  /// `rediss://` is refused, since this hiredis has no TLS.
  static millstream::Result<RedisOptions> parse(std::string_view url);
  /// "127.0.0.1:6379".
  [[nodiscard]] std::string address() const;
};

/// A connection that is made when it is needed and made again after a failure.
/// **Source**: hiredis.
class RedisClient final : public Redis {
 public:
  explicit RedisClient(RedisOptions options);
  ~RedisClient() override;
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  using Redis::command;
  millstream::Result<RedisReply> command(std::span<const std::string_view> words) override;
  /// Wait for a message of a channel that was subscribed by `command`; nil when none came in time.
  millstream::Result<RedisReply> receive(millstream::Duration timeout);
  [[nodiscard]] bool connected() const { return connection_ != nullptr; }
  [[nodiscard]] const RedisOptions& options() const { return options_; }

 private:
  struct Connection;
  millstream::Status connect();
  millstream::Status greet();
  millstream::Result<RedisReply> send(std::span<const std::string_view> words);
  millstream::Error lost(std::string_view said);

  RedisOptions options_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace anomaly
