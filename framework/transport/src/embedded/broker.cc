#include "admin.h"
#include "consumer.h"
#include "log.h"
#include "membership.h"
#include "producer.h"

#include <millstream/transport/embedded_broker.h>

#include <utility>

namespace millstream {
namespace embedded {
namespace {

class EmbeddedBroker final : public Broker {
 public:
  explicit EmbeddedBroker(std::unique_ptr<Log> log) : log_(std::move(log)), admin_(*log_) {}

  Result<std::unique_ptr<Consumer>> make_consumer(const ConsumerOptions& options) override {
    return std::unique_ptr<Consumer>(std::make_unique<EmbeddedConsumer>(*log_, options));
  }

  Result<std::unique_ptr<Producer>> make_producer(const ProducerOptions& options) override {
    if (options.transactional_id.empty()) {
      return std::unique_ptr<Producer>(std::make_unique<PlainProducer>(*log_, options));
    }
    auto id = log_->transactions().get(options.transactional_id);
    if (!id) return id.error();
    return std::unique_ptr<Producer>(
        std::make_unique<TransactionalProducer>(*log_, std::move(*id)));
  }

  Result<std::unique_ptr<Membership>> join(const MembershipOptions& options) override {
    Group& group = log_->groups().get(options.group);
    auto member = group.join(options);
    if (!member) return member.error();
    return std::unique_ptr<Membership>(
        std::make_unique<EmbeddedMembership>(group, log_->database(), std::move(*member)));
  }

  Admin& admin() override { return admin_; }
  Status sync() override { return log_->sync(); }

 private:
  const std::unique_ptr<Log> log_;
  EmbeddedAdmin admin_;
};

}  // namespace
}  // namespace embedded

Result<std::unique_ptr<Broker>> open_embedded_broker(const std::string& directory,
                                                     const Config& config, const Clock& clock,
                                                     Logger& logger) {
  if (directory.empty()) {
    return Error::user("bootstrap.servers=embedded: needs a directory, as in embedded:/var/lib/x");
  }
  const auto settings = embedded::Settings::parse(config, logger);
  if (!settings) return settings.error();
  auto log = embedded::Log::open(directory, *settings, clock, logger);
  if (!log) return log.error();
  return std::unique_ptr<Broker>(std::make_unique<embedded::EmbeddedBroker>(std::move(*log)));
}

}  // namespace millstream
