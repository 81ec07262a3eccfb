#pragma once

#include <millstream/core/ids.h>
#include <millstream/core/metrics.h>
#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "alert_batcher.h"
#include "alert_options.h"
#include "alert_source.h"
#include "alert_state.h"
#include "mail_sender.h"

namespace millstream {
class Logger;
}

namespace anomaly {

/// Turns alerts into mails: batches them, keeps what is to be sent in a file, sends, tries again.
/// At least once: after a crash or an unknown outcome the same mail goes out again with its
/// Message-ID. All time comes from outside; nothing sleeps.
///
///     service.open();
///     while (...) { for (alert : source) service.accept(alert, source, next_offset, now);
///                   service.step(now); }
///
/// **Thread**: one. **Lifetime**: sender, logger and metrics outlive it.
class AlertService final : public AlertPositions {
 public:
  struct Options {
    AlertOptions alerts;
    DigestOptions digest;
    /// Where the state is kept, and what the server never took; made if need be.
    std::filesystem::path directory;
    /// A mail's date is the end of its newest alert, not the time of its batch: mails as files are
    /// then the same whenever they are made.
    bool date_from_alerts = false;
    /// Told of each mail that went out; may be empty.
    std::function<void(const AlertDigest&)> on_sent;
  };

  AlertService(Options options, MailSender& sender, millstream::Logger& logger,
               millstream::Metrics& metrics);

  /// Take up the state that an earlier run left. **Errors**: kMachine, naming file and remedy.
  millstream::Status open();

  /// Where to go on reading.
  [[nodiscard]] millstream::Offset position(const std::string& source) const override;
  void forget(const std::string& source) override;
  /// Take an alert, and note that `source` has been read up to `next`. Both are safe only after the
  /// next `save` (or `step` with a mail due); a crash before it repeats them.
  void accept(AlertNotice notice, const std::string& source, millstream::Offset next,
              millstream::Timestamp now);
  /// Compose the mails that are due, send at most one, keep the state.
  /// **Errors**: kMachine: the state can't be written; nothing is sent then.
  millstream::Status step(millstream::Timestamp now);
  /// Write the state if it has changed. For the end; `step` does it once a second.
  millstream::Status save(millstream::Timestamp now);

  /// When `step` has something to do next; Timestamp::max() if nothing waits.
  [[nodiscard]] millstream::Timestamp next_due() const;
  /// Alerts and mails that wait, for readiness and pages.
  [[nodiscard]] std::size_t waiting_alerts() const { return batcher_.waiting(); }
  [[nodiscard]] std::size_t waiting_mails() const { return outbox_.size(); }

 private:
  void compose_due(millstream::Timestamp now);
  [[nodiscard]] AlertDigest digest_of(AlertBatch batch, millstream::Timestamp now) const;
  void send_first(millstream::Timestamp now);
  void failed(const SendOutcome& outcome, millstream::Timestamp now);
  void refused();
  void back_off(millstream::Timestamp now);

  Options options_;
  MailSender& sender_;
  millstream::Logger& logger_;
  AlertBatcher batcher_;
  std::vector<OutgoingMail> outbox_;
  std::map<std::string, millstream::Offset> positions_;
  bool changed_ = false;
  millstream::Timestamp saved_at_ = millstream::Timestamp::min();
  millstream::Timestamp retry_at_ = millstream::Timestamp::min();
  millstream::Duration pause_{0};

  millstream::Counter& received_;
  millstream::Counter& too_low_;
  millstream::Counter& duplicates_;
  millstream::Counter& sent_;
  millstream::Counter& failures_;
  millstream::Counter& put_aside_;
  millstream::Gauge& outbox_size_;
};

}  // namespace anomaly
