#include "producer_client.h"

#include <algorithm>
#include <array>

#include "timeout.h"

namespace millstream::kafka {

namespace {

SettingList defaults_for(const ProducerOptions& options) {
  return {{"linger.ms", std::to_string(options.linger.count())},
          {"retry.backoff.ms", "10"},  // 17 to 30 ms a transaction instead of 103
          {"queue.buffering.max.messages", "500000"},
          {"queue.buffering.max.kbytes", "131072"}};
}

SettingList own_for(const ProducerOptions& options) {
  SettingList own{{"client.id", options.client_id.empty() ? "millstream" : options.client_id},
                  {"enable.idempotence", "true"},
                  {"acks", "all"},
                  {"partitioner", "murmur2_random"},
                  {"delivery.report.only.error", "false"}};
  if (!options.transactional_id.empty()) {
    own.emplace_back("transactional.id", options.transactional_id);
    own.emplace_back("transaction.timeout.ms", std::to_string(options.transaction_timeout.count()));
  }
  return own;
}

HeadersPtr headers_of(const Headers& headers) {
  HeadersPtr list(rd_kafka_headers_new(headers.size()));
  for (const Header& header : headers) {
    const void* value = header.value ? header.value->data() : nullptr;
    const auto size = static_cast<ssize_t>(header.value ? header.value->size() : 0);
    rd_kafka_header_add(list.get(), header.name.data(), static_cast<ssize_t>(header.name.size()),
                        value, size);
  }
  return list;
}

/// librdkafka reads 0 as "now": the first millisecond of 1970 is written as the second one.
std::int64_t timestamp_for(Timestamp timestamp) {
  if (!timestamp.is_valid()) return 0;
  return std::max<std::int64_t>(timestamp.ms(), 1);
}

/// A record's fields as rd_kafka_produceva takes them, on the stack.
class Fields {
 public:
  rd_kafka_vu_t& next(rd_kafka_vtype_t type) {
    rd_kafka_vu_t& field = fields_[count_++];
    field.vtype = type;
    return field;
  }
  void bytes(rd_kafka_vtype_t type, const std::optional<std::string_view>& bytes) {
    rd_kafka_vu_t& field = next(type);
    // Null and empty differ; an empty view may have no data.
    const char* data = !bytes ? nullptr : bytes->data() != nullptr ? bytes->data() : "";
    field.u.mem.ptr = const_cast<char*>(data);  // NOLINT: only read, it is copied
    field.u.mem.size = bytes ? bytes->size() : 0;
  }
  [[nodiscard]] const rd_kafka_vu_t* data() const { return fields_.data(); }
  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  std::array<rd_kafka_vu_t, 8> fields_;  // NOLINT: filled as far as counted
  std::size_t count_ = 0;
};

}  // namespace

Result<std::unique_ptr<ProducerClient>> ProducerClient::open(const Settings& settings,
                                                             Cluster& cluster,
                                                             const ProducerOptions& options) {
  auto client = std::make_unique<ProducerClient>(cluster);
  MILLSTREAM_TRY(client->start(settings, options));
  return client;
}

Status ProducerClient::start(const Settings& settings, const ProducerOptions& options) {
  auto conf = settings.conf(Role::kProducer, defaults_for(options), own_for(options));
  if (!conf) return conf.error();
  auto client = make_client(RD_KAFKA_PRODUCER, std::move(*conf), *this);
  if (!client) return client.error();
  client_ = std::move(*client);
  return {};
}

ProducerClient::Topics::value_type* ProducerClient::topic_of(std::string_view name) {
  if (last_ != nullptr && last_->first == name) return last_;
  const std::string key(name);
  auto it = topics_.find(key);
  if (it == topics_.end()) {
    TopicPtr handle(rd_kafka_topic_new(client_.get(), key.c_str(), nullptr));
    if (handle == nullptr) return nullptr;
    it = topics_.emplace(key, Topic{std::move(handle), {}}).first;
  }
  return last_ = &*it;
}

ErrorPtr ProducerClient::produce(const OutgoingRecord& record) {
  auto* topic = topic_of(record.topic);
  if (topic == nullptr)
    return ErrorPtr(rd_kafka_error_new(rd_kafka_last_error(), "bad topic name"));
  Fields fields;
  fields.next(RD_KAFKA_VTYPE_RKT).u.rkt = topic->second.handle.get();
  fields.next(RD_KAFKA_VTYPE_PARTITION).u.i32 = record.partition.value_or(RD_KAFKA_PARTITION_UA);
  fields.next(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  fields.bytes(RD_KAFKA_VTYPE_KEY, record.key);
  fields.bytes(RD_KAFKA_VTYPE_VALUE, record.value);
  fields.next(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = timestamp_for(record.timestamp);
  fields.next(RD_KAFKA_VTYPE_OPAQUE).u.ptr = &topic->second;
  HeadersPtr headers;
  if (record.headers != nullptr && !record.headers->empty()) {
    headers = headers_of(*record.headers);
    fields.next(RD_KAFKA_VTYPE_HEADERS).u.headers = headers.get();
  }
  ErrorPtr error(rd_kafka_produceva(client_.get(), fields.data(), fields.size()));
  if (error == nullptr) static_cast<void>(headers.release());  // the message's now
  return error;
}

void ProducerClient::serve(Duration timeout) const {
  rd_kafka_poll(client_.get(), timeout_ms(timeout));
}

void ProducerClient::begin() {
  guard_.reset();
  fault_.reset();
  for (auto& [name, topic] : topics_) std::fill(topic.ends.begin(), topic.ends.end(), -1);
}

void ProducerClient::on_delivery(const rd_kafka_message_t& message) noexcept {
  try {
    // A success without an offset (a duplicate whose answer was lost): where it ended isn't known.
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR && message.offset >= 0) {
      note_end(*static_cast<Topic*>(message._private), message);
    } else if (!fault_) {
      const auto code = message.err != 0 ? message.err : RD_KAFKA_RESP_ERR__NO_OFFSET;
      fault_ = DeliveryFault{code, {rd_kafka_topic_name(message.rkt), message.partition}};
    }
  } catch (...) {  // out of memory: must not cross the C callback, must not be taken for success
    fault_.emplace(DeliveryFault{RD_KAFKA_RESP_ERR__FAIL, {}});
  }
}

void ProducerClient::note_end(Topic& topic, const rd_kafka_message_t& message) {
  const auto index = static_cast<std::size_t>(message.partition);
  if (topic.ends.size() <= index) topic.ends.resize(index + 1, -1);
  topic.ends[index] = std::max(topic.ends[index], message.offset + 1);
}

Offset ProducerClient::end_written(const TopicPartition& partition) const {
  const auto it = topics_.find(partition.topic);
  const auto index = static_cast<std::size_t>(partition.partition);
  if (it == topics_.end() || index >= it->second.ends.size()) return Offset::kNone;
  return Offset{it->second.ends[index]};
}

}  // namespace millstream::kafka
