#pragma once

#include <string>

#include "mail_message.h"

namespace anomaly {

/// What became of an attempt to send a mail.
struct SendOutcome {
  enum class Kind {
    kSent,
    kLater,     ///< Server down, busy, or the outcome unknown: try again.
    kRefused,   ///< The server doesn't want this mail; another one may pass.
    kBadLogin,  ///< The server doesn't take the credentials; no mail will pass.
  };
  Kind kind = Kind::kSent;
  /// What happened and the remedy, without secrets; empty when sent.
  std::string message;

  [[nodiscard]] bool sent() const { return kind == Kind::kSent; }
};

/// Brings mails away. **Thread**: one.
class MailSender {
 public:
  virtual ~MailSender() = default;
  /// Send a mail; may be called again for the same mail, which carries its Message-ID.
  /// **Cost**: blocks, bounded by the sender's time-outs.
  virtual SendOutcome send(const MailMessage& message) = 0;
  /// Where mails go, in words, without secrets: "smtp.gmail.com:587".
  [[nodiscard]] virtual std::string destination() const = 0;
};

}  // namespace anomaly
