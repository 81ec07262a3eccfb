#pragma once

#include <string>
#include <vector>

#include "alert_notice.h"
#include "mail_message.h"

namespace anomaly {

/// Alerts that go into one mail.
struct AlertDigest {
  std::string message_id;
  std::string thread_id;
  std::string group;  ///< What they have in common, in words; may be empty.
  millstream::Timestamp date;
  std::vector<AlertNotice> alerts;

  bool operator==(const AlertDigest&) const = default;
};

struct DigestOptions {
  MailAddress from;
  std::vector<MailAddress> to;
  /// The live page, for links; empty: no links.
  std::string page_url;
  /// More alerts than this are only counted.
  std::size_t max_alerts = 50;
};

/// The mail of a digest: the worst alerts first; each says what happened, when and how bad, with a
/// small plot and a link. Equal digests give equal mails.
[[nodiscard]] MailMessage compose_mail(const AlertDigest& digest, const DigestOptions& options);

}  // namespace anomaly
