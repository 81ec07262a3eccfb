#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alert_samples.h"
#include "demo_mails.h"

namespace anomaly {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Alert explained_alert() {
  return {.id = "1",
          .series = "aws/cpu",
          .start_ms = kApril2014,
          .end_ms = kApril2014,
          .peak_ms = kApril2014,
          .peak_score = 0.8,
          .count = 1,
          .contributions = {{.feature = "mean", .amount = 0.5, .value = 97.25, .expected = 44},
                            {.feature = "lowest", .amount = 0.25, .value = 90, .expected = 41.5},
                            {.feature = "activity", .amount = -0.1, .value = 7, .expected = 8}}};
}

TEST(AlertExplanation, NamesEachFeatureWithItsPartItsValueAndWhatWasExpected) {
  EXPECT_EQ(to_notice(explained_alert()).explanation,
            "Mostly because of mean (+0.500: 97.25, expected 44), "
            "lowest (+0.250: 90, expected 41.5).");
}

TEST(AlertExplanation, IsInTheMailsTextAndInItsHtml) {
  const MailMessage mail =
      compose_mail(sample_digest({to_notice(explained_alert())}), sample_digest_options());

  for (const std::string& part : {mail.text, mail.html}) {
    EXPECT_THAT(part, HasSubstr("mean (+0.500: 97.25, expected 44)"));
    EXPECT_THAT(part, HasSubstr("lowest (+0.250: 90, expected 41.5)"));
    EXPECT_THAT(part, Not(HasSubstr("activity")));
  }
}

TEST(AlertExplanation, OfAnAlertWithoutOneIsEmpty) {
  Alert alert = explained_alert();
  alert.contributions.clear();

  EXPECT_EQ(to_notice(alert).explanation, "");
}

}  // namespace
}  // namespace anomaly
