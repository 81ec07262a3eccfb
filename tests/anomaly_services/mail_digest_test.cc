#include "mail_digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "alert_samples.h"
#include "mail_alert_text.h"
#include "mail_plot.h"

namespace anomaly {
namespace {

using millstream::Duration;
using millstream::Timestamp;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(MailDigest, SaysWhatHappenedWhenAndHowBad) {
  const MailMessage mail =
      compose_mail(sample_digest({sample_alert("1")}), sample_digest_options());

  EXPECT_EQ(mail.subject, "[anomaly] aws/cpu: anomaly, score 0.8 at 2014-04-10 07:30 UTC");
  EXPECT_EQ(mail.text,
            "aws/cpu: anomaly, score 0.8 at 2014-04-10 07:30 UTC\n"
            "\n"
            "aws/cpu\n"
            "  when     2014-04-10 07:15 UTC to 2014-04-10 08:00 UTC (45 min), worst at "
            "2014-04-10 07:30 UTC\n"
            "  how bad  score 0.8 (threshold 0.6), 9 anomalous records\n"
            "  value    97.25, usually about 44\n"
            "  why      the level rose\n"
            "  values   ▁▁▁▁▁▁▁▁▁█▁▁\n"
            "  page     http://localhost:8080/#series=aws/cpu&at=1397115000000\n");
  EXPECT_THAT(mail.html, HasSubstr("score 0.8 (threshold 0.6), 9 anomalous records"));
  EXPECT_THAT(mail.html,
              HasSubstr("<a href=\"http://localhost:8080/#series=aws/cpu&amp;at=1397115000000\">"));
  EXPECT_THAT(mail.html, HasSubstr("background:#d03030"));
}

TEST(MailDigest, TellsTheWorstFirst) {
  const MailMessage mail = compose_mail(
      sample_digest({sample_alert("1", "aws/a", 0.7), sample_alert("2", "aws/b", 0.9)}),
      sample_digest_options());

  EXPECT_EQ(mail.subject, "[anomaly] 2 alerts in aws, highest score 0.9 (aws/b)");
  EXPECT_LT(mail.text.find("\naws/b\n"), mail.text.find("\naws/a\n"));
}

TEST(MailDigest, IsTheSameWhateverTheOrder) {
  const auto one = sample_alert("1");
  const auto two = sample_alert("2");
  const DigestOptions options = sample_digest_options();

  EXPECT_EQ(to_rfc5322(compose_mail(sample_digest({one, two}), options)),
            to_rfc5322(compose_mail(sample_digest({two, one}), options)));
}

TEST(MailDigest, OnlyCountsWhatIsTooMuch) {
  DigestOptions options = sample_digest_options();
  options.max_alerts = 2;

  const MailMessage mail = compose_mail(
      sample_digest({sample_alert("1"), sample_alert("2"), sample_alert("3", "aws/low", 0.1)}),
      options);

  EXPECT_THAT(mail.text, HasSubstr("\nand 1 more alert with lower scores\n"));
  EXPECT_THAT(mail.text, Not(HasSubstr("aws/low")));
}

TEST(MailDigest, EscapesWhatComesFromOutside) {
  AlertNotice alert = sample_alert("1", "<script>alert(1)</script>");
  alert.explanation = "a < b & \"c\"";

  const MailMessage mail = compose_mail(sample_digest({alert}), sample_digest_options());

  EXPECT_THAT(mail.html, Not(HasSubstr("<script>")));
  EXPECT_THAT(mail.html, HasSubstr("a &lt; b &amp; &quot;c&quot;"));
  EXPECT_THAT(mail.html, HasSubstr("#series=%3Cscript%3E"));
}

TEST(MailDigest, NeedsNoPageAndNoValues) {
  AlertNotice alert = sample_alert("1");
  alert.recent.clear();
  DigestOptions options = sample_digest_options();
  options.page_url.clear();

  const MailMessage mail = compose_mail(sample_digest({alert}), options);

  EXPECT_THAT(mail.text, Not(HasSubstr("page")));
  EXPECT_THAT(mail.html, Not(HasSubstr("<a ")));
}

TEST(MailPlot, KeepsASpikeThatSharesItsColumn) {
  AlertNotice alert = sample_alert("1");
  alert.recent.clear();
  for (int i = 0; i < 1000; ++i) alert.recent.push_back({Timestamp(i), i == 501 ? 9.0 : 1.0});

  const auto columns = plot_columns(alert, 10);

  ASSERT_EQ(columns.size(), 10U);
  EXPECT_EQ(columns[5].height, 1);
  EXPECT_EQ(text_plot(columns), "▁▁▁▁▁█▁▁▁▁");
}

TEST(MailPlot, DrawsEqualValuesInTheMiddleAndLeavesOutWhatIsNoNumber) {
  AlertNotice alert = sample_alert("1");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  alert.recent = {
      {Timestamp(1), 5}, {Timestamp(2), nan}, {Timestamp(3), 5}, {Timestamp(4), -INFINITY}};

  EXPECT_EQ(text_plot(plot_columns(alert, 10)), "▅▅");
  EXPECT_EQ(text_plot(plot_columns(AlertNotice{}, 10)), "");
  EXPECT_EQ(html_plot({}), "");
}

TEST(AlertText, WritesSpansAndTimes) {
  EXPECT_EQ(span_text(Duration(59'999)), "59 s");
  EXPECT_EQ(span_text(Duration(45 * 60'000)), "45 min");
  EXPECT_EQ(span_text(Duration(65 * 60'000)), "1 h 05 min");
  EXPECT_EQ(span_text(Duration(51LL * 3'600'000)), "2 d 3 h");
  EXPECT_EQ(time_text(Timestamp::none()), "an unknown time");
  EXPECT_EQ(number_text(0.912345), "0.9123");
}

}  // namespace
}  // namespace anomaly
