#pragma once

#include <millstream/core/config.h>
#include <millstream/core/result.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail_digest.h"
#include "mail_smtp.h"

namespace anomaly {

/// Values by name, as from the environment.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

/// The process's environment, and behind it a `.env` file (which need not exist).
/// **Errors**: kUser, naming file and line.
millstream::Result<Environment> environment_with_file(const std::filesystem::path& file);

/// The values of a `.env` text: NAME=VALUE lines, `#` comments, optional `export`, quotes.
/// **Errors**: kUser, naming `origin` and the line.
millstream::Result<std::map<std::string, std::string>> parse_env_file(std::string_view text,
                                                                      std::string_view origin);

/// How mails go out: by SMTP, or as files where no server or no credentials are there.
struct MailSettings {
  /// Nothing: as .eml files.
  std::optional<SmtpOptions> smtp;
  std::filesystem::path eml_directory = "mails";
  DigestOptions digest;

  /// From settings `smtp.url`, `smtp.user`, `smtp.password` or `smtp.password.file`, `smtp.from`,
  /// `smtp.to`, `smtp.starttls` (required, optional, never), `smtp.ca.file`, `mail.directory`,
  /// `page.url`, and from GMAIL_USER, GMAIL_PASS, ALERT_RECIPIENT: with these two set Gmail is the
  /// server unless `smtp.url` says otherwise, and mail goes to the user without a recipient.
  /// STARTTLS is required but on loopback. **Errors**: kUser, naming the setting.
  static millstream::Result<MailSettings> from(const millstream::Config& config,
                                               const Environment& environment);
};

/// The names that `MailSettings::from` reads, for the check of unknown settings.
[[nodiscard]] const std::vector<std::string_view>& mail_setting_names();

/// The sender that the settings ask for.
[[nodiscard]] std::unique_ptr<MailSender> make_mail_sender(const MailSettings& settings);

/// The mail of `anomaly alert --test-mail`: a made-up alert. `now` makes its Message-ID its own.
[[nodiscard]] MailMessage test_mail(const DigestOptions& options, millstream::Timestamp now);

}  // namespace anomaly
