#pragma once

#include <string>

#include "alert_notice.h"
#include "mail_digest.h"

namespace anomaly {

constexpr std::int64_t kApril2014 = 1'397'114'100'000;  // 2014-04-10 07:15 UTC

inline AlertNotice sample_alert(const std::string& id, const std::string& series = "aws/cpu",
                                double score = 0.8) {
  const millstream::Timestamp start(kApril2014);
  AlertNotice notice{.id = id,
                     .series = series,
                     .start = start,
                     .end = start + millstream::Duration(2'700'000),
                     .peak_time = start + millstream::Duration(900'000),
                     .peak_score = score,
                     .peak_value = 97.25,
                     .peak_expected = 44,
                     .threshold = 0.6,
                     .count = 9,
                     .explanation = "the level rose"};
  for (int i = 0; i < 12; ++i) {
    notice.recent.push_back(
        {start + millstream::Duration(300'000 * (i - 6)), i == 9 ? 97.25 : 44.0});
  }
  return notice;
}

inline DigestOptions sample_digest_options() {
  return {.from = {"Anomaly service", "anomaly@example.com"},
          .to = {{"", "alerts@domain.com"}},
          .page_url = "http://localhost:8080/"};
}

inline AlertDigest sample_digest(std::vector<AlertNotice> alerts) {
  return {.message_id = "0123abcd@example.com",
          .thread_id = "thread@example.com",
          .group = "aws",
          .date = millstream::Timestamp(kApril2014 + 3'600'000),
          .alerts = std::move(alerts)};
}

}  // namespace anomaly
