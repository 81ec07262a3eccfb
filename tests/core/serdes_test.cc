#include <millstream/core/serdes.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace millstream {
namespace {

template <class T>
std::string bytes_of(const T& value, const Serde<T>& serde = Serde<T>()) {
  std::string out;
  EXPECT_TRUE(serde.serialize(value, out));
  return out;
}

template <class T>
T round_trip(const T& value, const Serde<T>& serde = Serde<T>()) {
  T out{};
  EXPECT_TRUE(serde.deserialize(bytes_of(value, serde), out));
  return out;
}

TEST(IntegerSerde, WritesBigEndianAsJavaDoes) {
  EXPECT_EQ(bytes_of(std::int64_t{1}), std::string("\0\0\0\0\0\0\0\1", 8));
  EXPECT_EQ(bytes_of(std::int32_t{-2}), "\xff\xff\xff\xfe");
  EXPECT_EQ(round_trip(std::numeric_limits<std::int64_t>::min()),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(round_trip(std::int16_t{-300}), -300);
  EXPECT_EQ(round_trip(true), true);
}

TEST(IntegerSerde, RefusesAnotherLength) {
  std::int64_t value = 0;
  const Status status = Serde<std::int64_t>().deserialize("1234", value);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind(), ErrorKind::kData);
  EXPECT_EQ(status.error().message(), "an integer has 8 bytes, got 4");
}

TEST(DoubleSerde, WritesIeeeBigEndian) {
  EXPECT_EQ(bytes_of(1.5), std::string("\x3f\xf8\0\0\0\0\0\0", 8));
  EXPECT_EQ(round_trip(-0.1F), -0.1F);
}

TEST(StringSerde, KeepsEveryByte) {
  const std::string text("a\0\xff", 3);
  EXPECT_EQ(bytes_of(text), text);
  EXPECT_EQ(round_trip(text), text);
}

TEST(UuidSerde, WritesItsText) {
  const Uuid uuid{{0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x14,
                   0x17, 0x40, 0x00}};
  EXPECT_EQ(bytes_of(uuid), "123e4567-e89b-12d3-a456-426614174000");
  EXPECT_EQ(round_trip(uuid), uuid);
  Uuid out;
  EXPECT_FALSE(Serde<Uuid>().deserialize("123e4567-e89b-12d3-a456-42661417400g", out));
  EXPECT_FALSE(Serde<Uuid>().deserialize("123e4567", out));
}

TEST(ListSerde, KeepsOrderAndRefusesTornBytes) {
  const std::vector<std::string> list{"a", "", "long enough not to be small"};
  EXPECT_EQ(round_trip(list), list);
  const std::string bytes = bytes_of(list);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    std::vector<std::string> out;
    EXPECT_FALSE(Serde<std::vector<std::string>>().deserialize(bytes.substr(0, length), out));
  }
}

TEST(TimeWindowedSerde, WritesKeyThenStart) {
  const Serde<Windowed<std::string>> serde = TimeWindowedSerde<std::string>{Duration(10)};
  const Windowed<std::string> windowed{"k", {Timestamp(5), Timestamp(15)}};
  EXPECT_EQ(bytes_of(windowed, serde), std::string("k\0\0\0\0\0\0\0\5", 9));
  EXPECT_EQ(round_trip(windowed, serde), windowed);
}

TEST(SessionWindowedSerde, WritesKeyThenEndThenStart) {
  const Serde<Windowed<std::string>> serde = SessionWindowedSerde<std::string>{};
  const Windowed<std::string> windowed{"k", {Timestamp(5), Timestamp(15)}};
  EXPECT_EQ(bytes_of(windowed, serde), std::string("k\0\0\0\0\0\0\0\x0f\0\0\0\0\0\0\0\5", 17));
  EXPECT_EQ(round_trip(windowed, serde), windowed);
}

struct Order {
  std::string id;
};
struct OrderSerde {
  Status serialize(const Order& order, std::string& out) const {
    out.append(order.id);
    return {};
  }
  Status deserialize(std::string_view bytes, Order& order) const {
    order.id = bytes;
    return {};
  }
};

TEST(Serde, TakesAnyTypeThatFitsTheConcept) {
  const Serde<Order> serde = OrderSerde{};
  EXPECT_EQ(round_trip(Order{"7"}, serde).id, "7");
}

}  // namespace
}  // namespace millstream
