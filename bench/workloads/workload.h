#pragma once

#include <millstream/core/big_endian.h>
#include <millstream/core/serdes.h>
#include <millstream/operators/streams_builder.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

// The seven workloads of the benchmark beside Kafka Streams, each as a user would write it. Their
// input: 100 bytes a record, big endian: a number (8), an amount as a double (8), filler (84).

namespace workload {

using millstream::StreamsBuilder;

/// The topics of a run.
struct Topics {
  std::string input;
  std::string input2;
  std::string table;
  std::string output;
};

/// Stateless: three quarters of the records pass, with twice the amount.
void w1(StreamsBuilder& builder, const Topics& topics);
/// Count per key.
void w2(StreamsBuilder& builder, const Topics& topics);
/// Statistics per key and minute, 10 s of grace.
void w3(StreamsBuilder& builder, const Topics& topics);
/// The same in windows of ten minutes, one beginning every minute.
void w4(StreamsBuilder& builder, const Topics& topics);
/// The same per session: a gap of 10 s, 10 s of grace.
void w5(StreamsBuilder& builder, const Topics& topics);
/// A stream joined with a table.
void w6(StreamsBuilder& builder, const Topics& topics);
/// Two streams joined within 5 s, 5 s of grace.
void w7(StreamsBuilder& builder, const Topics& topics);

constexpr std::size_t kAmountOffset = 8;

inline double amount(std::string_view value) {
  return std::bit_cast<double>(millstream::read_big_endian<std::uint64_t>(value, kAmountOffset));
}

/// Count, sum, sum of squares, least and greatest of amounts.
struct Statistics {
  std::int64_t count = 0;
  double sum = 0;
  double squares = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();

  void add(double x);
  static Statistics merged(const Statistics& a, const Statistics& b);
};

}  // namespace workload

namespace millstream {

/// 40 bytes: the fields in their order, big endian.
template <>
struct DefaultSerde<workload::Statistics> {
  Status serialize(const workload::Statistics& value, std::string& out) const;
  Status deserialize(std::string_view bytes, workload::Statistics& out) const;
};

}  // namespace millstream
