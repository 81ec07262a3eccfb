#include "kafka_fixture.h"

namespace millstream {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// Settings are checked before anything is connected to, so no Kafka is needed.
class KafkaSettings : public testing::Test {
 protected:
  std::string complaint(const std::string& name, const std::string& value) {
    Config config{{"bootstrap.servers", "127.0.0.1:1"}, {"application.id", "a"}};
    config.set(name, value);
    const auto broker = open_broker(config, clock_, logger_);
    if (broker) return "";
    EXPECT_EQ(broker.error().kind(), ErrorKind::kUser);
    return std::string(broker.error().message());
  }

  SystemClock clock_;
  NullLogger logger_;
};

TEST_F(KafkaSettings, PinnedOnesCannotBeChanged) {
  EXPECT_THAT(complaint("enable.idempotence", "false"),
              AllOf(HasSubstr("enable.idempotence"), HasSubstr("must not be written twice")));
  EXPECT_THAT(complaint("consumer.isolation.level", "read_uncommitted"),
              AllOf(HasSubstr("consumer.isolation.level"), HasSubstr("processing.guarantee")));
  EXPECT_THAT(complaint("producer.acks", "1"), HasSubstr("survive the loss of a broker"));
  EXPECT_THAT(complaint("group.id", "mine"), HasSubstr("application.id"));
  EXPECT_EQ(complaint("enable.idempotence", "true"), "");
}

TEST_F(KafkaSettings, UnknownOnesWithAPrefixAreNamedWithANearOne) {
  EXPECT_THAT(complaint("producer.lingr.ms", "5"),
              AllOf(HasSubstr("producer.lingr.ms"), HasSubstr("did you mean linger.ms?")));
  EXPECT_THAT(complaint("sasl.nonsense", "x"), HasSubstr("sasl.nonsense"));
  EXPECT_EQ(complaint("commit.interval.ms", "100"), "") << "somebody else's setting";
}

TEST_F(KafkaSettings, BadValuesAreNamed) {
  EXPECT_THAT(complaint("producer.linger.ms", "soon"), HasSubstr("producer.linger.ms"));
  EXPECT_THAT(complaint("compression.type", "rar"), HasSubstr("compression.type"));
}

TEST_F(KafkaSettings, KnownOnesAreTaken) {
  EXPECT_EQ(complaint("consumer.fetch.wait.max.ms", "100"), "");
  EXPECT_EQ(complaint("compression.type", "lz4"), "");
  EXPECT_EQ(complaint("auto.offset.reset", "earliest"), "") << "the runtime's";
  EXPECT_EQ(complaint("security.protocol", "plaintext"), "");
}

}  // namespace
}  // namespace millstream
