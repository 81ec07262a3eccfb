#pragma once

#include <millstream/core/config.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace anomaly {

/// When alerts become mails. Names and meanings as in Prometheus' Alertmanager.
struct AlertOptions {
  /// Alerts with the same values of these share a mail: `series`, `category` (the series' folder),
  /// or a label's name; `...` (an alert a mail). Empty: all share one.
  std::vector<std::string> group_by{"category"};
  /// How long a new group waits for more alerts before its first mail.
  millstream::Duration group_wait{30'000};
  /// The least time between mails of one group.
  millstream::Duration group_interval{300'000};
  /// The least time before an alert that has been mailed and has grown since is mailed again.
  millstream::Duration repeat_interval{4 * 3'600'000};
  /// Alerts below it are dropped.
  double min_score = 0;
  /// 0: any number. What would exceed it waits, and then goes out in one mail.
  std::size_t max_per_hour = 20;
  /// Waiting times after a failed attempt: the first, doubling to the last.
  millstream::Duration retry_first{5'000};
  millstream::Duration retry_last{600'000};
  /// A mail that the server refused so often is put aside as a file.
  int max_refusals = 5;

  /// From settings `alert.group_by` (names by commas), `alert.group_wait` and so on; durations as
  /// in Alertmanager ("30s", "1h30m") or in milliseconds. **Errors**: kUser, naming the setting.
  static millstream::Result<AlertOptions> from(const millstream::Config& config);
};

/// The names that `AlertOptions::from` reads.
[[nodiscard]] const std::vector<std::string_view>& alert_setting_names();

/// "90s", "1h30m", "250ms", "2d", or a number of milliseconds. **Errors**: kUser.
millstream::Result<millstream::Duration> parse_duration(std::string_view text);

}  // namespace anomaly
