#include "embedded_fixture.h"

#include <millstream/rocks/database.h>

#include <gmock/gmock.h>

#include <fstream>

#include <sys/wait.h>
#include <unistd.h>

namespace millstream::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const TopicPartition kA{"a", 0};

class EmbeddedStorage : public EmbeddedTest {
 protected:
  void append(const std::string& value) {
    const auto out = producer();
    ASSERT_TRUE(send(*out, kA, "k", value));
    ASSERT_TRUE(out->flush());
  }
  std::string refusal(const Config& more = {}) {
    broker.reset();
    const auto opened = try_open(more);
    EXPECT_FALSE(opened);
    return opened ? std::string() : std::string(opened.error().message());
  }
  void damage_wal() {
    for (const auto& file : std::filesystem::directory_iterator(directory() + "/log")) {
      if (file.path().extension() == ".log") std::filesystem::remove(file.path());
    }
  }
};

TEST_F(EmbeddedStorage, KeepsEverythingOverAReopening) {
  open();
  create("a", 2, {{"retention.ms", "-1"}});
  append("1");
  append("2");
  ASSERT_TRUE(broker->admin().reset_offsets("g", {{kA, {Offset{1}, "meta"}}}));
  const PartitionPosition first{kA, Offset{1}};
  ASSERT_TRUE(broker->admin().delete_records({&first, 1}));

  open();

  EXPECT_THAT(*broker->admin().list_topics(), ElementsAre("a"));
  EXPECT_EQ(broker->admin().topic_config("a")->at("retention.ms"), "-1");
  EXPECT_EQ(beginning(kA), Offset{1});
  EXPECT_EQ(end(kA), Offset{2});
  EXPECT_EQ(broker->admin().committed_offsets("g", {&kA, 1})->at(kA).metadata, "meta");
  EXPECT_THAT(values(kA), ElementsAre("2"));
  append("3");
  EXPECT_THAT(values(kA), ElementsAre("2", "3"));
}

TEST_F(EmbeddedStorage, FencesOverAReopening) {
  open();
  create("a", 1);
  const Lease lease{"member-1-1", 1, {}};
  open();
  const auto out = producer("x");
  ASSERT_TRUE(out->begin_transaction());

  EXPECT_EQ(commit(*out, "g", {{kA, {Offset{0}, ""}}}, lease).fault, ProducerFault::kFenced);
}

TEST_F(EmbeddedStorage, RefusesASecondProcessAndNamesTheFirst) {
  open();
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto opened = try_open();
    const std::string message = opened ? "opened" : std::string(opened.error().message());
    const ssize_t written = ::write(pipe[1], message.data(), message.size());
    ::_exit(written > 0 ? 0 : 1);
  }
  ::close(pipe[1]);
  std::string message(1000, '\0');
  const ssize_t size = ::read(pipe[0], message.data(), message.size());
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);

  EXPECT_THAT(message.substr(0, static_cast<std::size_t>(std::max<ssize_t>(size, 0))),
              AllOf(HasSubstr("process " + std::to_string(::getpid())), HasSubstr(directory())));
}

TEST_F(EmbeddedStorage, RefusesALogThatHasLostWhatWasDurable) {
  open();
  create("a", 1);
  append("durable");
  ASSERT_TRUE(broker->sync());
  broker.reset();
  damage_wal();

  EXPECT_THAT(refusal(), AllOf(HasSubstr(directory()), HasSubstr("write-ahead log"),
                               HasSubstr("embedded.accept.data.loss=true")));
  EXPECT_THAT(refusal(), HasSubstr("missing"));

  open({{"embedded.accept.data.loss", "true"}});
  create("a", 1);
  append("after the loss");
  open();
  EXPECT_THAT(values(kA), ElementsAre("after the loss"));
}

TEST_F(EmbeddedStorage, GoesOnWhenOnlyWhatWasNeverDurableIsLost) {
  open();
  create("a", 1);
  append("1");
  broker.reset();
  std::filesystem::remove(directory() + "/high-water-mark");
  damage_wal();

  open();

  EXPECT_TRUE(broker->admin().list_topics()->empty());
}

TEST_F(EmbeddedStorage, RefusesADamagedMark) {
  open();
  broker.reset();
  std::ofstream(directory() + "/high-water-mark") << "12";

  EXPECT_THAT(refusal(), HasSubstr("high-water-mark"));
}

TEST_F(EmbeddedStorage, RefusesWhatIsNoLog) {
  for (const std::string& place : {directory(), directory() + "/log"}) {
    std::filesystem::remove_all(directory());
    std::filesystem::create_directories(directory());
    Database::Options options;
    options.path = place;
    auto foreign = Database::open(options);
    ASSERT_TRUE(foreign);
    DatabaseBatch batch;
    batch.put(0, "somebody", "else's");
    ASSERT_TRUE((*foreign)->write(batch, false));
    *foreign = nullptr;

    EXPECT_THAT(refusal(), HasSubstr("not a millstream log"));
  }
}

TEST_F(EmbeddedStorage, RefusesAnotherVersion) {
  open();
  broker.reset();
  Database::Options options;
  options.path = directory() + "/log";
  auto database = Database::open(options);
  ASSERT_TRUE(database);
  DatabaseBatch batch;
  batch.put(0, "format", "millstream-log 99");
  ASSERT_TRUE((*database)->write(batch, false));
  *database = nullptr;

  EXPECT_THAT(refusal(), HasSubstr("millstream-log 99"));
}

TEST_F(EmbeddedStorage, RefusesAPlaceThatIsNoDirectory) {
  std::ofstream(directory()) << "a file";

  EXPECT_THAT(refusal(), HasSubstr(directory()));
}

TEST_F(EmbeddedStorage, RefusesWrongSettings) {
  EXPECT_THAT(refusal({{"embedded.cache.bytes", "much"}}), HasSubstr("embedded.cache.bytes"));
  EXPECT_THAT(refusal({{"embedded.memory.bytes", "-1"}}), HasSubstr("embedded.memory.bytes"));
  EXPECT_THAT(refusal({{"embedded.accept.data.loss", "perhaps"}}),
              HasSubstr("embedded.accept.data.loss"));
}

}  // namespace
}  // namespace millstream::testing
