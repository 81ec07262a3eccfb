#include "alert_service.h"

#include <millstream/core/log.h>

#include <algorithm>

#include "alert_file.h"
#include "mail_eml.h"

namespace anomaly {

using millstream::Duration;
using millstream::Error;
using millstream::Offset;
using millstream::Status;
using millstream::Timestamp;

namespace {

constexpr Duration kSaveInterval{1'000};
constexpr const char* kStateFile = "alerts.json";
constexpr const char* kPutAside = "undelivered";

/// What the digest is about: the same alerts, as far as they had come, are the same mail.
std::string identity(const AlertBatch& batch) {
  std::vector<std::string> parts;
  for (const AlertNotice& notice : batch.alerts) {
    parts.push_back(notice.id + "\x1f" + std::to_string(notice.end.ms()) + "\x1f" +
                    std::to_string(notice.count));
  }
  std::sort(parts.begin(), parts.end());
  std::string out = "alerts";
  for (const std::string& part : parts) out += "\x1e" + part;
  return out;
}

}  // namespace

AlertService::AlertService(Options options, MailSender& sender, millstream::Logger& logger,
                           millstream::Metrics& metrics)
    : options_(std::move(options)),
      sender_(sender),
      logger_(logger),
      batcher_(options_.alerts),
      received_(metrics.counter("alerts_received_total", "Alerts taken for mailing.")),
      too_low_(metrics.counter("alerts_dropped_total", "Alerts not mailed, by reason.",
                               {{"reason", "min_score"}})),
      duplicates_(metrics.counter("alerts_dropped_total", "Alerts not mailed, by reason.",
                                  {{"reason", "duplicate"}})),
      sent_(metrics.counter("alert_mails_sent_total", "Mails sent or written as files.")),
      failures_(metrics.counter("alert_mail_failures_total", "Attempts to send that failed.")),
      put_aside_(metrics.counter("alert_mails_undelivered_total",
                                 "Mails put aside as files since the server refuses them.")),
      outbox_size_(metrics.gauge("alert_mails_waiting", "Mails that are yet to be sent.")) {}

Status AlertService::open() {
  std::error_code code;
  std::filesystem::create_directories(options_.directory, code);
  if (code) {
    return Error::machine("cannot make " + options_.directory.string() + ": " + code.message());
  }
  auto state = load_alert_state(options_.directory / kStateFile);
  if (!state) return state.error();
  batcher_.restore(std::move(state->batcher));
  outbox_ = std::move(state->outbox);
  positions_ = std::move(state->positions);
  outbox_size_.set(static_cast<double>(outbox_.size()));
  return {};
}

Offset AlertService::position(const std::string& source) const {
  const auto found = positions_.find(source);
  return found == positions_.end() ? Offset::kNone : found->second;
}

void AlertService::forget(const std::string& source) { changed_ |= positions_.erase(source) > 0; }

void AlertService::accept(AlertNotice notice, const std::string& source, Offset next,
                          Timestamp now) {
  if (next <= position(source)) return;
  positions_.insert_or_assign(source, next);
  changed_ = true;
  received_.add();
  switch (batcher_.add(std::move(notice), now)) {
    case AlertBatcher::Accepted::kTooLow:
      too_low_.add();
      break;
    case AlertBatcher::Accepted::kDuplicate:
      duplicates_.add();
      break;
    default:
      break;
  }
}

AlertDigest AlertService::digest_of(AlertBatch batch, Timestamp now) const {
  const std::string domain = options_.digest.from.domain();
  AlertDigest digest{.message_id = make_message_id(identity(batch), domain),
                     .thread_id = make_message_id("group " + batch.group, domain),
                     .group = std::move(batch.group),
                     .date = now};
  if (options_.date_from_alerts) {
    digest.date = std::max_element(batch.alerts.begin(), batch.alerts.end(),
                                   [](const auto& a, const auto& b) { return a.end < b.end; })
                      ->end;
  }
  digest.alerts = std::move(batch.alerts);
  return digest;
}

void AlertService::compose_due(Timestamp now) {
  while (auto batch = batcher_.take_due(now)) {
    outbox_.push_back({digest_of(std::move(*batch), now)});
    changed_ = true;
    saved_at_ = Timestamp::min();  // A mail must be kept before it is sent.
  }
  outbox_size_.set(static_cast<double>(outbox_.size()));
}

Status AlertService::step(Timestamp now) {
  compose_due(now);
  if (saved_at_ + kSaveInterval <= now) MILLSTREAM_TRY(save(now));
  if (outbox_.empty() || now < retry_at_) return {};
  send_first(now);
  return save(now);
}

Status AlertService::save(Timestamp now) {
  if (!changed_) return {};
  const AlertState state{batcher_.state(), outbox_, positions_};
  MILLSTREAM_TRY(write_whole_file(options_.directory / kStateFile, to_json(state)));
  changed_ = false;
  saved_at_ = now;
  return {};
}

void AlertService::send_first(Timestamp now) {
  const MailMessage mail = compose_mail(outbox_.front().digest, options_.digest);
  const SendOutcome outcome = sender_.send(mail);
  changed_ = true;
  if (!outcome.sent()) return failed(outcome, now);
  logger_.info("alert mail sent",
               {{"to", sender_.destination()},
                {"message_id", mail.message_id},
                {"alerts", std::to_string(outbox_.front().digest.alerts.size())}});
  if (options_.on_sent) options_.on_sent(outbox_.front().digest);
  outbox_.erase(outbox_.begin());
  sent_.add();
  outbox_size_.set(static_cast<double>(outbox_.size()));
  pause_ = Duration(0);
  retry_at_ = Timestamp::min();
}

void AlertService::failed(const SendOutcome& outcome, Timestamp now) {
  failures_.add();
  if (outcome.kind == SendOutcome::Kind::kRefused) refused();
  back_off(now);
  logger_.error("alert mail not sent", {{"reason", outcome.message},
                                        {"mails_waiting", std::to_string(outbox_.size())},
                                        {"next_attempt_in_ms", std::to_string(pause_.count())}});
}

/// Let the others have their turn, and put aside what the server will never take.
void AlertService::refused() {
  OutgoingMail mail = std::move(outbox_.front());
  outbox_.erase(outbox_.begin());
  ++mail.refusals;
  if (mail.refusals >= options_.alerts.max_refusals) {
    EmlWriter aside(options_.directory / kPutAside);
    if (aside.send(compose_mail(mail.digest, options_.digest)).sent()) {
      put_aside_.add();
      logger_.error("alert mail put aside",
                    {{"directory", aside.destination()}, {"message_id", mail.digest.message_id}});
      outbox_size_.set(static_cast<double>(outbox_.size()));
      return;
    }
  }
  outbox_.push_back(std::move(mail));
}

void AlertService::back_off(Timestamp now) {
  pause_ = pause_ == Duration(0) ? options_.alerts.retry_first
                                 : std::min(pause_ * 2, options_.alerts.retry_last);
  retry_at_ = now + pause_;
}

Timestamp AlertService::next_due() const {
  const Timestamp mail = outbox_.empty() ? Timestamp::max() : retry_at_;
  return std::min(mail, batcher_.next_due());
}

}  // namespace anomaly
