#include "embedded_fixture.h"

#include <csignal>
#include <cstdlib>
#include <random>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace millstream::testing {
namespace {

constexpr const char* kDirectory = "MILLSTREAM_CRASH_TEST_DIRECTORY";
constexpr int kReports = 3;
const std::vector<TopicPartition> kPartitions{{"a", 0}, {"a", 1}, {"b", 0}};

/// The end of the pipe that the child inherits.
constexpr int kReportTo = 9;

/// Commits for ever: transaction n writes n to each partition, and n + 1 as the group's offset.
/// Starts where the log says that it stopped.
void commit_until_killed(Broker& broker) {
  for (const char* name : {"a", "b"}) {
    const NewTopic topic{name, 2, {}, -1};
    ASSERT_TRUE(broker.admin().create_topics({&topic, 1}));
  }
  auto committed = broker.admin().committed_offsets("g", {&kPartitions[0], 1});
  ASSERT_TRUE(committed);
  std::int64_t n = committed->empty() ? 0 : to_int(committed->begin()->second.offset);
  ProducerOptions options;
  options.transactional_id = "child";
  const auto out = std::move(*broker.make_producer(options));
  ASSERT_TRUE(out->init_transactions());
  for (;; ++n) {
    ASSERT_TRUE(out->begin_transaction());
    const std::string value = std::to_string(n);
    for (const TopicPartition& to : kPartitions) {
      ASSERT_TRUE(out->produce({to.topic, to.partition, value, value, Timestamp(n), nullptr}));
    }
    ASSERT_TRUE(out->flush());
    if (n % 13 == 0) {
      ASSERT_TRUE(out->abort_transaction());
      ASSERT_TRUE(out->begin_transaction());
      for (const TopicPartition& to : kPartitions) {
        ASSERT_TRUE(out->produce({to.topic, to.partition, value, value, Timestamp(n), nullptr}));
      }
    }
    out->submit_commit("g", {{kPartitions[0], {Offset{n + 1}, value}}}, {});
    ASSERT_TRUE(*out->commit_result(Duration(0)));
    const std::int64_t done = n + 1;
    if (::write(kReportTo, &done, sizeof done) != sizeof done) return;
    if (n % 101 == 0) {
      ASSERT_TRUE(broker.sync());
    }
  }
}

/// Not a test of its own: what the test below runs in another process.
TEST(EmbeddedCrashChild, DISABLED_Commits) {
  const char* directory = std::getenv(kDirectory);
  ASSERT_NE(directory, nullptr);
  const SystemClock clock;
  NullLogger logger;
  const auto broker =
      open_broker({{"bootstrap.servers", std::string("embedded:") + directory}}, clock, logger);
  ASSERT_TRUE(broker) << broker.error().message();
  commit_until_killed(**broker);
}

class EmbeddedCrash : public EmbeddedTest {
 protected:
  /// Run the child until it has reported some commits, then kill it; the last commit that it knew
  /// of.
  std::int64_t run_and_kill(int reports) {
    int pipe[2];
    EXPECT_EQ(::pipe(pipe), 0);
    ::setenv(kDirectory, directory().c_str(), 1);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe[1], kReportTo);
    posix_spawn_file_actions_addclose(&actions, pipe[0]);
    const char* arguments[] = {"/proc/self/exe", "--gtest_filter=EmbeddedCrashChild.*",
                               "--gtest_also_run_disabled_tests", "--gtest_brief=1", nullptr};
    pid_t child = 0;
    EXPECT_EQ(::posix_spawn(&child, "/proc/self/exe", &actions, nullptr,
                            const_cast<char**>(arguments), environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(pipe[1]);
    std::int64_t last = 0;
    for (int i = 0; i < reports; ++i) {
      if (::read(pipe[0], &last, sizeof last) != sizeof last) break;
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    while (::read(pipe[0], &last, sizeof last) == sizeof last) {
    }
    ::close(pipe[0]);
    return last;
  }

  /// Each partition holds 0, 1, 2, ... once, as many as the group's offset says.
  void check(std::int64_t acknowledged) {
    open();
    const auto committed = broker->admin().committed_offsets("g", {&kPartitions[0], 1});
    ASSERT_TRUE(committed);
    ASSERT_EQ(committed->size(), 1U);
    const std::int64_t n = to_int(committed->begin()->second.offset);
    EXPECT_GE(n, acknowledged);
    EXPECT_LE(n, acknowledged + 1);
    for (const TopicPartition& partition : kPartitions) {
      const auto records = read_all(partition);
      ASSERT_EQ(static_cast<std::int64_t>(records.size()), n);
      for (std::int64_t i = 0; i < n; ++i) {
        const ReadRecord& record = records[static_cast<std::size_t>(i)];
        ASSERT_EQ(record.value, std::to_string(i));
        ASSERT_EQ(record.offset, i);
      }
    }
    broker.reset();
  }
};

TEST_F(EmbeddedCrash, LeavesWholeTransactionsAndAllThatWereAcknowledged) {
  std::mt19937 random(20);  // NOLINT: the same schedule each time
  std::uniform_int_distribution<int> reports(kReports, 400);
  for (int cycle = 0; cycle < 25; ++cycle) {
    SCOPED_TRACE("cycle " + std::to_string(cycle));
    const std::int64_t acknowledged = run_and_kill(reports(random));
    ASSERT_GT(acknowledged, 0);
    check(acknowledged);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace millstream::testing
