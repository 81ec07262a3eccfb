#pragma once

#include <filesystem>

#include "mail_sender.h"

namespace anomaly {

/// Writes each mail as a file `<Message-ID>.eml` instead of sending it. The file is whole from its
/// first moment; the same mail again writes the same bytes to the same file.
class EmlWriter final : public MailSender {
 public:
  explicit EmlWriter(std::filesystem::path directory) : directory_(std::move(directory)) {}

  SendOutcome send(const MailMessage& message) override;
  [[nodiscard]] std::string destination() const override { return directory_.string(); }

 private:
  std::filesystem::path directory_;
};

}  // namespace anomaly
