#include "mail_smtp.h"

namespace anomaly {

namespace {

bool is_login_reply(long code) { return code == 530 || code == 534 || code == 535 || code == 538; }

std::string bad_login(const SmtpFailure& failure, const SmtpOptions& options) {
  std::string out = options.url + " doesn't accept " +
                    (options.user.empty() ? "mail without a user (set smtp.user)"
                                          : "user " + options.user + " with this password");
  if (!failure.reply.empty()) out += " (" + failure.reply + ")";
  const bool is_gmail = options.url.find("gmail.com") != std::string::npos;
  if (is_gmail || failure.reply.find("5.7.8") != std::string::npos) {
    out +=
        ": use an app password, not the account's own one; for Gmail make one at "
        "https://myaccount.google.com/apppasswords and set GMAIL_PASS to it";
  }
  return out;
}

}  // namespace

SendOutcome explain(const SmtpFailure& failure, const SmtpOptions& options) {
  using Kind = SendOutcome::Kind;
  const bool is_temporary = failure.reply_code >= 400 && failure.reply_code < 500;
  if ((failure.login_denied && !is_temporary) || is_login_reply(failure.reply_code)) {
    return {Kind::kBadLogin, bad_login(failure, options)};
  }
  if (failure.no_tls) {
    return {Kind::kLater, options.url +
                              " offers no STARTTLS, and mail isn't sent in plain text: use a "
                              "server that does, or set smtp.starttls=never in a trusted network"};
  }
  if (failure.bad_certificate) {
    return {Kind::kLater, options.url + " has a certificate that can't be verified (" +
                              failure.said + "): set smtp.ca.file to its issuer's certificate"};
  }
  if (failure.reply_code >= 500) {
    return {Kind::kRefused, options.url + " refused the mail: " + failure.reply};
  }
  const std::string what = failure.reply_code >= 400 ? failure.reply : failure.said;
  return {Kind::kLater, options.url + ": " + what};
}

}  // namespace anomaly
