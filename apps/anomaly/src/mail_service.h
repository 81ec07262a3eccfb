#pragma once

#include <memory>
#include <optional>

#include "alert_service.h"
#include "mail_settings.h"
#include "service.h"

namespace anomaly {

/// Reads the topic of alerts and mails them, batched.
class MailService final : public Service {
 public:
  MailService(MailSettings mail, AlertOptions alerts, ServiceContext& context);

  [[nodiscard]] std::string_view name() const override { return "alert"; }
  millstream::Status start() override;
  millstream::Result<Rest> step() override;
  millstream::Status finish() override;

 private:
  millstream::Status assign();
  void take(const millstream::FetchedBatch& batch);

  ServiceContext& context_;
  std::unique_ptr<MailSender> sender_;
  AlertService alerts_;
  std::unique_ptr<millstream::Consumer> consumer_;
};

}  // namespace anomaly
