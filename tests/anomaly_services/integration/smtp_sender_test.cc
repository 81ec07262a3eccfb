#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "alert_samples.h"
#include "mail_smtp.h"
#include "test_folder.h"

namespace anomaly {
namespace {

using ::testing::HasSubstr;

class SmtpServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("SMTP_URL") == nullptr) GTEST_SKIP() << "run by tests/support/services.py smtp";
    url_ = std::getenv("SMTP_URL");
  }
  static std::vector<std::filesystem::path> mails() {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::directory_iterator(std::getenv("SMTP_MAIL_DIR"))) {
      if (entry.path().extension() == ".eml") out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  std::string url_;
};

TEST_F(SmtpServerTest, DeliversTheMailAsItIs) {
  SmtpSender sender({.url = url_, .start_tls = StartTls::kIfOffered});
  MailMessage mail = compose_mail(sample_digest({sample_alert("1")}), sample_digest_options());
  mail.text = ".\n.dot\n..two\nlast";
  const std::size_t before = mails().size();

  const SendOutcome outcome = sender.send(mail);

  ASSERT_TRUE(outcome.sent()) << outcome.message;
  ASSERT_EQ(mails().size(), before + 1);
  EXPECT_EQ(TestFolder::read(mails().back()), to_rfc5322(mail));
}

TEST_F(SmtpServerTest, SendsNothingInPlainTextIfTlsIsRequired) {
  SmtpSender sender({.url = url_, .start_tls = StartTls::kRequired});
  const std::size_t before = mails().size();

  const SendOutcome outcome =
      sender.send(compose_mail(sample_digest({sample_alert("1")}), sample_digest_options()));

  EXPECT_EQ(outcome.kind, SendOutcome::Kind::kLater);
  EXPECT_THAT(outcome.message, HasSubstr("STARTTLS"));
  EXPECT_EQ(mails().size(), before);
}

TEST(SmtpSender, SaysThatNobodyListens) {
  SmtpSender sender({.url = "smtp://127.0.0.1:1", .start_tls = StartTls::kIfOffered});

  const SendOutcome outcome =
      sender.send(compose_mail(sample_digest({sample_alert("1")}), sample_digest_options()));

  EXPECT_EQ(outcome.kind, SendOutcome::Kind::kLater);
  EXPECT_THAT(outcome.message, HasSubstr("smtp://127.0.0.1:1"));
}

}  // namespace
}  // namespace anomaly
