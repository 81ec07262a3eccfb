#include "kafka_broker.h"

#include "client.h"
#include "idle_partitions.h"
#include "kafka_admin.h"
#include "kafka_consumer.h"
#include "kafka_membership.h"
#include "kafka_producer.h"
#include "settings.h"

namespace millstream {

namespace kafka {
namespace {

/// Makes the clients; what they share is the settings, the cluster's state, and the name of the
/// coordination topic, whose empty partitions keep consumers fetching.
class KafkaBroker final : public Broker {
 public:
  KafkaBroker(Settings settings, const Clock& clock, Logger& logger)
      : settings_(std::move(settings)), cluster_(settings_.bootstrap(), clock, logger) {}

  Status start() {
    auto admin = KafkaAdmin::open(settings_, cluster_);
    if (!admin) return admin.error();
    admin_ = std::move(*admin);
    return {};
  }

  Result<std::unique_ptr<Consumer>> make_consumer(const ConsumerOptions& options) override {
    return KafkaConsumer::open(settings_, cluster_, coordination_, options);
  }
  Result<std::unique_ptr<Producer>> make_producer(const ProducerOptions& options) override {
    return KafkaProducer::open(settings_, cluster_, options);
  }
  Result<std::unique_ptr<Membership>> join(const MembershipOptions& options) override {
    coordination_.set(options.coordination_topic);
    return KafkaMembership::open(settings_, cluster_, options);
  }
  Admin& admin() override { return *admin_; }
  Status sync() override {
    return {};
  }  // what the cluster has acknowledged is as durable as it gets

 private:
  Settings settings_;
  Cluster cluster_;
  CoordinationTopic coordination_;
  std::unique_ptr<Admin> admin_;
};

}  // namespace
}  // namespace kafka

Result<std::unique_ptr<Broker>> open_kafka_broker(const Config& config, const Clock& clock,
                                                  Logger& logger) {
  auto settings = kafka::Settings::from(config);
  if (!settings) return settings.error();
  auto broker = std::make_unique<kafka::KafkaBroker>(std::move(*settings), clock, logger);
  MILLSTREAM_TRY(broker->start());
  return std::unique_ptr<Broker>(std::move(broker));
}

}  // namespace millstream
