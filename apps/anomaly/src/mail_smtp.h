#pragma once

#include <millstream/core/result.h>
#include <millstream/core/time.h>

#include <string>

#include "mail_sender.h"

namespace anomaly {

/// Whether a connection that begins in plain text must become an encrypted one.
enum class StartTls { kRequired, kIfOffered, kNever };

struct SmtpOptions {
  /// "smtp://host:587" (STARTTLS) or "smtps://host:465" (TLS from the first byte); no credentials.
  std::string url;
  StartTls start_tls = StartTls::kRequired;
  /// Empty: no AUTH.
  std::string user;
  std::string password;
  /// A PEM file instead of the system's certificates.
  std::string ca_file;
  millstream::Duration connect_timeout{10'000};
  millstream::Duration timeout{60'000};
};

/// Sends mails by SMTP. The password goes to the server and nowhere else.
/// **Source**: libcurl.
class SmtpSender final : public MailSender {
 public:
  explicit SmtpSender(SmtpOptions options) : options_(std::move(options)) {}

  SendOutcome send(const MailMessage& message) override;
  [[nodiscard]] std::string destination() const override { return options_.url; }

 private:
  SmtpOptions options_;
};

/// What a failed attempt means, from the server's last reply ("535 5.7.8 ...", may be empty) and
/// what libcurl said.
struct SmtpFailure {
  long reply_code = 0;
  std::string reply;
  std::string said;
  bool login_denied = false;
  bool no_tls = false;
  bool bad_certificate = false;
};
[[nodiscard]] SendOutcome explain(const SmtpFailure& failure, const SmtpOptions& options);

}  // namespace anomaly
