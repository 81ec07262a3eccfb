#include "mail_service.h"

#include <chrono>

#include "api_results.h"
#include "demo_mails.h"

namespace anomaly {

using millstream::Config;
using millstream::Duration;
using millstream::Result;
using millstream::Status;
using namespace std::chrono_literals;

namespace {

constexpr Duration kPoll{100};

}  // namespace

Result<std::unique_ptr<MailService>> MailService::from(const Config& config,
                                                       std::unique_ptr<AlertSource> source,
                                                       const Outside& outside) {
  const auto environment = environment_with_file(config.get("env.file", ".env"));
  if (!environment) return environment.error();
  const auto mail = MailSettings::from(config, *environment);
  if (!mail) return mail.error();
  auto alerts = AlertOptions::from(config);
  if (!alerts) return alerts.error();
  AlertService::Options options{
      .alerts = std::move(*alerts),
      .digest = mail->digest,
      .directory = config.get("state.dir", "/tmp/millstream") + "/alert",
  };
  if (outside.results != nullptr) {
    options.on_sent = [results = outside.results](const AlertDigest& digest) {
      std::vector<std::string> ids;
      for (const AlertNotice& alert : digest.alerts) ids.push_back(alert.id);
      results->note_mailed(ids);
    };
  }
  return std::make_unique<MailService>(*mail, std::move(options), std::move(source), outside);
}

MailService::MailService(const MailSettings& mail, AlertService::Options alerts,
                         std::unique_ptr<AlertSource> source, const Outside& outside)
    : outside_(outside),
      source_(std::move(source)),
      sender_(make_mail_sender(mail)),
      alerts_(std::move(alerts), *sender_, outside.logger, outside.metrics) {}

Status MailService::start() {
  MILLSTREAM_TRY(alerts_.open());
  outside_.logger.info("alerts are mailed", {{"to", sender_->destination()}});
  return {};
}

Result<Service::Rest> MailService::step() {
  auto arrivals = source_->poll(alerts_, kPoll);
  if (!arrivals) return arrivals.error();
  for (const AlertArrival& arrival : *arrivals) {
    if (outside_.results != nullptr) {
      outside_.results->add_alert(arrival.alert, outside_.clock.now().ms());
    }
    AlertNotice notice = to_notice(arrival.alert);
    notice.recent = source_->points_around(arrival.alert);
    alerts_.accept(std::move(notice), arrival.source, arrival.next, outside_.clock.now());
  }
  MILLSTREAM_TRY(alerts_.step(outside_.clock.now()));
  return Rest(0ns);
}

Status MailService::finish() { return alerts_.save(outside_.clock.now()); }

}  // namespace anomaly
