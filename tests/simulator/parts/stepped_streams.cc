#include "stepped_streams.h"

#include "instance.h"  // the runtime's own: this is its other way to be run

#include <algorithm>
#include <utility>

namespace millstream::simulation {

SteppedStreams::SteppedStreams(Options options, Client client)
    : options_(std::move(options)), client_(client), broker_(client_) {
  KafkaStreams::Options more;
  more.broker = &broker_;
  more.logger = options_.logger;
  more.clock = &client_.scheduler;
  more.metrics = &metrics_;
  more.seed = options_.seed;
  more.on_uncaught = [this](const Error& error) {
    if (options_.on_error) options_.on_error(error);
    return UncaughtResponse::kReplaceThread;
  };
  streams_ = std::make_unique<KafkaStreams>(options_.topology, options_.config, std::move(more));
  streams_->impl_->services_.pause = [this](Duration time) {
    client_.scheduler.sleep(std::max(std::min(time, options_.wait), options_.wait / 8));
  };
}

SteppedStreams::~SteppedStreams() {
  client_.dead = true;
  streams_->impl_->state_.store(KafkaStreams::State::kNotRunning);
}

void SteppedStreams::spawn() {
  client_.scheduler.spawn(client_.process, [this] { run(); });
}

void SteppedStreams::run() {
  KafkaStreams::Impl& impl = *streams_->impl_;
  const Status prepared = impl.prepare();
  if (!prepared) {
    if (options_.on_error) options_.on_error(prepared.error());
    ended_ = true;
    return;
  }
  impl.set_state(KafkaStreams::State::kRebalancing);
  threads_running_ = impl.threads_.size();
  for (std::size_t i = 0; i < impl.threads_.size(); ++i) {
    client_.scheduler.spawn(client_.process, [this, i] { run_thread(i); });
  }
  while (!closing_ && impl.state() != KafkaStreams::State::kError) {
    auto events = impl.membership_->poll(std::max(Duration(100), options_.wait / 8));
    if (!events) {
      impl.fail(events.error());
      break;
    }
    for (const MembershipEvent& event : *events) impl.handle(event);
    if (events->empty()) impl.renew_leases();
    impl.update_running();
  }
  close();
}

void SteppedStreams::run_thread(std::size_t index) {
  KafkaStreams::Impl& impl = *streams_->impl_;
  StreamThread& thread = *impl.threads_[index];
  while (!threads_end_) {
    const Status status = thread.step(options_.wait);
    if (!status && !impl.recover_thread(thread, status.error())) break;
    if (thread.idle()) thread.wait_for_command(options_.wait);
  }
  thread.mark_ended();
  --threads_running_;
}

void SteppedStreams::close() {
  KafkaStreams::Impl& impl = *streams_->impl_;
  impl.tell_all(
      [](StreamThread& thread, StreamThread::Done done) { thread.shut_down(std::move(done)); },
      Duration(60'000));
  threads_end_ = true;
  while (threads_running_ > 0) client_.scheduler.sleep(Duration(10));
  impl.threads_.clear();
  if (impl.membership_ != nullptr) impl.membership_->leave();
  impl.membership_.reset();
  impl.lock_.reset();
  ended_ = true;
}

void SteppedStreams::for_each_task(const std::function<void(StreamTask&)>& visit) {
  for (const auto& thread : streams_->impl_->threads_) {
    // These may have taken a commit that has failed or may still fail.
    if (thread->pending_commit_) continue;
    for (const auto& [id, task] : thread->tasks_) visit(*task);
  }
}

bool SteppedStreams::runs_all_it_has() const {
  const auto& threads = streams_->impl_->threads_;
  return !ended_ && threads_running_ > 0 &&
         std::all_of(threads.begin(), threads.end(), [](const auto& thread) {
           return thread->all_running() && thread->restores_.empty() && thread->to_open_.empty();
         });
}

std::uint64_t SteppedStreams::wipes() const {
  std::uint64_t wipes = 0;
  metrics_.visit([&](std::string_view name, std::string_view, const Metrics::Sample& sample) {
    if (name == "millstream_state_wipes_total") wipes += sample.counter->value();
  });
  return wipes;
}

}  // namespace millstream::simulation
