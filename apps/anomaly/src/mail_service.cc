#include "mail_service.h"

#include <algorithm>
#include <chrono>

#include "demo_mails.h"
#include "message_serdes.h"
#include "topics.h"

namespace anomaly {

using millstream::Duration;
using millstream::Offset;
using millstream::PartitionId;
using millstream::Result;
using millstream::Status;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kAlertsAtOnce = 1000;
constexpr Duration kPoll{100};

}  // namespace

MailService::MailService(MailSettings mail, AlertOptions alerts, ServiceContext& context)
    : context_(context),
      sender_(make_mail_sender(mail)),
      alerts_({.alerts = std::move(alerts),
               .digest = mail.digest,
               .directory = context.config.get("state.dir", "/tmp/millstream") + "/alert"},
              *sender_, context.logger, context.metrics) {}

Status MailService::start() {
  MILLSTREAM_TRY(alerts_.open());
  auto consumer = context_.broker.make_consumer({.client_id = "anomaly-alert"});
  if (!consumer) return consumer.error();
  consumer_ = std::move(*consumer);
  MILLSTREAM_TRY(assign());
  context_.logger.info("alerts are mailed", {{"to", sender_->destination()}});
  return {};
}

Status MailService::assign() {
  const std::string& topic = context_.options.topics.alerts;
  const auto count = partitions_of(context_.broker.admin(), topic);
  if (!count) return count.error();
  std::vector<millstream::TopicPartition> partitions;
  for (PartitionId p = 0; p < *count; ++p) partitions.push_back({topic, p});
  const auto begins = context_.broker.admin().beginning_offsets(partitions);
  if (!begins) return begins.error();
  std::vector<millstream::PartitionPosition> positions;
  for (const auto& [partition, begin] : *begins) {
    positions.push_back({partition, std::max(begin, alerts_.position(partition.to_string()))});
  }
  return consumer_->assign(positions);
}

Result<Service::Rest> MailService::step() {
  const auto batches = consumer_->poll(kAlertsAtOnce, kPoll);
  if (!batches) return batches.error();
  for (const auto& batch : *batches) take(*batch);
  MILLSTREAM_TRY(alerts_.step(context_.clock.now()));
  return Rest(0ns);
}

void MailService::take(const millstream::FetchedBatch& batch) {
  const MessageSerde<Alert> serde(context_.options.format);
  Alert alert;
  for (const auto& record : batch.records()) {
    const auto status = serde.deserialize(record.value.value_or(std::string_view()), alert);
    if (status) {
      alerts_.accept(to_notice(alert), batch.partition().to_string(), next(record.offset),
                     context_.clock.now());
    } else {
      context_.logger.warning(
          "an alert can't be read and is passed over",
          {{"record", batch.partition().to_string() + "@" + std::to_string(to_int(record.offset))},
           {"error", std::string(status.error().message())}});
    }
  }
}

Status MailService::finish() { return alerts_.save(context_.clock.now()); }

}  // namespace anomaly
