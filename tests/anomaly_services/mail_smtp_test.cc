#include "mail_smtp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alert_samples.h"
#include "scripted_smtp.h"

namespace anomaly {
namespace {

using Kind = SendOutcome::Kind;
using ::testing::HasSubstr;
using ::testing::Not;

SendOutcome send_to(const ScriptedSmtp& server) {
  SmtpSender sender({.url = server.url(),
                     .start_tls = StartTls::kIfOffered,
                     .user = "you@gmail.com",
                     .password = "pw-secret"});
  return sender.send(compose_mail(sample_digest({sample_alert("1")}), sample_digest_options()));
}

TEST(SmtpSender, LogsInAndNamesSenderAndRecipient) {
  std::string said;
  const SendOutcome outcome = [&] {
    const ScriptedSmtp server([&](std::string_view line) {
      said += std::string(line) + "\n";
      return ScriptedSmtp::friendly(line);
    });
    return send_to(server);
  }();

  EXPECT_TRUE(outcome.sent()) << outcome.message;
  EXPECT_THAT(said, HasSubstr("AUTH PLAIN"));
  EXPECT_THAT(said, HasSubstr("MAIL FROM:<anomaly@example.com>"));
  EXPECT_THAT(said, HasSubstr("RCPT TO:<alerts@domain.com>"));
}

TEST(SmtpSender, AsksForAnAppPasswordWhenGmailRefusesTheLogin) {
  const ScriptedSmtp server([](std::string_view line) -> std::string {
    const std::string reply = ScriptedSmtp::friendly(line);
    if (!reply.starts_with("235")) return reply;
    return "535-5.7.8 Username and Password not accepted. For more information, go to\r\n"
           "535 5.7.8  https://support.google.com/mail/?p=BadCredentials - gsmtp\r\n";
  });

  const SendOutcome outcome = send_to(server);

  EXPECT_EQ(outcome.kind, Kind::kBadLogin);
  EXPECT_THAT(outcome.message, HasSubstr("use an app password"));
  EXPECT_THAT(outcome.message, HasSubstr("5.7.8"));
  EXPECT_THAT(outcome.message, Not(HasSubstr("pw-secret")));
}

TEST(SmtpSender, TriesLaterWhenTheLoginCannotBeChecked) {
  const ScriptedSmtp server([](std::string_view line) {
    const std::string reply = ScriptedSmtp::friendly(line);
    return reply.starts_with("235") ? std::string("454 4.7.0 temporary failure\r\n") : reply;
  });

  EXPECT_EQ(send_to(server).kind, Kind::kLater);
}

TEST(SmtpSender, KnowsARecipientThatIsRefused) {
  const ScriptedSmtp server([](std::string_view line) {
    return line.starts_with("RCPT") ? std::string("550 5.1.1 no such user\r\n")
                                    : ScriptedSmtp::friendly(line);
  });

  const SendOutcome outcome = send_to(server);

  EXPECT_EQ(outcome.kind, Kind::kRefused);
  EXPECT_THAT(outcome.message, HasSubstr("550 5.1.1 no such user"));
}

TEST(SmtpSender, TriesLaterWhenTheServerIsBusy) {
  const ScriptedSmtp server([](std::string_view line) {
    return line.starts_with("MAIL") ? std::string("451 4.3.2 busy\r\n")
                                    : ScriptedSmtp::friendly(line);
  });

  EXPECT_EQ(send_to(server).kind, Kind::kLater);
}

TEST(SmtpSender, TriesLaterWhenItIsCutOffBehindTheFinalDot) {
  const ScriptedSmtp server([](std::string_view line) {
    return line == "." ? std::string() : ScriptedSmtp::friendly(line);
  });

  EXPECT_EQ(send_to(server).kind, Kind::kLater);
}

TEST(SmtpSender, KnowsAMailThatIsRefusedBehindTheFinalDot) {
  const ScriptedSmtp server([](std::string_view line) {
    return line == "." ? std::string("554 5.7.1 spam\r\n") : ScriptedSmtp::friendly(line);
  });

  EXPECT_EQ(send_to(server).kind, Kind::kRefused);
}

}  // namespace
}  // namespace anomaly
