#include "instance.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <random>
#include <utility>

namespace millstream {

namespace {

constexpr Duration kStepWait{20};
constexpr Duration kMembershipWait{100};
/// A thread that takes longer over a command has lost its tasks by the group's rules anyway.
constexpr Duration kPatience{600'000};
constexpr Duration kRetirePatience{30'000};

std::string random_hex(std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(generator()));
  return text;
}

/// Ends are final: what another thread was just about to report doesn't hide them.
bool leads_to(KafkaStreams::State before, KafkaStreams::State next) {
  using State = KafkaStreams::State;
  if (before == State::kError || before == State::kNotRunning) return false;
  if (before == State::kPendingShutdown) return next == State::kError || next == State::kNotRunning;
  return true;
}

ExceptionHandler constant(HandlerResponse response) {
  return [response](const RecordFault&) { return response; };
}

}  // namespace

KafkaStreams::Impl::Impl(Result<std::shared_ptr<const BuiltTopology>> topology, Config config,
                         Options options)
    : topology_(std::move(topology)), config_(std::move(config)), options_(std::move(options)) {
  services_.logger = options_.logger != nullptr ? options_.logger : &own_logger_;
  services_.clock = options_.clock != nullptr ? options_.clock : &own_clock_;
  services_.metrics = options_.metrics != nullptr ? options_.metrics : &own_metrics_;
  if (options_.seed == 0) options_.seed = std::random_device()();
}

KafkaStreams::Impl::~Impl() {
  close(Duration(30'000));
  membership_runner_ = {};
  runners_.clear();
}

Status KafkaStreams::Impl::start() {
  const Status status = prepare();
  if (!status) {
    fail(status.error());
    return status;
  }
  set_state(State::kRebalancing);
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    runners_.emplace_back([this, i](const std::stop_token& stop) { run_thread(i, stop); });
  }
  membership_runner_ = std::jthread([this](const std::stop_token& stop) { run_membership(stop); });
  return {};
}

Status KafkaStreams::Impl::prepare() {
  stop_.begin(services_.clock->now());
  if (!topology_) return topology_.error();
  services_.topology = topology_->get();
  auto config = StreamsConfig::from(config_);
  if (!config) return config.error();
  services_.config = std::move(*config);
  for (const std::string& warning : unknown_settings(config_, streams_setting_names())) {
    if (options_.broker == nullptr) break;
    services_.logger->debug(warning);
  }
  make_handlers();
  MILLSTREAM_TRY(open_state_directory());
  if (options_.broker != nullptr) {
    services_.broker = options_.broker;
  } else {
    Config broker_config = config_;
    broker_config.set("bootstrap.servers", services_.config.bootstrap_servers);
    auto broker = open_broker(broker_config, *services_.clock, *services_.logger);
    if (!broker) return broker.error();
    own_broker_ = std::move(*broker);
    services_.broker = own_broker_.get();
  }
  auto plan = make_task_plan(services_.config, *services_.topology, services_.broker->admin(),
                             *services_.logger);
  if (!plan) return plan.error();
  services_.plan = std::move(*plan);
  make_metrics();
  for (int i = 0; i < services_.config.threads; ++i) {
    auto thread = std::make_unique<StreamThread>(services_, i);
    MILLSTREAM_TRY(thread->open());
    const std::scoped_lock lock(threads_mutex_);
    threads_.push_back(std::move(thread));
  }
  return join_group();
}

/// What is counted from the start, so that a first event shows as an increase and not as a new
/// series.
void KafkaStreams::Impl::make_metrics() {
  Metrics& metrics = *services_.metrics;
  metrics
      .gauge("millstream_build_info", "1; the labels say what runs.",
             {{"version", MILLSTREAM_VERSION}, {"compiler", __VERSION__}})
      .set(1);
  rebalances_ = &metrics.counter("millstream_rebalances_total", "Changes of assignment.");
  rocksdb_memory_ = &metrics.gauge("millstream_rocksdb_memory_bytes",
                                   "Bytes of RocksDB's block cache and memtables.");
  metrics.counter("millstream_dead_letters_total", "Records sent to the dead-letter topic.");
  metrics.counter("millstream_state_wipes_total", "Local states dropped and rebuilt.");
  for (const char* stage : {"deserialization", "processing", "production"}) {
    metrics.counter("millstream_faulty_records_total", "Records passed over by a handler.",
                    {{"stage", stage}});
  }
  for (const State state :
       {State::kCreated, State::kRebalancing, State::kRunning, State::kPendingShutdown,
        State::kNotRunning, State::kPendingError, State::kError}) {
    state_gauges_[state] =
        &metrics.gauge("millstream_state", "1 for the state that the instance is in.",
                       {{"state", std::string(to_string(state))}});
    state_gauges_[state]->set(state == this->state() ? 1 : 0);
  }
}

void KafkaStreams::Impl::make_handlers() {
  services_.handlers = options_.handlers;
  Handlers& handlers = services_.handlers;
  const StreamsConfig& config = services_.config;
  if (!handlers.deserialization)
    handlers.deserialization = constant(config.on_deserialization_error);
  if (!handlers.processing) handlers.processing = constant(config.on_processing_error);
  if (!handlers.production) handlers.production = constant(config.on_production_error);
  services_.on_restore_start = options_.restore.on_restore_start;
  services_.on_restore_progress = options_.restore.on_batch_restored;
  services_.on_restore_end = options_.restore.on_restore_end;
  services_.new_lineage = [seed = options_.seed,
                           n = std::make_shared<std::atomic<std::uint64_t>>()] {
    return random_hex(seed + n->fetch_add(1) + 1);
  };
}

Status KafkaStreams::Impl::open_state_directory() {
  services_.state_root = services_.config.state_dir + "/" + services_.config.application_id;
  auto lock = DirectoryLock::acquire(services_.state_root);
  if (!lock) return lock.error();
  lock_ = std::move(*lock);
  rocks_ = std::make_unique<RocksResources>(
      RocksResources::Options{.memory_budget = services_.config.memory_bytes / 4});
  services_.rocks = rocks_.get();
  return read_instance_id();
}

Status KafkaStreams::Impl::read_instance_id() {
  const std::string path = services_.state_root + "/instance-id";
  std::ifstream in(path);
  if (in >> services_.instance_id && !services_.instance_id.empty()) return {};
  services_.instance_id = random_hex(options_.seed);
  const std::string fresh = path + ".new";
  std::ofstream out(fresh, std::ios::trunc);
  out << services_.instance_id << "\n";
  out.close();
  std::error_code failed;
  if (out) std::filesystem::rename(fresh, path, failed);
  if (!out || failed) {
    return Error::machine("state directory " + services_.state_root +
                          ": can't be written; check its permissions and free space");
  }
  return {};
}

Status KafkaStreams::Impl::join_group() {
  auto membership = services_.broker->join(
      {.group = services_.config.application_id,
       .coordination_topic = services_.plan.coordination_topic,
       .instance_id = services_.config.group_instance_id,
       .client_id = services_.config.application_id + "-" + services_.instance_id,
       .session_timeout = services_.config.session_timeout});
  if (!membership) return membership.error();
  membership_ = std::move(*membership);
  services_.membership = membership_.get();
  return {};
}

void KafkaStreams::Impl::set_state(State next) {
  State before = state_.load();
  do {
    if (before == next || !leads_to(before, next)) return;
  } while (!state_.compare_exchange_weak(before, next));
  for (const auto& [state, gauge] : state_gauges_) gauge->set(state == next ? 1 : 0);
  services_.logger->info(
      "state", {{"from", std::string(to_string(before))}, {"to", std::string(to_string(next))}});
  if (options_.on_state) options_.on_state(next, before);
}

void KafkaStreams::Impl::fail(const Error& error) {
  {
    const std::scoped_lock lock(mutex_);
    if (!error_.is_set()) error_ = error;
  }
  services_.logger->error("the instance ends", {{"error", std::string(error.message())}});
  set_state(State::kError);
}

Error KafkaStreams::Impl::error() const {
  const std::scoped_lock lock(mutex_);
  return error_;
}

void KafkaStreams::Impl::run_thread(std::size_t index, const std::stop_token& stop) {
  StreamThread& thread = *threads_[index];
  while (!stop.stop_requested()) {
    const Status status = thread.step(kStepWait);
    if (!status && !recover_thread(thread, status.error())) break;
    if (thread.idle()) thread.wait_for_command(kStepWait);
  }
  thread.mark_ended();
}

/// Ask what to do about an error; true if the thread goes on.
bool KafkaStreams::Impl::recover_thread(StreamThread& thread, const Error& error) {
  services_.logger->error(
      "an error ended a thread's work",
      {{"thread", std::to_string(thread.index())}, {"error", std::string(error.message())}});
  const UncaughtResponse response =
      options_.on_uncaught ? options_.on_uncaught(error) : UncaughtResponse::kShutdownClient;
  const Status recovered = thread.recover();
  if (response == UncaughtResponse::kReplaceThread && recovered) return true;
  if (response == UncaughtResponse::kShutdownApplication) {
    const Status asked = stop_.request(services_.instance_id + ": " + std::string(error.message()));
    if (!asked) {
      services_.logger->error("the other instances couldn't be asked to stop",
                              {{"error", std::string(asked.error().message())}});
    }
  }
  fail(error);
  return false;
}

void KafkaStreams::Impl::run_membership(const std::stop_token& stop) {
  while (!stop.stop_requested() && state() != State::kError) {
    auto events = membership_->poll(kMembershipWait);
    if (!events) {
      fail(events.error());
      break;
    }
    for (const MembershipEvent& event : *events) handle(event);
    if (events->empty()) {
      renew_leases();
      keep_house();
    }
    update_running();
    rocksdb_memory_->set(static_cast<double>(rocks_->memory_used()));
  }
  if (state() == State::kError) retire();
}

/// An instance that has failed lets go of all that it has, so that the others can take it over. (A
/// static member's tasks wait for it until its session ends.)
void KafkaStreams::Impl::retire() {
  tell_all([](StreamThread& thread, StreamThread::Done done) { thread.shut_down(std::move(done)); },
           kRetirePatience);
  membership_->leave();
}

/// A commit may be refused for its lease although the group has nothing new to say: the coordinator
/// was just moving, or a rebalance came to the same result. Then the lease of now is handed out
/// again; a member that is really gone hears that it has lost its tasks instead.
void KafkaStreams::Impl::renew_leases() {
  const bool fenced = std::any_of(threads_.begin(), threads_.end(),
                                  [](const auto& thread) { return thread->is_fenced(); });
  const Lease lease = membership_->lease();
  if (!fenced || lease.generation < 0) return;
  services_.logger->warning("hands out the lease of now after a refused commit",
                            {{"generation", std::to_string(lease.generation)}});
  hand_out(lease);
}

/// Look whether the application is to stop, and delete what nobody needs any more: processed
/// records of repartition topics, and the state of tasks that others have. Only while all is quiet:
/// it can wait.
void KafkaStreams::Impl::keep_house() {
  if (state() != State::kRunning) return;
  const Timestamp now = services_.clock->now();
  if (stop_.due(now)) {
    if (const auto reason = stop_.look(now)) {
      return fail(Error::machine("an instance has stopped the whole application: " + *reason));
    }
  }
  if (!purge_.due(now) && !cleaner_.due(now)) return;
  std::vector<TaskMetadata> tasks;
  for (const auto& thread : threads_) {
    const auto of_thread = thread->report().tasks();
    tasks.insert(tasks.end(), of_thread.begin(), of_thread.end());
  }
  std::set<TaskId> in_use = owned_;
  for (const TaskMetadata& task : tasks) in_use.insert(task.task);
  cleaner_.step(in_use, now);
  if (purge_.due(now)) purge_.purge(tasks, now);
}

void KafkaStreams::Impl::update_running() {
  if (state() != State::kRebalancing || membership_->lease().generation < 0) return;
  const bool running = std::all_of(threads_.begin(), threads_.end(),
                                   [](const auto& thread) { return thread->all_running(); });
  if (running) set_state(State::kRunning);
}

/// Give every thread a command and wait until all have carried it out; false if `timeout` was not
/// enough. A thread that has ended doesn't answer, and isn't waited for.
bool KafkaStreams::Impl::tell_all(
    const std::function<void(StreamThread&, StreamThread::Done)>& command, Duration timeout) {
  std::vector<std::future<void>> answers;
  for (const auto& thread : threads_) {
    auto promise = std::make_shared<std::promise<void>>();
    answers.push_back(promise->get_future());
    command(*thread, [promise] { promise->set_value(); });
  }
  const auto deadline = services_.clock->monotonic() + timeout;
  const Duration slice = services_.pause ? Duration(0) : kStepWait;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    while (answers[i].wait_for(slice) == std::future_status::timeout) {
      if (services_.pause) services_.pause(kStepWait);
      if (threads_[i]->has_ended()) break;
      if (services_.clock->monotonic() > deadline) return false;
    }
  }
  return true;
}

void KafkaStreams::Impl::handle(const MembershipEvent& event) {
  using Kind = MembershipEvent::Kind;
  if (state() == State::kRunning) set_state(State::kRebalancing);
  rebalances_->add();
  switch (event.kind) {
    case Kind::kAssigned:
      carry_out_assigned(event);
      break;
    case Kind::kRevoked:
      tell_all([](StreamThread& t, StreamThread::Done done) { t.suspend(std::move(done)); },
               kPatience);
      for (const PartitionId p : event.partitions) {
        owned_.erase(services_.plan.tasks[static_cast<std::size_t>(p)]);
      }
      break;
    case Kind::kLost:
      tell_all([](StreamThread& t, StreamThread::Done done) { t.lose(std::move(done)); },
               kPatience);
      owned_.clear();
      break;
  }
  membership_->acknowledge();
}

void KafkaStreams::Impl::carry_out_assigned(const MembershipEvent& event) {
  for (const PartitionId p : event.partitions) {
    owned_.insert(services_.plan.tasks[static_cast<std::size_t>(p)]);
  }
  hand_out(event.lease);
}

/// Give the threads their shares of the owned tasks, under this lease.
void KafkaStreams::Impl::hand_out(const Lease& lease) {
  const auto shares = spread(owned_);
  std::size_t index = 0;
  tell_all(
      [&](StreamThread& thread, StreamThread::Done done) {
        thread.assign(shares.at(index++), lease, std::move(done));
      },
      kPatience);
}

/// Each thread keeps the tasks that it has; new ones go to the thread with the fewest.
std::map<std::size_t, std::set<TaskId>> KafkaStreams::Impl::spread(const std::set<TaskId>& tasks) {
  std::map<std::size_t, std::set<TaskId>> shares;
  for (std::size_t i = 0; i < threads_.size(); ++i) shares[i];
  const std::size_t most = (tasks.size() + threads_.size() - 1) / threads_.size();
  std::vector<TaskId> fresh;
  for (const TaskId task : tasks) {
    const auto before = thread_of_.find(task);
    if (before != thread_of_.end() && shares[before->second].size() < most) {
      shares[before->second].insert(task);
    } else {
      fresh.push_back(task);
    }
  }
  for (const TaskId task : fresh) {
    const auto least = std::min_element(
        shares.begin(), shares.end(),
        [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
    least->second.insert(task);
  }
  thread_of_.clear();
  for (const auto& [thread, share] : shares) {
    for (const TaskId task : share) thread_of_[task] = thread;
  }
  return shares;
}

void KafkaStreams::Impl::finish_input() {
  finishing_.store(true);
  for (const auto& thread : threads_) {
    thread->finish_input([this](int subtopology) { return upstream_finished(subtopology); });
  }
}

/// Whether every task that writes what this sub-topology reads is through with its own input.
bool KafkaStreams::Impl::upstream_finished(int subtopology) const {
  std::set<TaskId> finished;
  for (const auto& thread : threads_) finished.merge(thread->finished_tasks());
  std::set<std::string> reads;
  for (const Subtopology& one : services_.topology->subtopologies()) {
    if (one.id != subtopology) continue;
    for (const SourceTopic& source : one.sources) reads.insert(source.name);
  }
  for (const Subtopology& writer : services_.topology->subtopologies()) {
    const bool feeds =
        writer.id != subtopology &&
        std::any_of(writer.sinks.begin(), writer.sinks.end(),
                    [&](const SourceTopic& sink) { return reads.contains(sink.name); });
    if (!feeds) continue;
    for (const TaskId task : services_.plan.tasks) {
      if (task.subtopology == writer.id && !finished.contains(task)) return false;
    }
  }
  return true;
}

bool KafkaStreams::Impl::input_finished() const {
  if (!finishing_.load()) return false;
  std::size_t finished = 0;
  std::size_t all = 0;
  const std::scoped_lock lock(threads_mutex_);
  for (const auto& thread : threads_) {
    finished += thread->finished_tasks().size();
    all += thread->report().tasks().size();
  }
  return all > 0 && finished >= all;
}

std::vector<ThreadMetadata> KafkaStreams::Impl::metadata_for_local_threads() const {
  std::vector<ThreadMetadata> all;
  const std::scoped_lock lock(threads_mutex_);
  for (const auto& thread : threads_) {
    all.push_back({services_.config.application_id + "-" + services_.instance_id +
                       "-StreamThread-" + std::to_string(thread->index() + 1),
                   thread->report().state(), thread->report().tasks()});
  }
  return all;
}

std::vector<TaskMetadata> KafkaStreams::Impl::tasks() const {
  std::vector<TaskMetadata> all;
  for (ThreadMetadata& thread : metadata_for_local_threads()) {
    std::move(thread.active_tasks.begin(), thread.active_tasks.end(), std::back_inserter(all));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.task < b.task; });
  return all;
}

bool KafkaStreams::Impl::close(Duration timeout) {
  const State before = state();
  if (before == State::kNotRunning || before == State::kCreated) return true;
  set_state(State::kPendingShutdown);
  membership_runner_.request_stop();
  if (membership_runner_.joinable()) membership_runner_.join();
  const bool in_time = tell_all(
      [](StreamThread& thread, StreamThread::Done done) { thread.shut_down(std::move(done)); },
      timeout);
  for (std::jthread& runner : runners_) runner.request_stop();
  runners_.clear();
  std::vector<std::unique_ptr<StreamThread>> ended;
  {
    const std::scoped_lock lock(threads_mutex_);
    ended.swap(threads_);
  }
  ended.clear();
  if (membership_ != nullptr) membership_->leave();
  membership_.reset();
  own_broker_.reset();
  lock_.reset();
  set_state(State::kNotRunning);
  return in_time;
}

}  // namespace millstream
