#include "demo_mails.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "alert_service.h"
#include "mail_settings.h"

namespace anomaly {

using millstream::Config;
using millstream::Duration;
using millstream::Offset;
using millstream::Result;
using millstream::Timestamp;

namespace {

constexpr std::size_t kPointsAround = 60;
constexpr const char* kSource = "alerts";

std::string explanation(const Alert& alert) {
  std::string text;
  for (const Contribution& one : alert.contributions) {
    if (one.amount <= 0) continue;
    text += fmt::format("{}{} (+{:.3f}: {:.4g}, expected {:.4g})",
                        text.empty() ? "Mostly because of " : ", ", one.feature, one.amount,
                        one.value, one.expected);
  }
  return text.empty() ? text : text + ".";
}

/// The measurements up to the peak and a little beyond, for the plot.
std::vector<AlertPoint> points_around(const Alert& alert, const Results& results) {
  const auto series = results.series.find(alert.series);
  if (series == results.series.end()) return {};
  const auto& points = series->second;
  const auto peak = std::find_if(points.begin(), points.end(), [&](const ScoredPoint& point) {
    return point.timestamp_ms >= alert.peak_ms;
  });
  const auto at = static_cast<std::size_t>(peak - points.begin());
  const std::size_t from = at > kPointsAround * 2 / 3 ? at - kPointsAround * 2 / 3 : 0;
  std::vector<AlertPoint> around;
  for (std::size_t i = from; i < std::min(points.size(), from + kPointsAround); ++i) {
    around.push_back({.time = Timestamp(points[i].timestamp_ms), .value = points[i].value});
  }
  return around;
}

std::vector<const Alert*> in_order(const Results& results) {
  std::vector<const Alert*> alerts;
  for (const Alert& alert : results.alerts) alerts.push_back(&alert);
  std::sort(alerts.begin(), alerts.end(), [](const Alert* a, const Alert* b) {
    return std::tie(a->series, a->start_ms) < std::tie(b->series, b->start_ms);
  });
  return alerts;
}

}  // namespace

AlertNotice to_notice(const Alert& alert) {
  return {.id = alert.id,
          .series = alert.series,
          .start = Timestamp(alert.start_ms),
          .end = Timestamp(alert.end_ms),
          .peak_time = Timestamp(alert.peak_ms),
          .peak_score = alert.peak_score,
          .peak_value = alert.peak_value,
          .peak_expected = alert.peak_expected,
          .threshold = alert.threshold,
          .count = alert.count,
          .explanation = explanation(alert),
          .recent = {},
          .labels = {}};
}

Result<MailOutcome> mail_alerts(const Results& results, const Config& config,
                                const std::filesystem::path& folder,
                                const std::filesystem::path& state, millstream::Logger& logger,
                                millstream::Metrics& metrics, const millstream::Clock& clock) {
  const auto environment = environment_with_file(config.get("env.file", ".env"));
  if (!environment) return environment.error();
  auto mail = MailSettings::from(config, *environment);
  if (!mail) return mail.error();
  auto alerts = AlertOptions::from(config);
  if (!alerts) return alerts.error();
  mail->eml_directory = folder;
  if (!mail->smtp) alerts->max_per_hour = 0;
  const auto sender = make_mail_sender(*mail);
  AlertService service(
      {.alerts = *alerts, .digest = mail->digest, .directory = state, .date_from_alerts = true},
      *sender, logger, metrics);
  MILLSTREAM_TRY(service.open());
  const Timestamp now = clock.now();
  Offset place{0};  // in this order, which is the same whenever the demo is run
  for (const Alert* alert : in_order(results)) {
    AlertNotice notice = to_notice(*alert);
    notice.recent = points_around(*alert, results);
    place = next(place);
    service.accept(std::move(notice), kSource, place, now);
  }
  // The groups' waiting time is for alerts that are still to come: there are none.
  Timestamp later = now + alerts->group_wait;
  for (int tries = 0; tries < 1000 && service.next_due() <= later; ++tries) {
    MILLSTREAM_TRY(service.step(later));
  }
  MILLSTREAM_TRY(service.save(later));
  return MailOutcome{.waiting = service.waiting_mails() + service.waiting_alerts(),
                     .destination = sender->destination()};
}

}  // namespace anomaly
