#include "fetched.h"

#include <optional>

namespace millstream::kafka {

namespace {

std::optional<std::string_view> view_of(const void* bytes, std::size_t size) {
  if (bytes == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(bytes), size);
}

Timestamp timestamp_of(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  return Timestamp(rd_kafka_message_timestamp(&message, &type));
}

constexpr std::size_t kUsualSize = 1024;
constexpr std::size_t kPrefetchDistance = 8;

bool has_headers(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;  // belongs to the message
  return rd_kafka_message_headers(&message, &headers) == 0;
}

}  // namespace

MessageBatch::MessageBatch(TopicPartition partition) : partition_(std::move(partition)) {
  messages_.reserve(kUsualSize);
  records_.reserve(kUsualSize);
}

/// The messages have left the processor's caches since they were added.
MessageBatch::~MessageBatch() {
  for (std::size_t i = 0; i < messages_.size(); ++i) {
    if (i + kPrefetchDistance < messages_.size()) {
      __builtin_prefetch(messages_[i + kPrefetchDistance].get());
    }
    messages_[i].reset();
  }
}

void MessageBatch::add(MessagePtr message) {
  // Asked while the message is in the processor's caches anyway.
  any_headers_ = any_headers_ || has_headers(*message);
  records_.push_back({.offset = Offset{message->offset},
                      .timestamp = timestamp_of(*message),
                      .key = view_of(message->key, message->key_len),
                      .value = view_of(message->payload, message->len)});
  messages_.push_back(std::move(message));
}

Headers MessageBatch::headers(std::size_t i) const {
  Headers headers;
  if (!any_headers_) return headers;
  rd_kafka_headers_t* raw = nullptr;  // belongs to the message
  if (rd_kafka_message_headers(messages_.at(i).get(), &raw) != 0) return headers;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t k = 0; rd_kafka_header_get_all(raw, k, &name, &value, &size) == 0; ++k) {
    const auto bytes = view_of(value, size);
    headers.add(name, bytes ? std::optional<std::string>(*bytes) : std::nullopt);
  }
  return headers;
}

}  // namespace millstream::kafka
