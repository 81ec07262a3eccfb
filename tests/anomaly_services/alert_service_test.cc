#include "alert_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/core/log.h>

#include <fstream>

#include "alert_samples.h"
#include "fake_sender.h"
#include "mail_eml.h"
#include "test_folder.h"

namespace anomaly {
namespace {

using millstream::Duration;
using millstream::Metrics;
using millstream::NullLogger;
using millstream::Offset;
using millstream::Timestamp;
using ::testing::HasSubstr;

Timestamp at(std::int64_t seconds) { return Timestamp(1'000'000'000'000 + seconds * 1000); }

class AlertServiceTest : public ::testing::Test {
 protected:
  [[nodiscard]] AlertService::Options options() const {
    return {.alerts = {.group_wait = Duration(0),
                       .group_interval = Duration(0),
                       .max_per_hour = 0,
                       .retry_first = Duration(5'000),
                       .retry_last = Duration(20'000),
                       .max_refusals = 2},
            .digest = sample_digest_options(),
            .directory = folder_.path() / "state"};
  }
  /// What runs after a start or a crash: whatever isn't in the file is gone.
  AlertService& start() { return start(options()); }
  AlertService& start(AlertService::Options with) {
    service_ = std::make_unique<AlertService>(std::move(with), sender_, logger_, metrics_);
    const auto opened = service_->open();
    EXPECT_TRUE(opened) << opened.error().message();
    return *service_;
  }
  void accept(const std::string& id, std::int64_t next, Timestamp now) {
    service_->accept(sample_alert(id), "alerts-0", Offset{next}, now);
  }
  void step(Timestamp now) {
    const auto done = service_->step(now);
    EXPECT_TRUE(done) << done.error().message();
  }
  void fail_with(SendOutcome::Kind kind) { sender_.answers.push_back({kind, "it failed"}); }

  TestFolder folder_;
  FakeSender sender_;
  NullLogger logger_;
  Metrics metrics_;
  std::unique_ptr<AlertService> service_;
};

TEST_F(AlertServiceTest, MailsAnAlert) {
  start();
  accept("1", 1, at(0));
  step(at(0));

  ASSERT_EQ(sender_.mails.size(), 1U);
  EXPECT_THAT(sender_.mails[0].subject, HasSubstr("aws/cpu"));
  EXPECT_EQ(sender_.mails[0].date, at(0));
  EXPECT_EQ(service_->waiting_mails(), 0U);
  EXPECT_EQ(service_->next_due(), Timestamp::max());
}

TEST_F(AlertServiceTest, SendsOneMailAStep) {
  AlertService::Options each = options();
  each.alerts.group_by = {"..."};
  start(each);
  accept("1", 1, at(0));
  accept("2", 2, at(0));

  step(at(0));
  EXPECT_EQ(sender_.mails.size(), 1U);
  step(at(0));
  EXPECT_EQ(sender_.mails.size(), 2U);
}

TEST_F(AlertServiceTest, RemembersWhatItMailedAndHowFarItRead) {
  start();
  accept("1", 5, at(0));
  step(at(0));

  start();
  EXPECT_EQ(service_->position("alerts-0"), Offset{5});
  EXPECT_EQ(service_->position("alerts-1"), Offset::kNone);
  accept("1", 5, at(10));
  accept("1", 6, at(10));
  step(at(10));

  EXPECT_EQ(sender_.mails.size(), 1U);
}

TEST_F(AlertServiceTest, TriesAgainWithLongerPauses) {
  for (int i = 0; i < 4; ++i) fail_with(SendOutcome::Kind::kLater);
  start();
  accept("1", 1, at(0));

  step(at(0));
  EXPECT_EQ(service_->next_due(), at(5));
  step(at(4));
  EXPECT_EQ(sender_.attempts.size(), 1U);
  step(at(5));
  EXPECT_EQ(service_->next_due(), at(15));
  step(at(15));
  EXPECT_EQ(service_->next_due(), at(35));
  step(at(35));
  EXPECT_EQ(service_->next_due(), at(55)) << "retry_last";
  step(at(55));

  EXPECT_EQ(sender_.mails.size(), 1U);
  EXPECT_EQ(service_->next_due(), Timestamp::max());
}

TEST_F(AlertServiceTest, RepeatsTheSameMailAfterACrash) {
  fail_with(SendOutcome::Kind::kLater);
  start();
  accept("1", 1, at(0));
  step(at(0));

  start();
  accept("2", 2, at(1));
  step(at(1));

  ASSERT_EQ(sender_.attempts.size(), 2U);
  EXPECT_EQ(to_rfc5322(sender_.attempts[0]), to_rfc5322(sender_.attempts[1]));
}

TEST_F(AlertServiceTest, SendsNothingThatItCannotKeep) {
  start();
  accept("1", 1, at(0));
  std::filesystem::remove_all(folder_.path() / "state");

  EXPECT_FALSE(service_->step(at(0)));
  EXPECT_EQ(sender_.attempts.size(), 0U);

  std::filesystem::create_directories(folder_.path() / "state");
  step(at(1));
  EXPECT_EQ(sender_.mails.size(), 1U);
}

TEST_F(AlertServiceTest, PutsAsideWhatTheServerNeverTakes) {
  AlertService::Options each = options();
  each.alerts.group_by = {"..."};
  fail_with(SendOutcome::Kind::kRefused);
  start(each);
  accept("1", 1, at(0));
  accept("2", 2, at(0));
  step(at(0));
  step(at(5));
  EXPECT_EQ(sender_.mails.size(), 1U) << "the other mail has its turn";

  fail_with(SendOutcome::Kind::kRefused);
  step(at(6));

  EXPECT_EQ(folder_.files("state/undelivered").size(), 1U);
  EXPECT_EQ(service_->waiting_mails(), 0U);
}

TEST_F(AlertServiceTest, KeepsMailsWhileTheLoginIsBad) {
  for (int i = 0; i < 50; ++i) fail_with(SendOutcome::Kind::kBadLogin);
  start();
  accept("1", 1, at(0));
  for (int i = 0; i < 50; ++i) step(at(i * 100));
  EXPECT_EQ(service_->waiting_mails(), 1U);

  step(at(10'000));

  EXPECT_EQ(sender_.mails.size(), 1U);
}

TEST_F(AlertServiceTest, WritesTheSameFilesWhateverTheTime) {
  AlertService::Options as_files = options();
  as_files.date_from_alerts = true;
  EmlWriter writer(folder_.path() / "mails");
  const auto run = [&](Timestamp now, const char* state) {
    as_files.directory = folder_.path() / state;
    AlertService service(as_files, writer, logger_, metrics_);
    EXPECT_TRUE(service.open());
    service.accept(sample_alert("1"), "alerts-0", Offset{1}, now);
    EXPECT_TRUE(service.step(now));
    return TestFolder::read(folder_.files("mails").front());
  };

  const std::string first = run(at(0), "a");
  const std::string second = run(at(99), "b");

  EXPECT_EQ(first, second);
  EXPECT_EQ(folder_.files("mails").size(), 1U);
  EXPECT_THAT(first, ::testing::StartsWith("Date: Thu, 10 Apr 2014 08:00:00 +0000\r\n"));
}

TEST_F(AlertServiceTest, SavesPositionsWithoutMails) {
  AlertService::Options waiting = options();
  waiting.alerts.group_wait = Duration(3'600'000);
  start(waiting);
  accept("1", 7, at(0));
  step(at(0));

  start(waiting);
  EXPECT_EQ(service_->position("alerts-0"), Offset{7});
  EXPECT_EQ(service_->waiting_alerts(), 1U);
}

TEST_F(AlertServiceTest, RefusesADamagedStateWithTheRemedy) {
  std::filesystem::create_directories(folder_.path() / "state");
  std::ofstream(folder_.path() / "state" / "alerts.json") << "{\"version\":1";

  AlertService service(options(), sender_, logger_, metrics_);
  const auto opened = service.open();

  ASSERT_FALSE(opened);
  EXPECT_THAT(std::string(opened.error().message()), HasSubstr("alerts.json"));
  EXPECT_THAT(std::string(opened.error().message()), HasSubstr("move it away"));
}

TEST(AlertState, IsReadBackAsItWas) {
  AlertNotice odd = sample_alert("odd\n\"id\"", "sérïes \xFF");
  odd.peak_value = -0.1;
  odd.labels["a"] = "b";
  AlertBatcher batcher({});
  batcher.add(odd, at(0));
  batcher.add(sample_alert("2"), at(0));
  ASSERT_TRUE(batcher.take_due(at(100)));
  batcher.add(sample_alert("3"), at(101));
  const AlertState state{batcher.state(),
                         {{sample_digest({sample_alert("4")}), 3}},
                         {{"alerts-0", Offset{1LL << 40}}}};

  const auto read = parse_alert_state(to_json(state));

  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(to_json(*read), to_json(state));
  EXPECT_EQ(read->outbox[0].digest, state.outbox[0].digest);
  EXPECT_EQ(read->positions, state.positions);
  EXPECT_FALSE(parse_alert_state("{\"version\":2}"));
  EXPECT_FALSE(parse_alert_state("[]"));
}

}  // namespace
}  // namespace anomaly
