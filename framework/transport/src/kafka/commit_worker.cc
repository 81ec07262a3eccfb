#include "commit_worker.h"

#include <millstream/core/assert.h>

namespace millstream::kafka {

CommitWorker::CommitWorker() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

void CommitWorker::submit(Job job) {
  const std::scoped_lock lock(mutex_);
  MILLSTREAM_ASSERT(!job_ && !result_, "the last commit's result has been taken");
  job_ = std::move(job);
  changed_.notify_all();
}

std::optional<ProducerStatus> CommitWorker::result(Duration timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return result_.has_value(); });
  return std::exchange(result_, std::nullopt);
}

void CommitWorker::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return static_cast<bool>(job_); })) {
    const Job job = std::move(job_);
    job_ = nullptr;
    lock.unlock();
    ProducerStatus status;
    try {
      status = job(stop);
    } catch (const std::exception& e) {  // out of memory: the outcome isn't known
      status = {ProducerFault::kFatal, Error::machine(std::string("commit: ") + e.what())};
    }
    lock.lock();
    result_ = std::move(status);
    changed_.notify_all();
  }
}

}  // namespace millstream::kafka
