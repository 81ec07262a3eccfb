#include "mail_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "test_folder.h"

namespace anomaly {
namespace {

using millstream::Config;
using millstream::Timestamp;
using ::testing::HasSubstr;
using ::testing::Not;

Environment environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(std::string(name));
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

std::string fault(const Config& config, std::map<std::string, std::string> values = {}) {
  const auto settings = MailSettings::from(config, environment(std::move(values)));
  return settings ? "" : std::string(settings.error().message());
}

TEST(MailSettings, WithoutCredentialsWriteFiles) {
  const auto settings = MailSettings::from({{"mail.directory", "out"}}, environment({}));

  ASSERT_TRUE(settings);
  EXPECT_FALSE(settings->smtp);
  EXPECT_EQ(make_mail_sender(*settings)->destination(), "out");
}

TEST(MailSettings, TakeGmailFromTheEnvironment) {
  const auto settings = MailSettings::from(
      {}, environment({{"GMAIL_USER", "you@gmail.com"}, {"GMAIL_PASS", "abcd efgh ijkl mnop"}}));

  ASSERT_TRUE(settings) << settings.error().message();
  ASSERT_TRUE(settings->smtp);
  EXPECT_EQ(settings->smtp->url, "smtp://smtp.gmail.com:587");
  EXPECT_EQ(settings->smtp->start_tls, StartTls::kRequired);
  EXPECT_EQ(settings->smtp->user, "you@gmail.com");
  EXPECT_EQ(settings->smtp->password, "abcdefghijklmnop");
  EXPECT_EQ(settings->digest.from.address, "you@gmail.com");
  EXPECT_EQ(settings->digest.to.front().address, "you@gmail.com") << "no ALERT_RECIPIENT";
}

TEST(MailSettings, TakeARecipientAndAnotherServer) {
  const auto settings = MailSettings::from(
      {{"smtp.url", "smtps://mail.example:465"}, {"smtp.from", "Anomaly <a@mail.example>"}},
      environment({{"GMAIL_USER", "u"},
                   {"GMAIL_PASS", "p"},
                   {"ALERT_RECIPIENT", "b@c.example, d@e.example"}}));

  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(settings->smtp->url, "smtps://mail.example:465");
  EXPECT_EQ(settings->digest.from.address, "a@mail.example");
  EXPECT_EQ(settings->digest.to.size(), 2U);
}

TEST(MailSettings, NeedNoTlsOnLoopbackOnly) {
  const auto local = MailSettings::from({{"smtp.url", "smtp://127.0.0.1:2525"}}, environment({}));
  const auto remote = MailSettings::from({{"smtp.url", "smtp://mail.example"}}, environment({}));

  ASSERT_TRUE(local);
  EXPECT_EQ(local->smtp->start_tls, StartTls::kIfOffered);
  ASSERT_TRUE(remote);
  EXPECT_EQ(remote->smtp->start_tls, StartTls::kRequired);
}

TEST(MailSettings, SayWhatIsWrong) {
  EXPECT_THAT(fault({{"smtp.url", "http://x"}}), HasSubstr("smtp.url must be smtp://HOST:PORT"));
  EXPECT_THAT(fault({{"smtp.url", "smtp://u:secret@x"}}), HasSubstr("must not hold credentials"));
  EXPECT_THAT(fault({{"smtp.url", "smtp://u:secret@x"}}), Not(HasSubstr("secret")));
  EXPECT_THAT(fault({{"smtp.url", "smtp://x"}, {"smtp.user", "u"}}), HasSubstr("no password"));
  EXPECT_THAT(fault({{"smtp.url", "smtp://x"}, {"smtp.password", "p"}}), HasSubstr("no user"));
  EXPECT_THAT(fault({{"smtp.url", "smtp://x"}, {"smtp.starttls", "maybe"}}), HasSubstr("maybe"));
  EXPECT_THAT(fault({{"smtp.url", "smtp://x"},
                     {"smtp.user", "u"},
                     {"smtp.password", "p"},
                     {"smtp.starttls", "optional"}}),
              HasSubstr("plain text"));
  EXPECT_THAT(fault({{"smtp.password.file", "/nothing"}}), HasSubstr("/nothing"));
  EXPECT_THAT(fault({}, {{"ALERT_RECIPIENT", "nobody"}}), HasSubstr("ALERT_RECIPIENT: \"nobody\""));
  EXPECT_THAT(fault({{"smtp.to", "x"}}), HasSubstr("smtp.to: \"x\""));
}

TEST(MailSettings, ReadThePasswordFromAFile) {
  const TestFolder folder;
  std::ofstream(folder.path() / "secret") << "s3cret\n";

  const auto settings = MailSettings::from({{"smtp.url", "smtp://x"},
                                            {"smtp.user", "u"},
                                            {"smtp.password.file", folder.path() / "secret"}},
                                           environment({}));

  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(settings->smtp->password, "s3cret");
}

TEST(EnvFile, ReadsTheUsualForms) {
  const auto values = parse_env_file(
      "# comment\n"
      "GMAIL_USER=you@gmail.com\r\n"
      "\n"
      "export GMAIL_PASS = \"abcd # efgh\"  # app password\n"
      "ALERT_RECIPIENT=alerts@domain.com  # Optional\n"
      "EMPTY=\n"
      "SINGLE='a b'",
      ".env");

  ASSERT_TRUE(values) << values.error().message();
  const std::map<std::string, std::string> expected{{"GMAIL_USER", "you@gmail.com"},
                                                    {"GMAIL_PASS", "abcd # efgh"},
                                                    {"ALERT_RECIPIENT", "alerts@domain.com"},
                                                    {"EMPTY", ""},
                                                    {"SINGLE", "a b"}};
  EXPECT_EQ(*values, expected);
}

TEST(EnvFile, NamesTheLineButDoesNotShowIt) {
  const auto values = parse_env_file("A=b\nmy secret\n", ".env");

  ASSERT_FALSE(values);
  EXPECT_THAT(std::string(values.error().message()), HasSubstr(".env:2"));
  EXPECT_THAT(std::string(values.error().message()), Not(HasSubstr("secret")));
}

TEST(EnvFile, StandsBehindTheEnvironment) {
  const TestFolder folder;
  std::ofstream(folder.path() / ".env") << "MILLSTREAM_TEST_A=file\nMILLSTREAM_TEST_B=file\n";
  ::setenv("MILLSTREAM_TEST_A", "process", 1);

  const auto environment = environment_with_file(folder.path() / ".env");

  ASSERT_TRUE(environment);
  EXPECT_EQ((*environment)("MILLSTREAM_TEST_A"), "process");
  EXPECT_EQ((*environment)("MILLSTREAM_TEST_B"), "file");
  EXPECT_EQ((*environment)("MILLSTREAM_TEST_C"), std::nullopt);
  EXPECT_TRUE(environment_with_file(folder.path() / "nothing"));
}

TEST(EnvFile, TakesWhatIsEmptyAsNotSet) {
  const TestFolder folder;
  std::ofstream(folder.path() / ".env") << "MILLSTREAM_TEST_D=file\nMILLSTREAM_TEST_E=\n";
  ::setenv("MILLSTREAM_TEST_D", "", 1);

  const auto environment = environment_with_file(folder.path() / ".env");

  ASSERT_TRUE(environment);
  EXPECT_EQ((*environment)("MILLSTREAM_TEST_D"), "file");
  EXPECT_EQ((*environment)("MILLSTREAM_TEST_E"), std::nullopt);
}

TEST(TestMail, IsAMailOfItsOwn) {
  const DigestOptions options{.from = {"", "a@b.example"}, .to = {{"", "c@d.example"}}};

  const MailMessage mail = test_mail(options, Timestamp(1'700'000'000'000));

  EXPECT_THAT(mail.subject, HasSubstr("test mail"));
  EXPECT_THAT(mail.text, HasSubstr("█"));
  EXPECT_NE(mail.message_id, test_mail(options, Timestamp(1'700'000'000'001)).message_id);
}

TEST(SmtpFailure, AnswersABadLoginWithTheRemedy) {
  const SmtpOptions options{
      .url = "smtp://smtp.gmail.com:587", .user = "you@gmail.com", .password = "pw-secret"};

  const SendOutcome outcome = explain({.reply_code = 535,
                                       .reply = "535 5.7.8 Username and Password not accepted.",
                                       .login_denied = true},
                                      options);

  EXPECT_EQ(outcome.kind, SendOutcome::Kind::kBadLogin);
  EXPECT_THAT(outcome.message, HasSubstr("use an app password"));
  EXPECT_THAT(outcome.message, HasSubstr("you@gmail.com"));
  EXPECT_THAT(outcome.message, Not(HasSubstr("pw-secret")));
}

TEST(SmtpFailure, TellsLaterFromNever) {
  const SmtpOptions options{.url = "smtp://mail.example"};

  EXPECT_EQ(explain({.reply_code = 451, .reply = "451 busy"}, options).kind,
            SendOutcome::Kind::kLater);
  EXPECT_EQ(explain({.reply_code = 550, .reply = "550 no such user"}, options).kind,
            SendOutcome::Kind::kRefused);
  EXPECT_EQ(explain({.said = "Connection refused"}, options).kind, SendOutcome::Kind::kLater);
  EXPECT_THAT(explain({.no_tls = true}, options).message, HasSubstr("STARTTLS"));
  EXPECT_THAT(explain({.bad_certificate = true}, options).message, HasSubstr("smtp.ca.file"));
}

}  // namespace
}  // namespace anomaly
