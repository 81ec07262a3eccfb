#include "redis_stream_reader.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace anomaly {

using millstream::Error;
using millstream::Offset;
using millstream::PartitionId;
using millstream::Result;

namespace {

bool parse_number(std::string_view text, std::int64_t& into) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), into);
  return code == std::errc() && end == text.data() + text.size();
}

Result<RedisStreamEntry> to_entry(const RedisReply& reply) {
  const Error fault = Error::data("a Redis stream holds an entry that no sink wrote");
  if (reply.elements.size() != 2) return fault;
  const std::string_view id = reply.elements[0].text;
  std::map<std::string_view, std::string_view> fields;
  const auto& words = reply.elements[1].elements;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) fields[words[i].text] = words[i + 1].text;
  std::int64_t offset = 0;
  std::int64_t timestamp = 0;
  if (!parse_number(id.substr(0, id.find('-')), offset) ||
      !parse_number(fields["timestamp"], timestamp)) {
    return fault;
  }
  return RedisStreamEntry{Offset{offset}, std::string(fields["series"]),
                          millstream::Timestamp(timestamp), std::string(fields["json"])};
}

}  // namespace

Result<std::vector<RedisStreamEntry>> RedisStreamReader::read(PartitionId partition, Offset from,
                                                              std::size_t limit) {
  const std::string key = prefix_ + "stream:" + topic_ + ":" + std::to_string(partition);
  const std::string first = std::to_string(std::max<std::int64_t>(0, millstream::to_int(from)));
  const std::string count = std::to_string(limit);
  const auto reply = redis_.command({"XRANGE", key, first, "+", "COUNT", count});
  if (!reply) return reply.error();
  if (reply->is_error()) return Error::machine("Redis: " + reply->text);
  std::vector<RedisStreamEntry> entries;
  for (const RedisReply& element : reply->elements) {
    auto entry = to_entry(element);
    if (!entry) return entry.error().within(key);
    entries.push_back(std::move(*entry));
  }
  return entries;
}

Result<std::vector<PartitionId>> RedisStreamReader::partitions() {
  std::vector<PartitionId> found;
  for (PartitionId partition = 0;; ++partition) {
    const auto mark =
        redis_.command({"EXISTS", prefix_ + "mark:" + topic_ + ":" + std::to_string(partition)});
    if (!mark) return mark.error();
    if (mark->integer == 0) return found;
    found.push_back(partition);
  }
}

RedisSubscription::RedisSubscription(RedisOptions options, std::string channel)
    : client_(std::move(options)), channel_(std::move(channel)) {}

Result<bool> RedisSubscription::wait(millstream::Duration timeout) {
  if (!client_.connected()) {
    const auto subscribed = client_.command({"SUBSCRIBE", channel_});
    if (!subscribed) return subscribed.error();
    return true;
  }
  const auto message = client_.receive(timeout);
  if (!message) return message.error();
  return !message->is_nil();
}

}  // namespace anomaly
