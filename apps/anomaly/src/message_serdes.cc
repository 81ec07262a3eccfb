#include "message_serdes.h"

#include <fmt/format.h>

#include <cmath>

#include "json_format.h"
#include "protobuf_format.h"

namespace anomaly {

using millstream::Error;
using millstream::Result;
using millstream::Status;

Error ProtobufFormat::damaged(std::string_view message, std::uint32_t field) {
  if (field == 0) return Error::data(fmt::format("the bytes are no Protobuf {}", message));
  return Error::data(
      fmt::format("the bytes are no Protobuf {}: damaged at field {}", message, field));
}

Error ProtobufFormat::missing(std::string_view message, std::string_view field) {
  return Error::data(fmt::format("the {} has no {}", message, field));
}

Result<Format> parse_format(std::string_view text) {
  if (text == "protobuf") return Format::kProtobuf;
  if (text == "json") return Format::kJson;
  return Error::user(fmt::format("format \"{}\" is neither protobuf nor json", text));
}

namespace {

Status check_series(std::string_view series) {
  if (series.empty()) return Error::data("the series' name is empty");
  return {};
}

Status check_time(std::string_view field, std::int64_t ms) {
  if (ms < 0) return Error::data(fmt::format("{} is negative: {}", field, ms));
  return {};
}

Status check_number(std::string_view field, double number) {
  if (!std::isfinite(number)) {
    return Error::data(fmt::format("{} is {}, not a finite number", field, number));
  }
  return {};
}

}  // namespace

Status check(const Metric& metric) {
  MILLSTREAM_TRY(check_series(metric.series));
  MILLSTREAM_TRY(check_time("timestamp_ms", metric.timestamp_ms));
  return check_number("value", metric.value);
}

Status check(const Score& score) {
  MILLSTREAM_TRY(check_series(score.series));
  MILLSTREAM_TRY(check_time("timestamp_ms", score.timestamp_ms));
  MILLSTREAM_TRY(check_number("value", score.value));
  MILLSTREAM_TRY(check_number("score", score.score));
  return check_number("threshold", score.threshold);
}

Status check(const Alert& alert) {
  MILLSTREAM_TRY(check_series(alert.series));
  MILLSTREAM_TRY(check_time("start_ms", alert.start_ms));
  MILLSTREAM_TRY(check_time("end_ms", alert.end_ms));
  return check_number("peak_score", alert.peak_score);
}

template <class M>
Status MessageSerde<M>::serialize(const M& message, std::string& out) const {
  MILLSTREAM_TRY(check(message));
  if (format_ == Format::kJson) {
    JsonFormat::write(message, out);
  } else {
    ProtobufFormat::write(message, out);
  }
  return {};
}

template <class M>
Status MessageSerde<M>::deserialize(std::string_view bytes, M& message) const {
  MILLSTREAM_TRY(format_ == Format::kJson ? JsonFormat::read(bytes, message)
                                          : ProtobufFormat::read(bytes, message));
  return check(message);
}

template class MessageSerde<Metric>;
template class MessageSerde<Score>;
template class MessageSerde<Alert>;

}  // namespace anomaly
