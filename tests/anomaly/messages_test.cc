#include "messages.h"

#include <gmock/gmock.h>

#include <limits>

#include "anomaly.pb.h"
#include "message_serdes.h"

using anomaly::Alert;
using anomaly::Format;
using anomaly::MessageSerde;
using anomaly::Metric;
using anomaly::Score;
using testing::HasSubstr;
namespace proto = anomaly::v1;

namespace {

Metric metric() {
  return {.series = "a/b", .timestamp_ms = 1'397'114'100'000, .value = -0.1, .produced_at_ms = 7};
}

Score score() {
  return {.series = "a/b",
          .timestamp_ms = 0,
          .value = 0,
          .score = 0.625,
          .threshold = 0.5,
          .anomaly = true,
          .model_version = "0123456789abcdef",
          .expected = -3,
          .contributions = {{.feature = "level", .amount = 0.25, .value = 3, .expected = -0.5},
                            {.feature = "trend"}},
          .produced_at_ms = 1};
}

Alert alert() {
  return {.id = "id",
          .series = "a/b",
          .start_ms = 1,
          .end_ms = 2,
          .peak_ms = 2,
          .peak_score = 0.9,
          .peak_value = 5,
          .peak_expected = 1,
          .count = 3,
          .threshold = 0.5,
          .model_version = "v",
          .contributions = {{.feature = "level", .amount = 0.25}},
          .produced_at_ms = 9};
}

template <class M>
std::string bytes_of(const M& message, Format format = Format::kProtobuf) {
  std::string bytes;
  EXPECT_TRUE(MessageSerde<M>(format).serialize(message, bytes));
  return bytes;
}

template <class M>
std::string error_of(std::string_view bytes, Format format = Format::kProtobuf) {
  M message;
  const auto status = MessageSerde<M>(format).deserialize(bytes, message);
  return status ? "" : std::string(status.error().message());
}

}  // namespace

template <class M>
class MessageFormats : public testing::Test {
 public:
  static M sample() {
    if constexpr (std::is_same_v<M, Metric>) return metric();
    if constexpr (std::is_same_v<M, Score>) return score();
    if constexpr (std::is_same_v<M, Alert>) return alert();
  }
};
using Messages = testing::Types<Metric, Score, Alert>;
TYPED_TEST_SUITE(MessageFormats, Messages);

TYPED_TEST(MessageFormats, ReadBackWhatTheyWrote) {
  for (const Format format : {Format::kProtobuf, Format::kJson}) {
    const auto sample = TestFixture::sample();
    TypeParam read = sample;
    read.series = "something else";
    ASSERT_TRUE(MessageSerde<TypeParam>(format).deserialize(bytes_of(sample, format), read));
    EXPECT_EQ(read, sample);
  }
}

TYPED_TEST(MessageFormats, RefuseBytesThatAreCutOffAnywhere) {
  const std::string bytes = bytes_of(TestFixture::sample());
  TypeParam message;
  for (std::size_t size = 0; size + 1 < bytes.size(); ++size) {
    // A cut between two fields may leave a message that is whole but for optional fields.
    static_cast<void>(
        MessageSerde<TypeParam>().deserialize(std::string_view(bytes).substr(0, size), message));
  }
  EXPECT_THAT(error_of<TypeParam>(std::string_view(bytes).substr(0, 3)), HasSubstr("no Protobuf"));
  EXPECT_NE(error_of<TypeParam>("nonsense"), "");
  EXPECT_NE(error_of<TypeParam>("nonsense", Format::kJson), "");
  EXPECT_NE(error_of<TypeParam>("{}", Format::kJson), "");
}

TEST(ProtobufFormat, WritesWhatTheGeneratedClassesRead) {
  proto::Score read;
  ASSERT_TRUE(read.ParseFromString(bytes_of(score())));
  EXPECT_EQ(read.series(), "a/b");
  EXPECT_TRUE(read.has_timestamp_ms());
  EXPECT_EQ(read.score(), 0.625);
  EXPECT_TRUE(read.anomaly());
  EXPECT_EQ(read.contributions_size(), 2);
  EXPECT_EQ(read.contributions(0).feature(), "level");
  EXPECT_EQ(read.contributions(0).value(), 3);
  EXPECT_EQ(read.contributions(0).expected(), -0.5);
  EXPECT_EQ(read.SerializeAsString(), bytes_of(score()));
  proto::Metric plain;
  ASSERT_TRUE(plain.ParseFromString(bytes_of(metric())));
  EXPECT_EQ(plain.SerializeAsString(), bytes_of(metric()));
  proto::Alert incident;
  ASSERT_TRUE(incident.ParseFromString(bytes_of(alert())));
  EXPECT_EQ(incident.SerializeAsString(), bytes_of(alert()));
}

TEST(ProtobufFormat, PassesOverFieldsOfNewerWriters) {
  std::string bytes = bytes_of(metric());
  bytes +=
      "\xa2\x06\x03"
      "new";                                // field 100, bytes
  bytes += std::string("\xa8\x06\x05", 3);  // field 101, varint
  Metric read;
  ASSERT_TRUE(MessageSerde<Metric>().deserialize(bytes, read));
  EXPECT_EQ(read, metric());
}

TEST(MetricSerde, NamesWhatIsWrongWithAMetric) {
  proto::Metric bad;
  bad.set_timestamp_ms(1);
  bad.set_value(1);
  EXPECT_EQ(error_of<Metric>(bad.SerializeAsString()), "the metric has no series");
  bad.set_series("s");
  bad.clear_timestamp_ms();
  EXPECT_EQ(error_of<Metric>(bad.SerializeAsString()), "the metric has no timestamp_ms");
  bad.set_timestamp_ms(-5);
  EXPECT_EQ(error_of<Metric>(bad.SerializeAsString()), "timestamp_ms is negative: -5");
  bad.set_timestamp_ms(0);
  bad.set_value(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(error_of<Metric>(bad.SerializeAsString()), "value is nan, not a finite number");
  bad.set_value(-std::numeric_limits<double>::infinity());
  EXPECT_EQ(error_of<Metric>(bad.SerializeAsString()), "value is -inf, not a finite number");
  bad.set_value(0);
  EXPECT_EQ(error_of<Metric>(bad.SerializeAsString()), "");
}

TEST(MetricSerde, NamesWhatIsWrongWithJson) {
  EXPECT_EQ(error_of<Metric>("{\"series\": 1}", Format::kJson), "the metric's series is no text");
  EXPECT_EQ(error_of<Metric>(R"({"series": "s", "timestamp_ms": 1.5, "value": 1})", Format::kJson),
            "the metric's timestamp_ms is no whole number");
}
