#include "producer_fault.h"

#include <array>

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
  return {fault_of_lease(code), cluster.error(what, code, detail)};
}

}  // namespace millstream::kafka
