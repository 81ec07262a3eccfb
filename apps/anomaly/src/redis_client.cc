#include "redis_client.h"

#include <hiredis/hiredis.h>
#include <pthread.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace anomaly {

using millstream::Duration;
using millstream::Error;
using millstream::Result;
using millstream::Status;

namespace {

constexpr int kMaxDepth = 8;

/// hiredis writes without MSG_NOSIGNAL: keep a broken connection's signal from the program, in this
/// thread and only for now.
class WithoutBrokenPipe {
 public:
  WithoutBrokenPipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutBrokenPipe() {
    constexpr timespec kNow{0, 0};
    if (!was_pending_) sigtimedwait(&pipe_, nullptr, &kNow);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutBrokenPipe(const WithoutBrokenPipe&) = delete;
  WithoutBrokenPipe& operator=(const WithoutBrokenPipe&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

timeval to_timeval(Duration duration) {
  return {duration.count() / 1000, (duration.count() % 1000) * 1000};
}

RedisReply to_reply(const redisReply& raw, int depth = 0) {
  RedisReply out;
  switch (raw.type) {
    case REDIS_REPLY_INTEGER:
      out.kind = RedisReply::Kind::kInteger;
      out.integer = raw.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      out.kind = RedisReply::Kind::kText;
      out.text.assign(raw.str, raw.len);
      break;
    case REDIS_REPLY_ERROR:
      out.kind = RedisReply::Kind::kError;
      out.text.assign(raw.str, raw.len);
      break;
    case REDIS_REPLY_ARRAY:
      out.kind = RedisReply::Kind::kArray;
      for (std::size_t i = 0; i < raw.elements && depth < kMaxDepth; ++i) {
        out.elements.push_back(to_reply(*raw.element[i], depth + 1));
      }
      break;
    default:
      break;
  }
  return out;
}

using RawReply = std::unique_ptr<redisReply, void (*)(void*)>;

}  // namespace

struct RedisClient::Connection {
  std::unique_ptr<redisContext, void (*)(redisContext*)> context;
};

RedisClient::RedisClient(RedisOptions options) : options_(std::move(options)) {}
RedisClient::~RedisClient() = default;

Error RedisClient::lost(std::string_view said) {
  connection_.reset();
  return Error::machine("Redis at " + options_.address() + ": " + std::string(said));
}

Status RedisClient::connect() {
  redisContext* context = redisConnectWithTimeout(options_.host.c_str(), options_.port,
                                                  to_timeval(options_.connect_timeout));
  connection_ = std::make_unique<Connection>(Connection{{context, &redisFree}});
  if (context == nullptr) return lost("out of memory");
  if (context->err != 0) return lost(std::string(context->errstr));
  redisSetTimeout(context, to_timeval(options_.command_timeout));
  redisEnableKeepAlive(context);
  return greet();
}

Status RedisClient::greet() {
  if (!options_.password.empty()) {
    const auto reply =
        options_.user.empty()
            ? send(std::array<std::string_view, 2>{"AUTH", options_.password})
            : send(std::array<std::string_view, 3>{"AUTH", options_.user, options_.password});
    if (!reply) return reply.error();
    if (reply->is_error()) {
      connection_.reset();
      return Error::user("Redis at " + options_.address() +
                         " refuses user and password: " + reply->text);
    }
  }
  if (options_.database == 0) return {};
  const std::string database = std::to_string(options_.database);
  const auto reply = send(std::array<std::string_view, 2>{"SELECT", database});
  if (!reply) return reply.error();
  return reply->is_error() ? Status(lost(reply->text)) : Status();
}

Result<RedisReply> RedisClient::send(std::span<const std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const std::string_view word : words) {
    texts.push_back(word.data() == nullptr ? "" : word.data());
    lengths.push_back(word.size());
  }
  const WithoutBrokenPipe guard;
  redisContext* context = connection_->context.get();
  const RawReply raw(static_cast<redisReply*>(redisCommandArgv(
                         context, static_cast<int>(words.size()), texts.data(), lengths.data())),
                     &freeReplyObject);
  if (!raw) return lost(std::string(context->errstr));
  return to_reply(*raw);
}

Result<RedisReply> RedisClient::command(std::span<const std::string_view> words) {
  if (!connected()) MILLSTREAM_TRY(connect());
  auto reply = send(words);
  if (reply && reply->text.starts_with("NOAUTH")) {
    connection_.reset();
    return Error::user("Redis at " + options_.address() +
                       " wants a password: give it in the URL, redis://user:password@host");
  }
  return reply;
}

Result<RedisReply> RedisClient::receive(Duration timeout) {
  if (!connected()) return lost("not connected");
  redisContext* context = connection_->context.get();
  redisSetTimeout(context, to_timeval(timeout));
  void* raw = nullptr;
  const int outcome = redisGetReply(context, &raw);
  const RawReply reply(static_cast<redisReply*>(raw), &freeReplyObject);
  if (outcome == REDIS_OK && reply) return to_reply(*reply);
  const bool timed_out = context->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (!timed_out) return lost(std::string(context->errstr));
  context->err = 0;  // hiredis gives a connection up after a time-out, which is usual here.
  context->errstr[0] = '\0';
  return RedisReply{};
}

}  // namespace anomaly
