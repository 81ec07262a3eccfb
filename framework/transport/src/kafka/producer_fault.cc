#include "producer_fault.h"

#include <array>
#include <string>
#include <utility>

namespace millstream::kafka {

namespace {

bool is_fencing(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
         code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

ProducerStatus fatal(std::string_view what, rd_kafka_resp_err_t code, std::string_view detail,
                     const Cluster& cluster, bool outlived) {
  const bool fenced = is_fencing(code) && !outlived;
  std::string text(detail);
  if (fenced) {
    text +=
        "; another process uses the same transactional id: does one run on a copy of this "
        "state directory?";
  } else if (is_fencing(code)) {
    text += "; the transaction was open for longer than transaction.timeout.ms";
  }
  return {fenced ? ProducerFault::kFenced : ProducerFault::kFatal, cluster.error(what, code, text)};
}

/// What a record that no retry will get through needs; empty: it may pass another time.
std::string_view remedy_of(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return "; raise the producer's message.max.bytes and the topic's max.message.bytes";
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return "; a compacted topic takes no record without a key";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "; give the application's user the right to write there";
    default:
      return {};
  }
}

}  // namespace

ProducerFault fault_of_lease(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return ProducerFault::kFenced;
    default:
      return ProducerFault::kAbort;
  }
}

ProducerStatus status_of(std::string_view what, const rd_kafka_error_t& error, rd_kafka_t* producer,
                         const Cluster& cluster, bool outlived) {
  std::array<char, 512> text{};
  const auto first_fatal = rd_kafka_fatal_error(producer, text.data(), text.size());
  if (first_fatal != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fatal(what, first_fatal, text.data(), cluster, outlived);
  }
  const rd_kafka_resp_err_t code = rd_kafka_error_code(&error);
  const std::string_view detail = rd_kafka_error_string(&error);
  if (rd_kafka_error_is_fatal(&error) != 0) return fatal(what, code, detail, cluster, outlived);
  Error cause = cluster.error(what, code, detail);
  if (const auto remedy = remedy_of(code); !remedy.empty()) {
    cause = Error::user(std::string(cause.message()).append(remedy));
  }
  return {fault_of_lease(code), std::move(cause)};
}

}  // namespace millstream::kafka
