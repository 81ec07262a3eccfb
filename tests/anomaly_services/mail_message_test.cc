#include "mail_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "alert_samples.h"
#include "mail_digest.h"
#include "mail_eml.h"
#include "test_folder.h"

namespace anomaly {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(MailAddress, ReadsLists) {
  const auto read =
      parse_mail_addresses("a@b.example, \"X, Y\" <c.d+e@f-g.example>,Z <z@z.example>");

  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(*read,
              ElementsAre(MailAddress{"", "a@b.example"}, MailAddress{"X, Y", "c.d+e@f-g.example"},
                          MailAddress{"Z", "z@z.example"}));
  EXPECT_EQ((*read)[1].to_header(), "\"X, Y\" <c.d+e@f-g.example>");
}

TEST(MailAddress, RefusesWhatCouldBringInAHeaderOrCommand) {
  for (const char* text :
       {"", " , ", "a", "a@", "@b", "a@b\r\nBcc: c@d", "a@b> RCPT TO:<c@d", "a b@c", "a@b@c",
        "a@b..c", ".a@b", "é@b.example", "X <a@b", "a@b c@d", "\"unclosed <a@b>x"}) {
    EXPECT_FALSE(parse_mail_addresses(text)) << text;
  }
}

MailMessage sample() {
  return {.from = {"Anomaly", "anomaly@example.com"},
          .to = {{"", "a@example.com"}, {"B", "b@example.com"}},
          .subject = "hello",
          .date = millstream::Timestamp(kApril2014),
          .message_id = "id@example.com",
          .text = "text\n",
          .html = "<p>html</p>\n"};
}

TEST(MailMessage, HasItsHeadersAndTwoParts) {
  const std::string mail = to_rfc5322(sample());

  EXPECT_THAT(mail, StartsWith("Date: Thu, 10 Apr 2014 07:15:00 +0000\r\n"
                               "From: \"Anomaly\" <anomaly@example.com>\r\n"
                               "To: a@example.com,\r\n \"B\" <b@example.com>\r\n"
                               "Subject: hello\r\n"
                               "Message-ID: <id@example.com>\r\n"));
  EXPECT_THAT(mail, HasSubstr("Auto-Submitted: auto-generated\r\n"));
  EXPECT_THAT(mail, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(mail, HasSubstr("\r\n\r\n<p>html</p>\r\n"));
  EXPECT_LT(mail.find("text/plain"), mail.find("text/html"));
}

TEST(MailMessage, LetsNoFieldBringInAHeader) {
  MailMessage mail = sample();
  const std::string evil = "x\r\nBcc: evil@example.com\r\n\r\nbody";
  mail.subject = evil;
  mail.message_id = evil;
  mail.thread_id = evil;
  mail.from.name = evil;

  const std::string bytes = to_rfc5322(mail);

  EXPECT_THAT(bytes, Not(HasSubstr("\r\nBcc")));
  const std::string head = bytes.substr(0, bytes.find("\r\n\r\n"));
  EXPECT_THAT(head, HasSubstr("MIME-Version: 1.0"));
}

TEST(MailMessage, IsAsciiInShortLines) {
  AlertNotice alert = sample_alert("1", std::string(200, 'x') + "é\xFF");
  alert.explanation = std::string(3000, 'w');
  const std::string bytes =
      to_rfc5322(compose_mail(sample_digest({alert, sample_alert("2")}), sample_digest_options()));

  std::size_t line = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_LT(static_cast<unsigned char>(bytes[i]), 0x80U);
    line = bytes[i] == '\n' ? 0 : line + 1;
    EXPECT_LE(line, 79U) << "with its CR";
    EXPECT_TRUE(bytes[i] != '\n' || bytes[i - 1] == '\r');
  }
}

TEST(MailMessage, IdsFollowFromTheIdentity) {
  EXPECT_EQ(make_message_id("a", "b.example"), make_message_id("a", "b.example"));
  EXPECT_NE(make_message_id("a", "b.example"), make_message_id("b", "b.example"));
  EXPECT_THAT(make_message_id("a", "b.example"), ::testing::MatchesRegex("[0-9a-f]+@b\\.example"));
}

// Python's email package is the judge: it reads back what was meant.
TEST(MailMessage, IsReadBackByAnotherProgram) {
  const TestFolder folder;
  AlertNotice alert = sample_alert("1", "aws/Überlast €");
  const MailMessage mail = compose_mail(sample_digest({alert}), sample_digest_options());
  std::ofstream(folder.path() / "mail.eml", std::ios::binary) << to_rfc5322(mail);
  std::ofstream(folder.path() / "text") << mail.text;
  std::ofstream(folder.path() / "html") << mail.html;
  std::ofstream(folder.path() / "subject") << mail.subject;
  std::ofstream(folder.path() / "check.py") << R"(
import email, email.policy, pathlib, sys
folder = pathlib.Path(sys.argv[1])
mail = email.message_from_bytes((folder / "mail.eml").read_bytes(), policy=email.policy.default)
assert not mail.defects, mail.defects
assert mail["Subject"] == (folder / "subject").read_text(), mail["Subject"]
assert mail["From"].addresses[0].addr_spec == "anomaly@example.com"
assert mail["Message-ID"] == "<0123abcd@example.com>"
assert mail.get_content_type() == "multipart/alternative"
for kind, name in (("plain", "text"), ("html", "html")):
    part = mail.get_body((kind,))
    assert not part.defects
    assert part.get_content().splitlines() == (folder / name).read_text().splitlines(), name
)";

  const std::string command =
      "python3 '" + (folder.path() / "check.py").string() + "' '" + folder.path().string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(EmlWriter, WritesTheSameFileAgain) {
  const TestFolder folder;
  EmlWriter writer(folder.path() / "mails");

  EXPECT_TRUE(writer.send(sample()).sent());
  EXPECT_TRUE(writer.send(sample()).sent());

  ASSERT_THAT(folder.files("mails"), ElementsAre(folder.path() / "mails" / "id.eml"));
  EXPECT_EQ(TestFolder::read(folder.path() / "mails" / "id.eml"), to_rfc5322(sample()));
}

TEST(EmlWriter, KeepsNamesInItsFolder) {
  const TestFolder folder;
  MailMessage mail = sample();
  mail.message_id = "../../x/y@example.com";

  EXPECT_TRUE(EmlWriter(folder.path()).send(mail).sent());

  EXPECT_THAT(folder.files(), ElementsAre(folder.path() / "______x_y.eml"));
}

TEST(EmlWriter, SaysWhatItCannotWrite) {
  EmlWriter writer("/proc/nothing");

  const SendOutcome outcome = writer.send(sample());

  EXPECT_EQ(outcome.kind, SendOutcome::Kind::kLater);
  EXPECT_THAT(outcome.message, HasSubstr("/proc/nothing/id.eml"));
}

}  // namespace
}  // namespace anomaly
