#pragma once

#include <millstream/core/config.h>
#include <millstream/core/log.h>
#include <millstream/core/metrics.h>
#include <millstream/core/time.h>

#include <memory>

#include "alert_service.h"
#include "alert_source.h"
#include "mail_settings.h"
#include "service.h"

namespace anomaly {

class RecentResults;

/// Mails the alerts of a source, batched. **Lifetime**: clock, logger and metrics outlive it.
class MailService final : public Service {
 public:
  struct Outside {
    const millstream::Clock& clock;
    millstream::Logger& logger;
    millstream::Metrics& metrics;
    /// Hears of alerts and mails, for the page; may be null.
    RecentResults* results = nullptr;
  };
  /// With the settings of mails and batches in `config` and the environment.
  /// **Errors**: user: a setting.
  static millstream::Result<std::unique_ptr<MailService>> from(const millstream::Config& config,
                                                               std::unique_ptr<AlertSource> source,
                                                               const Outside& outside);

  MailService(const MailSettings& mail, AlertService::Options alerts,
              std::unique_ptr<AlertSource> source, const Outside& outside);

  [[nodiscard]] std::string_view name() const override { return "alert"; }
  millstream::Status start() override;
  millstream::Result<Rest> step() override;
  millstream::Status finish() override;

 private:
  Outside outside_;
  std::unique_ptr<AlertSource> source_;
  std::unique_ptr<MailSender> sender_;
  AlertService alerts_;
};

}  // namespace anomaly
