#include "mail_eml.h"

#include <algorithm>

#include "alert_file.h"

namespace anomaly {

namespace {

std::string file_name(const std::string& message_id) {
  std::string name = message_id.substr(0, message_id.find('@'));
  std::replace_if(
      name.begin(), name.end(),
      [](char c) {
        const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '-' || c == '_';
        return !is_word;
      },
      '_');
  return name + ".eml";
}

}  // namespace

SendOutcome EmlWriter::send(const MailMessage& message) {
  std::error_code ignored;  // Writing reports what matters.
  std::filesystem::create_directories(directory_, ignored);
  const auto written =
      write_whole_file(directory_ / file_name(message.message_id), to_rfc5322(message));
  if (written) return {};
  return {SendOutcome::Kind::kLater, std::string(written.error().message())};
}

}  // namespace anomaly
