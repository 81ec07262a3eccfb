#pragma once

#include <millstream/runtime/kafka_streams.h>
#include <millstream/transport/open_broker.h>

#include "application_stop.h"
#include "repartition_purge.h"
#include "runtime_services.h"
#include "state_cleaner.h"
#include "stream_thread.h"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

namespace millstream {

/// The inside of KafkaStreams: one thread that speaks with the group, and the stream threads.
class KafkaStreams::Impl {
 public:
  Impl(Result<std::shared_ptr<const BuiltTopology>> topology, Config config, Options options);
  ~Impl();

  Status start();
  bool close(Duration timeout);
  void finish_input();
  bool input_finished() const;
  State state() const { return state_.load(); }
  Error error() const;
  std::vector<ThreadMetadata> metadata_for_local_threads() const;
  std::vector<TaskMetadata> tasks() const;
  Metrics& metrics() { return *services_.metrics; }
  Broker& broker() { return *services_.broker; }

 private:
  friend class simulation::SteppedStreams;
  Status prepare();
  void make_metrics();
  Status open_state_directory();
  Status read_instance_id();
  Status join_group();
  void make_handlers();
  void set_state(State next);
  void fail(const Error& error);

  void run_thread(std::size_t index, const std::stop_token& stop);
  bool recover_thread(StreamThread& thread, const Error& error);
  void run_membership(const std::stop_token& stop);
  void retire();
  void handle(const MembershipEvent& event);
  void carry_out_assigned(const MembershipEvent& event);
  void hand_out(const Lease& lease);
  void renew_leases();
  void keep_house();
  std::map<std::size_t, std::set<TaskId>> spread(const std::set<TaskId>& tasks);
  bool tell_all(const std::function<void(StreamThread&, StreamThread::Done)>& command,
                Duration timeout);
  bool upstream_finished(int subtopology) const;
  void update_running();

  Result<std::shared_ptr<const BuiltTopology>> topology_;
  Config config_;
  Options options_;
  SystemClock own_clock_;
  StderrLogger own_logger_{LogLevel::kWarning};
  Metrics own_metrics_;
  std::unique_ptr<Broker> own_broker_;
  std::unique_ptr<RocksResources> rocks_;
  std::unique_ptr<DirectoryLock> lock_;
  std::unique_ptr<Membership> membership_;
  RuntimeServices services_;
  RepartitionPurge purge_{services_};
  StateCleaner cleaner_{services_};
  ApplicationStop stop_{services_};
  /// Changed under `threads_mutex_`, and only while none of the runners runs.
  std::vector<std::unique_ptr<StreamThread>> threads_;
  mutable std::mutex threads_mutex_;
  std::set<TaskId> owned_;
  std::map<TaskId, std::size_t> thread_of_;

  Counter* rebalances_ = nullptr;
  Gauge* rocksdb_memory_ = nullptr;
  std::map<State, Gauge*> state_gauges_;

  std::atomic<State> state_{State::kCreated};
  mutable std::mutex mutex_;  // guards error_
  Error error_;
  std::atomic<bool> finishing_{false};

  // Last, so that they are joined before anything that they use goes.
  std::vector<std::jthread> runners_;
  std::jthread membership_runner_;
};

}  // namespace millstream
