#include "mail_encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace anomaly {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::string rest = text;
  while (true) {
    const std::size_t end = rest.find("\r\n");
    lines.push_back(rest.substr(0, end));
    if (end == std::string::npos) return lines;
    rest.erase(0, end + 2);
  }
}

TEST(ValidUtf8, ReplacesWhatIsNoCharacter) {
  EXPECT_EQ(valid_utf8("aé€😀"), "aé€😀");
  EXPECT_EQ(valid_utf8("a\xFF"
                       "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(valid_utf8("\xC3"), "\xEF\xBF\xBD");
  EXPECT_EQ(valid_utf8("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(valid_utf8("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong";
  EXPECT_EQ(valid_utf8("\xED\xA0\x80").find("\xED"), std::string::npos) << "surrogate";
}

TEST(HeaderText, LeavesPlainTextAlone) {
  EXPECT_EQ(encode_header_text("3 alerts in aws", 9), "3 alerts in aws");
}

TEST(HeaderText, CannotBringInAHeader) {
  EXPECT_EQ(encode_header_text("x\r\nBcc: evil@example.com", 9), "x  Bcc: evil@example.com");
  EXPECT_EQ(encode_header_text("x\nBcc: e", 9), "x Bcc: e");
  EXPECT_THAT(encode_header_text("é\r\nBcc: evil@example.com", 9), Not(HasSubstr("Bcc")));
  EXPECT_EQ(encode_header_text(std::string("a\0b", 3), 9), "a b");
}

TEST(HeaderText, EncodesWhatIsNotAscii) {
  EXPECT_EQ(encode_header_text("Überlast", 9), "=?UTF-8?B?w5xiZXJsYXN0?=");
}

TEST(HeaderText, EncodesWhatLooksLikeAnEncodedWord) {
  EXPECT_EQ(encode_header_text("=?x?=", 9), "=?UTF-8?B?PT94Pz0=?=");
}

TEST(HeaderText, FoldsLongLines) {
  const std::string folded = encode_header_text(
      "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
      9);

  for (const std::string& line : lines_of(folded)) EXPECT_LE(line.size(), 76U);
  EXPECT_GT(lines_of(folded).size(), 1U);
  std::string unfolded = folded;
  for (auto at = unfolded.find("\r\n"); at != std::string::npos; at = unfolded.find("\r\n")) {
    unfolded.erase(at, 2);
  }
  EXPECT_THAT(unfolded, ::testing::EndsWith("thirteen fourteen fifteen"));
}

TEST(HeaderText, SplitsLongTextsBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "€";

  const auto lines = lines_of(encode_header_text(text, 9));

  EXPECT_GT(lines.size(), 2U);
  for (const std::string& line : lines) {
    EXPECT_LE(line.size(), 76U);
    EXPECT_THAT(line, ::testing::EndsWith("?="));
  }
}

TEST(HeaderText, CutsAWordWithoutEnd) {
  for (const std::string& line : lines_of(encode_header_text(std::string(500, 'x'), 9))) {
    EXPECT_LE(line.size(), 76U);
  }
}

TEST(Phrase, QuotesAndEncodes) {
  EXPECT_EQ(encode_phrase("A \"B\" \\"), "\"A \\\"B\\\" \\\\\"");
  EXPECT_EQ(encode_phrase("Jürgen"), "=?UTF-8?B?SsO8cmdlbg==?=");
  EXPECT_EQ(encode_phrase("a\r\nb"), "\"a  b\"");
}

TEST(QuotedPrintable, EncodesWhatMustBe) {
  EXPECT_EQ(encode_quoted_printable("a=b é\n"), "a=3Db =C3=A9\r\n");
  EXPECT_EQ(encode_quoted_printable("trailing \nnext"), "trailing=20\r\nnext");
  EXPECT_EQ(encode_quoted_printable("end "), "end=20");
  EXPECT_EQ(encode_quoted_printable("a\r\nb\rc"), "a\r\nbc");
}

TEST(QuotedPrintable, KeepsLinesShort) {
  for (const std::string& line : lines_of(encode_quoted_printable(std::string(1000, 'x')))) {
    EXPECT_LE(line.size(), 76U);
  }
  std::string blocks;
  for (int i = 0; i < 200; ++i) blocks += "█";
  for (const std::string& line : lines_of(encode_quoted_printable(blocks))) {
    EXPECT_LE(line.size(), 76U);
  }
}

TEST(Rfc5322Date, IsInUtc) {
  EXPECT_EQ(rfc5322_date(millstream::Timestamp(1'397'114'100'000)),
            "Thu, 10 Apr 2014 07:15:00 +0000");
  EXPECT_EQ(rfc5322_date(millstream::Timestamp(0)), "Thu, 01 Jan 1970 00:00:00 +0000");
}

TEST(Escape, MakesTextsHarmless) {
  EXPECT_EQ(escape_html("<a href=\"x\">&'\x01"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  EXPECT_EQ(escape_url("a/b c&d=é"), "a/b%20c%26d%3D%C3%A9");
}

}  // namespace
}  // namespace anomaly
