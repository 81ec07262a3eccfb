#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millstream/core/serdes.h>
#include <millstream/serdes/confluent_serde.h>
#include <millstream/serdes/json_serde.h>
#include <millstream/serdes/protobuf_serde.h>

#include <map>
#include <string>
#include <vector>

#include "sample.pb.h"

namespace sample {

struct Order {
  std::string id;
  int count = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(Order, id, count)
  friend bool operator==(const Order&, const Order&) = default;
};

}  // namespace sample

namespace millstream {
namespace {

using ::millstream::sample::Reading;
using ::sample::Order;
using ::testing::HasSubstr;
using namespace std::string_literals;

Reading reading() {
  Reading message;
  message.set_series("aws/cpu");
  message.set_timestamp_ms(1'397'114'100'000);
  message.set_value(97.25);
  return message;
}

template <class T>
std::string bytes_of(const Serde<T>& serde, const T& value) {
  std::string bytes;
  EXPECT_TRUE(serde.serialize(value, bytes));
  return bytes;
}

TEST(ProtobufSerde, IsTheDefaultOfGeneratedMessages) {
  static_assert(ProtobufMessage<Reading>);
  static_assert(!ProtobufMessage<std::string>);
  const Serde<Reading> serde;
  Reading back;

  EXPECT_EQ(bytes_of(serde, reading()), reading().SerializeAsString());
  ASSERT_TRUE(serde.deserialize(reading().SerializeAsString(), back));
  EXPECT_EQ(back.series(), "aws/cpu");
  EXPECT_EQ(back.value(), 97.25);
}

TEST(ProtobufSerde, AppendsAndReplaces) {
  const Serde<Reading> serde;
  std::string bytes = "before";
  Reading back = reading();

  ASSERT_TRUE(serde.serialize(reading(), bytes));
  EXPECT_EQ(bytes, "before" + reading().SerializeAsString());
  ASSERT_TRUE(serde.deserialize("", back));
  EXPECT_EQ(back.series(), "") << "no bytes are an empty message";
}

TEST(ProtobufSerde, NamesTheTypeOfWhatItCannotRead) {
  Reading back;

  const Status read = Serde<Reading>().deserialize("\x0A\xFFrubbish", back);

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), ErrorKind::kData);
  EXPECT_THAT(std::string(read.error().message()), HasSubstr("millstream.sample.Reading"));
}

TEST(JsonSerde, WritesAndReadsOwnTypes) {
  const Serde<Order> serde{JsonSerde<Order>()};
  Order back;

  EXPECT_EQ(bytes_of(serde, Order{"a", 3}), R"({"count":3,"id":"a"})");
  ASSERT_TRUE(serde.deserialize(R"( {"id": "é", "count": 4, "more": []} )", back));
  EXPECT_EQ(back, (Order{"é", 4}));
}

TEST(JsonSerde, WritesAndReadsAnyJson) {
  const Serde<nlohmann::json> serde;
  nlohmann::json back;

  ASSERT_TRUE(serde.deserialize(R"([1,{"a":null}])", back));
  EXPECT_EQ(bytes_of(serde, back), R"([1,{"a":null}])");
  std::string list;
  ASSERT_TRUE(JsonSerde<std::vector<int>>().serialize({1, 2}, list));
  EXPECT_EQ(list, "[1,2]");
}

TEST(JsonSerde, ReportsWhatIsWrong) {
  const JsonSerde<Order> serde;
  Order order;
  std::string out;

  EXPECT_FALSE(serde.deserialize("", order));
  EXPECT_FALSE(serde.deserialize("{\"id\":", order));
  EXPECT_FALSE(serde.deserialize("{} x", order));
  EXPECT_THAT(std::string(serde.deserialize(R"({"id":"a"})", order).error().message()),
              HasSubstr("count"));
  EXPECT_FALSE(serde.deserialize(R"({"id":5,"count":1})", order));
  EXPECT_FALSE(serde.serialize(Order{"\xFF", 1}, out)) << "no UTF-8";
}

TEST(ConfluentSerde, WritesTheWireFormat) {
  const ConfluentSerde<Reading> serde({.write = {.schema_id = 0x01020304, .message_indexes = {0}}});

  EXPECT_EQ(bytes_of(Serde<Reading>(serde), reading()),
            "\x00\x01\x02\x03\x04\x00"s + reading().SerializeAsString());
}

TEST(ConfluentSerde, WritesMessageIndexes) {
  std::string bytes;

  append_confluent_header({.schema_id = 1, .message_indexes = {1, 0}}, ConfluentFormat::kProtobuf,
                          bytes);

  EXPECT_EQ(bytes, "\x00\x00\x00\x00\x01\x04\x02\x00"s) << "zigzag: count 2, then 1, then 0";
}

TEST(ConfluentSerde, ReadsWhatItWrites) {
  for (const std::vector<std::int32_t>& indexes :
       {std::vector<std::int32_t>{0}, {1}, {0, 0}, {5, 100, 20'000}, {2'000'000'000}}) {
    const ConfluentHeader header{.schema_id = -5, .message_indexes = indexes};
    std::string bytes;
    append_confluent_header(header, ConfluentFormat::kProtobuf, bytes);
    bytes += "rest";
    std::string_view view = bytes;

    const auto read = take_confluent_header(view, ConfluentFormat::kProtobuf);

    ASSERT_TRUE(read);
    EXPECT_EQ(*read, header);
    EXPECT_EQ(view, "rest");
  }
}

TEST(ConfluentSerde, HasNoIndexesForJson) {
  const Serde<Order> serde(ConfluentSerde<Order>(
      {.format = ConfluentFormat::kJson, .write = {.schema_id = 7}, .read_ids = {6, 7}},
      JsonSerde<Order>()));
  Order back;

  const std::string bytes = bytes_of(serde, Order{"a", 1});

  EXPECT_EQ(bytes, "\x00\x00\x00\x00\x07{\"count\":1,\"id\":\"a\"}"s);
  ASSERT_TRUE(serde.deserialize(bytes, back));
  EXPECT_EQ(back, (Order{"a", 1}));
}

TEST(ConfluentSerde, RefusesOtherBytes) {
  const ConfluentSerde<Reading> serde(
      {.write = {.schema_id = 1, .message_indexes = {0}}, .read_ids = {1, 2}});
  Reading back;
  const auto fault = [&](const std::string& bytes) {
    const Status read = serde.deserialize(bytes, back);
    return read ? "" : std::string(read.error().message());
  };

  EXPECT_EQ(fault("\0\0\0\0\2\0"s), "");
  EXPECT_THAT(fault(""), HasSubstr("wire format"));
  EXPECT_THAT(fault("\1\0\0\0\1\0"s), HasSubstr("wire format"));
  EXPECT_THAT(fault("\0\0\0\0"s), HasSubstr("wire format"));
  EXPECT_THAT(fault("\0\0\0\0\1"s), HasSubstr("cut off"));
  EXPECT_THAT(fault("\0\0\0\0\1\x04\x02"s), HasSubstr("cut off"));
  EXPECT_THAT(fault("\0\0\0\0\1\xFF\xFF\xFF\xFF\xFF\xFF"s), HasSubstr("cut off"));
  EXPECT_THAT(fault("\0\0\0\0\x9\0"s), HasSubstr("schema id 9"));
  EXPECT_THAT(fault("\0\0\0\0\1\2\2"s), HasSubstr("another message"));
}

}  // namespace
}  // namespace millstream
