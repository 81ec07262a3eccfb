#include "mail_settings.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "mail_eml.h"

namespace anomaly {

using millstream::Config;
using millstream::Error;
using millstream::Result;
using millstream::Status;

namespace {

constexpr std::string_view kGmailUrl = "smtp://smtp.gmail.com:587";

/// The host of "smtp://host:port/..."; empty if it is no such URL.
std::string_view host_of(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return {};
  url.remove_prefix(begin + 3);
  url = url.substr(0, url.find('/'));
  if (url.starts_with('[')) return url.substr(0, url.find(']') + 1);
  return url.substr(0, url.find(':'));
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

Status check_url(const std::string& url) {
  const bool known = url.starts_with("smtp://") || url.starts_with("smtps://");
  if (!known || host_of(url).empty()) {
    return Error::user("smtp.url must be smtp://HOST:PORT or smtps://HOST:PORT");
  }
  if (url.find('@') != std::string::npos) {
    return Error::user("smtp.url must not hold credentials: set smtp.user and smtp.password");
  }
  return {};
}

Result<StartTls> start_tls(const Config& config, std::string_view url) {
  const std::string text =
      config.get("smtp.starttls", is_loopback(host_of(url)) ? "optional" : "required");
  if (text == "required") return StartTls::kRequired;
  if (text == "optional") return StartTls::kIfOffered;
  if (text == "never") return StartTls::kNever;
  return Error::user("smtp.starttls is " + text + ": it may be required, optional or never");
}

Result<std::string> password(const Config& config, const Environment& environment) {
  if (const std::string* file = config.find("smtp.password.file")) {
    std::ifstream in(*file);
    std::string line;
    if (!std::getline(in, line)) {
      return Error::user("smtp.password.file: cannot read a line of " + *file);
    }
    return line;
  }
  if (const std::string* text = config.find("smtp.password")) return *text;
  return environment("GMAIL_PASS").value_or("");
}

/// Google shows app passwords as four groups of four; the spaces aren't part of them.
std::string without_groups(std::string text) {
  if (text.size() == 19 && text[4] == ' ' && text[9] == ' ' && text[14] == ' ') {
    std::erase(text, ' ');
  }
  return text;
}

Result<std::optional<SmtpOptions>> smtp_options(const Config& config,
                                                const Environment& environment) {
  SmtpOptions smtp;
  smtp.user = config.get("smtp.user", environment("GMAIL_USER").value_or(""));
  auto secret = password(config, environment);
  if (!secret) return secret.error();
  smtp.password = without_groups(std::move(*secret));
  const bool has_login = !smtp.user.empty() && !smtp.password.empty();
  smtp.url = config.get("smtp.url", has_login ? kGmailUrl : "");
  if (smtp.url.empty()) return std::optional<SmtpOptions>();
  MILLSTREAM_TRY(check_url(smtp.url));
  if (smtp.user.empty() != smtp.password.empty()) {
    return Error::user(smtp.user.empty() ? "there is an SMTP password but no user: set smtp.user"
                                         : "there is an SMTP user but no password: set "
                                           "smtp.password.file, smtp.password or GMAIL_PASS");
  }
  auto tls = start_tls(config, smtp.url);
  if (!tls) return tls.error();
  smtp.start_tls = *tls;
  if (smtp.start_tls == StartTls::kIfOffered && has_login && !is_loopback(host_of(smtp.url))) {
    return Error::user("smtp.starttls=optional could send the password in plain text to " +
                       smtp.url + ": set required");
  }
  smtp.ca_file = config.get("smtp.ca.file");
  return std::optional(std::move(smtp));
}

Result<std::vector<MailAddress>> addresses(std::string_view setting, const std::string& text) {
  auto parsed = parse_mail_addresses(text);
  if (!parsed) return parsed.error().within(setting);
  return parsed;
}

std::string default_sender(const MailSettings& settings) {
  const bool has_user = settings.smtp && settings.smtp->user.find('@') != std::string::npos;
  return has_user ? settings.smtp->user : "anomaly@localhost";
}

}  // namespace

const std::vector<std::string_view>& mail_setting_names() {
  static const std::vector<std::string_view> names{
      "smtp.url", "smtp.user",     "smtp.password", "smtp.password.file", "smtp.from",
      "smtp.to",  "smtp.starttls", "smtp.ca.file",  "mail.directory",     "page.url"};
  return names;
}

Result<MailSettings> MailSettings::from(const Config& config, const Environment& environment) {
  MailSettings out;
  auto smtp = smtp_options(config, environment);
  if (!smtp) return smtp.error();
  out.smtp = std::move(*smtp);
  const auto from = addresses("smtp.from", config.get("smtp.from", default_sender(out)));
  if (!from) return from.error();
  out.digest.from = from->front();
  const std::string recipient = environment("ALERT_RECIPIENT").value_or(out.digest.from.address);
  auto to = addresses(config.contains("smtp.to") ? "smtp.to" : "ALERT_RECIPIENT",
                      config.get("smtp.to", recipient));
  if (!to) return to.error();
  out.digest.to = std::move(*to);
  out.digest.page_url = config.get("page.url");
  out.eml_directory = config.get("mail.directory", "mails");
  return out;
}

std::unique_ptr<MailSender> make_mail_sender(const MailSettings& settings) {
  if (settings.smtp) return std::make_unique<SmtpSender>(*settings.smtp);
  return std::make_unique<EmlWriter>(settings.eml_directory);
}

MailMessage test_mail(const DigestOptions& options, millstream::Timestamp now) {
  using millstream::Duration;
  AlertNotice notice{.id = "test",
                     .series = "test/made-up-series",
                     .start = now - Duration(1'200'000),
                     .end = now - Duration(600'000),
                     .peak_time = now - Duration(900'000),
                     .peak_score = 0.87,
                     .peak_value = 96.5,
                     .peak_expected = 42,
                     .threshold = 0.6,
                     .count = 3,
                     .explanation = "This is a test mail: nothing happened."};
  for (int i = 48; i > 0; --i) {
    const bool burst = i >= 2 && i <= 4;
    notice.recent.push_back(
        {now - Duration(300'000) * i, burst ? 96.5 - i : 42 + 6 * std::sin(i * 0.5)});
  }
  const std::string identity = "test-mail " + std::to_string(now.ms());
  MailMessage mail = compose_mail({.message_id = make_message_id(identity, options.from.domain()),
                                   .date = now,
                                   .alerts = {notice}},
                                  options);
  mail.subject = "[anomaly] test mail: if you read this, alerts reach you";
  return mail;
}

}  // namespace anomaly
