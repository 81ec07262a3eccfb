#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "loops.h"

namespace ceiling {

namespace {

// A signal's handler can reach nothing else.
std::atomic<bool> stop{false};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

using Clock = std::chrono::steady_clock;

void tell(const char* what) {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  std::printf("BENCH %s %lld\n", what, static_cast<long long>(now.count()));
  std::fflush(stdout);
}

Handle make_consumer(const Options& options) {
  Handle consumer = make_handle(
      RD_KAFKA_CONSUMER,
      {{"bootstrap.servers", options.bootstrap},
       {"group.id", options.app_id},
       {"auto.offset.reset", "earliest"},
       {"enable.auto.commit", "false"},
       {"enable.auto.offset.store", "false"},
       {"isolation.level", options.exactly_once() ? "read_committed" : "read_uncommitted"},
       // librdkafka 2.0 waits a second before it fetches again once its queue was full.
       {"queued.min.messages", "1000000"},
       {"queued.max.messages.kbytes", "1048576"}});
  rd_kafka_poll_set_consumer(consumer.get());
  const Partitions topics(rd_kafka_topic_partition_list_new(2));
  rd_kafka_topic_partition_list_add(topics.get(), options.input.c_str(), -1);
  if (options.workload == "w7") {
    rd_kafka_topic_partition_list_add(topics.get(), options.input2.c_str(), -1);
  }
  if (rd_kafka_subscribe(consumer.get(), topics.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    fail("can't subscribe");
  }
  return consumer;
}

Places make_places(const Options& options, Output& output) {
  Places places{.output = output,
                .topic = options.output,
                .changelogs = {},
                .databases = {},
                .cache_bytes = options.cache_bytes};
  const int stores = options.workload == "w7" ? 2 : 1;
  int partitions = 0;
  for (int i = 0; i < stores; ++i) {
    places.changelogs.push_back(options.app_id + "-store-" + std::to_string(i) + "-changelog");
    partitions = make_changelog(output.handle(), places.changelogs.back(), options.input);
  }
  for (int i = 0; i < partitions; ++i) {
    places.databases.push_back(
        std::make_unique<Database>(options.state_dir + "/" + std::to_string(i)));
  }
  return places;
}

std::unique_ptr<Loop> make_loop(const Options& options, Output& output) {
  if (options.workload == "w4") return windows_loop(make_places(options, output));
  if (options.workload == "w5") return sessions_loop(make_places(options, output));
  if (options.workload == "w7") return join_loop(make_places(options, output), options.input);
  fail("there is no loop for " + options.workload + ", only for w4, w5 and w7");
}

class Runner {
 public:
  explicit Runner(const Options& options)
      : options_(options),
        output_(options),
        loop_(make_loop(options, output_)),
        consumer_(make_consumer(options)),
        queue_(rd_kafka_queue_get_consumer(consumer_.get())) {}

  void run() {
    while (!stop) {
      step();
      if (Clock::now() - committed_ >= std::chrono::milliseconds(options_.commit_ms)) commit();
    }
    commit();
    rd_kafka_consumer_close(consumer_.get());
  }

 private:
  void step() {
    const auto count = rd_kafka_consume_batch_queue(queue_.get(), running_ ? 5 : 100,
                                                    messages_.data(), messages_.size());
    if (!running_) look_whether_running();
    for (std::size_t i = 0; count > 0 && i < static_cast<std::size_t>(count); ++i) {
      const Message message(messages_[i]);
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      if (!first_seen_) tell("first");
      first_seen_ = true;
      output_.begin();
      loop_->process(input_of(*message));
      output_.consumed(*message);
    }
  }

  void look_whether_running() {
    rd_kafka_topic_partition_list_t* assigned = nullptr;
    rd_kafka_assignment(consumer_.get(), &assigned);
    const Partitions list(assigned);
    running_ = list && list->cnt > 0;
    if (running_) tell("running");
  }

  void commit() {
    committed_ = Clock::now();
    if (!output_.anything_consumed()) return;
    const bool spill = committed_ - spilt_ >= std::chrono::seconds(5);
    if (spill) spilt_ = committed_;
    loop_->flush(spill);
    output_.commit(consumer_.get());
  }

  Options options_;
  Output output_;
  std::unique_ptr<Loop> loop_;
  Handle consumer_;
  Queue queue_;
  std::vector<rd_kafka_message_t*> messages_ = std::vector<rd_kafka_message_t*>(2000);
  Clock::time_point committed_ = Clock::now();
  Clock::time_point spilt_ = Clock::now();
  bool running_ = false;
  bool first_seen_ = false;
};

}  // namespace

}  // namespace ceiling

int main(int argc, char** argv) {
  CLI::App app("Hand-written loops for w4, w5 and w7, and a check of their output.");
  ceiling::Options options;
  bool verify = false;
  app.add_flag("--verify", verify, "compare the committed output with the input");
  app.add_option("--workload", options.workload)->required();
  app.add_option("--guarantee", options.guarantee);
  app.add_option("--bootstrap", options.bootstrap)->required();
  app.add_option("--app-id", options.app_id);
  app.add_option("--input", options.input);
  app.add_option("--cache-bytes", options.cache_bytes,
                 "of w4's untold updates, as Kafka Streams counts");
  app.add_option("--input2", options.input2);
  app.add_option("--table", options.table);
  app.add_option("--output", options.output);
  app.add_option("--state-dir", options.state_dir);
  app.add_option("--commit-ms", options.commit_ms);
  CLI11_PARSE(app, argc, argv);
  if (verify) return ceiling::verify(options) == 0 ? 0 : 1;
  std::signal(SIGTERM, [](int) { ceiling::stop = true; });
  ceiling::Runner(options).run();
  return 0;
}
