#pragma once

#include <millstream/core/time.h>
#include <millstream/transport/broker.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace millstream::kafka {

/// A thread that carries out one commit at a time, so that who submits it need not wait.
/// **Thread**: one caller. Destruction ends the thread after the commit that it's in.
class CommitWorker {
 public:
  /// Must give up soon after the token was asked to stop.
  using Job = std::function<ProducerStatus(std::stop_token)>;

  CommitWorker();

  /// Begin a job. No other may be unfinished or its result untaken.
  void submit(Job job);
  /// Take the result of the submitted job; nothing if there is none within `timeout`.
  std::optional<ProducerStatus> result(Duration timeout);

 private:
  void run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  Job job_;
  std::optional<ProducerStatus> result_;
  std::jthread thread_;  // last: stops and joins before the rest goes
};

}  // namespace millstream::kafka
