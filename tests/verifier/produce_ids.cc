// produce_ids BOOTSTRAP SENT_FILE name=… records=… [rate=…] [keys=…] [in_turn=1] [groups=…]
// [seed=…]
//
// Writes records with unique ids to the topics `input` (value `id|group|amount`) and, one in 40,
// `rates` (value `id`), in transactions, of which one in 20 is aborted on purpose; and keeps what
// became of each in SENT_FILE: topic, id, key, value, outcome (acked, aborted, unknown), separated
// by tabs. A transaction whose outcome isn't clear is `unknown`: its records may be there or not.

#include <chrono>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "kafka_handles.h"

namespace {

using verifier::Error;
using verifier::fail;
using verifier::Handle;

struct Options {
  std::string bootstrap;
  std::string sent;
  std::string name = "p";
  std::int64_t records = 0;
  std::int64_t rate = 0;
  int keys = 1000;
  bool in_turn = false;  ///< Each key once before any twice, in place of at random.
  int groups = 50;
  unsigned seed = 1;
};

Options parse(int argc, char** argv) {
  if (argc < 4) fail("usage: produce_ids BOOTSTRAP SENT_FILE name=… records=… [rate=…] …");
  Options options{.bootstrap = argv[1], .sent = argv[2]};
  for (int i = 3; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto equals = argument.find('=');
    if (equals == std::string::npos) fail("produce_ids: " + argument + ": no name=value");
    const std::string name = argument.substr(0, equals);
    const std::string value = argument.substr(equals + 1);
    if (name == "name") {
      options.name = value;
    } else if (name == "records") {
      options.records = std::stoll(value);
    } else if (name == "rate") {
      options.rate = std::stoll(value);
    } else if (name == "keys") {
      options.keys = std::stoi(value);
    } else if (name == "in_turn") {
      options.in_turn = value == "1";
    } else if (name == "groups") {
      options.groups = std::stoi(value);
    } else if (name == "seed") {
      options.seed = static_cast<unsigned>(std::stoul(value));
    } else {
      fail("produce_ids: no option " + name);
    }
  }
  return options;
}

struct Sent {
  const char* topic;
  std::string id;
  std::string key;
  std::string value;
};

class Producer {
 public:
  explicit Producer(Options options)
      : options_(std::move(options)), random_(options_.seed), file_(options_.sent) {
    if (!file_) fail("produce_ids: can't write " + options_.sent);
    open();
  }

  void run() {
    const auto start = std::chrono::steady_clock::now();
    std::int64_t inputs = 0;
    while (inputs < options_.records) {
      const auto batch =
          next_batch(std::min<std::int64_t>(batch_size(), options_.records - inputs));
      inputs += static_cast<std::int64_t>(batch.size());
      const char* outcome = send(batch);
      for (const Sent& sent : batch) {
        file_ << sent.topic << '\t' << sent.id << '\t' << sent.key << '\t' << sent.value << '\t'
              << outcome << '\n';
      }
      file_.flush();
      if (options_.rate > 0) {
        std::this_thread::sleep_until(start +
                                      std::chrono::milliseconds(inputs * 1000 / options_.rate));
      }
    }
  }

 private:
  [[nodiscard]] std::int64_t batch_size() const {
    return options_.rate > 0 ? std::max<std::int64_t>(options_.rate / 10, 10) : 1000;
  }

  void open() {
    producer_.reset();
    for (int tries = 0;; ++tries) {
      producer_ =
          verifier::open(RD_KAFKA_PRODUCER, {{"bootstrap.servers", options_.bootstrap},
                                             {"transactional.id", "produce-ids-" + options_.name},
                                             {"transaction.timeout.ms", "30000"},
                                             {"partitioner", "murmur2_random"},
                                             {"retry.backoff.ms", "10"},
                                             {"linger.ms", "5"}});
      const Error error(rd_kafka_init_transactions(producer_.get(), 60'000));
      if (!error) return;
      if (tries > 10) fail(std::string("produce_ids: ") + rd_kafka_error_string(error.get()));
    }
  }

  std::vector<Sent> next_batch(std::int64_t size) {
    std::vector<Sent> batch;
    for (std::int64_t i = 0; i < size; ++i) {
      const std::string key =
          "k" + std::to_string(random_() % static_cast<unsigned>(options_.keys));
      const std::string id = options_.name + "-" + std::to_string(++sequence_);
      if (random_() % 40 == 0) {
        batch.push_back({"rates", id, key, id});
        continue;
      }
      const auto group = random_() % static_cast<unsigned>(options_.groups);
      batch.push_back({"input", id, key,
                       id + "|g" + std::to_string(group) + "|" + std::to_string(random_() % 1000)});
    }
    return batch;
  }

  const char* send(const std::vector<Sent>& batch) {
    if (Error(rd_kafka_begin_transaction(producer_.get())) != nullptr) return give_up("aborted");
    for (const Sent& sent : batch) {
      rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__QUEUE_FULL;
      while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        code = rd_kafka_producev(
            producer_.get(), RD_KAFKA_V_TOPIC(sent.topic),
            RD_KAFKA_V_KEY(sent.key.data(), sent.key.size()),
            RD_KAFKA_V_VALUE(const_cast<char*>(sent.value.data()), sent.value.size()),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        rd_kafka_poll(producer_.get(), code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 10 : 0);
      }
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return give_up("aborted");
    }
    if (random_() % 20 == 0) {
      rd_kafka_flush(producer_.get(), 10'000);
      const Error error(rd_kafka_abort_transaction(producer_.get(), 60'000));
      return error ? give_up("aborted") : "aborted";
    }
    const Error error(rd_kafka_commit_transaction(producer_.get(), -1));
    return error ? give_up("unknown") : "acked";
  }

  /// A new producer of the same id settles the transaction: one that was never asked to be
  /// committed is aborted.
  const char* give_up(const char* outcome) {
    open();
    return outcome;
  }

  Options options_;
  std::mt19937 random_;
  std::ofstream file_;
  std::int64_t sequence_ = 0;
  Handle producer_;
};

}  // namespace

int main(int argc, char** argv) {
  Producer(parse(argc, argv)).run();
  return 0;
}
