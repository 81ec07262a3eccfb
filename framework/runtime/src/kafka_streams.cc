#include <millstream/runtime/kafka_streams.h>

#include "instance.h"

#include <csignal>
#include <cstdio>
#include <ctime>
#include <utility>

namespace millstream {

KafkaStreams::KafkaStreams(Result<std::shared_ptr<const BuiltTopology>> topology, Config config,
                           Options options)
    : impl_(std::make_unique<Impl>(std::move(topology), std::move(config), std::move(options))) {}

KafkaStreams::KafkaStreams(Result<std::shared_ptr<const BuiltTopology>> topology, Config config)
    : KafkaStreams(std::move(topology), std::move(config), Options()) {}

KafkaStreams::~KafkaStreams() = default;

Status KafkaStreams::start() { return impl_->start(); }
bool KafkaStreams::close(Duration timeout) { return impl_->close(timeout); }
void KafkaStreams::finish_input() { impl_->finish_input(); }
bool KafkaStreams::input_finished() const { return impl_->input_finished(); }
KafkaStreams::State KafkaStreams::state() const { return impl_->state(); }
Error KafkaStreams::error() const { return impl_->error(); }
std::vector<ThreadMetadata> KafkaStreams::metadata_for_local_threads() const {
  return impl_->metadata_for_local_threads();
}
std::vector<TaskMetadata> KafkaStreams::tasks() const { return impl_->tasks(); }
Metrics& KafkaStreams::metrics() { return impl_->metrics(); }
Broker& KafkaStreams::broker() { return impl_->broker(); }

int KafkaStreams::run() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  Status status = start();
  const timespec wait{.tv_sec = 0, .tv_nsec = 100'000'000};
  while (status && state() != State::kError) {
    if (sigtimedwait(&signals, nullptr, &wait) > 0) break;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (status && error().is_set()) status = error();
  close(Duration(30'000));
  if (status) return 0;
  std::fprintf(stderr, "%s\n", std::string(status.error().message()).c_str());
  return status.error().kind() == ErrorKind::kUser ? 2 : 1;
}

std::string_view to_string(KafkaStreams::State state) {
  switch (state) {
    case KafkaStreams::State::kCreated:
      return "CREATED";
    case KafkaStreams::State::kRebalancing:
      return "REBALANCING";
    case KafkaStreams::State::kRunning:
      return "RUNNING";
    case KafkaStreams::State::kPendingShutdown:
      return "PENDING_SHUTDOWN";
    case KafkaStreams::State::kNotRunning:
      return "NOT_RUNNING";
    case KafkaStreams::State::kPendingError:
      return "PENDING_ERROR";
    case KafkaStreams::State::kError:
      return "ERROR";
  }
  return "ERROR";
}

}  // namespace millstream
