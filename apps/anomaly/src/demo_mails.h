#pragma once

#include <millstream/core/config.h>
#include <millstream/core/log.h>
#include <millstream/core/metrics.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <filesystem>

#include "alert_notice.h"
#include "results.h"

namespace anomaly {

/// An alert as the mailer takes it.
AlertNotice to_notice(const Alert& alert);

/// What became of a demo's mails.
struct MailOutcome {
  std::size_t waiting = 0;  ///< The server didn't take them yet.
  std::string destination;  ///< A folder or a server, in words.
};

/// Mail the alerts: as files in `folder`, or by SMTP where the settings or the environment name a
/// server. The same alerts make the same mails; files are written again, not added.
/// **Errors**: user: a setting; machine: the folder can't be written.
millstream::Result<MailOutcome> mail_alerts(
    const Results& results, const millstream::Config& config, const std::filesystem::path& folder,
    const std::filesystem::path& state, millstream::Logger& logger, millstream::Metrics& metrics,
    const millstream::Clock& clock);

}  // namespace anomaly
