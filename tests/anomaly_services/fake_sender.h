#pragma once

#include <deque>
#include <string>
#include <vector>

#include "mail_sender.h"

namespace anomaly {

/// Keeps mails; answers as told, else as if sent.
class FakeSender final : public MailSender {
 public:
  SendOutcome send(const MailMessage& message) override {
    attempts.push_back(message);
    SendOutcome outcome;
    if (!answers.empty()) {
      outcome = answers.front();
      answers.pop_front();
    }
    if (outcome.sent()) mails.push_back(message);
    return outcome;
  }
  [[nodiscard]] std::string destination() const override { return "fake"; }

  std::vector<MailMessage> attempts;
  std::vector<MailMessage> mails;
  std::deque<SendOutcome> answers;
};

}  // namespace anomaly
