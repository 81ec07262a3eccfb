#include <millstream/runtime/streams_config.h>

#include <algorithm>
#include <array>

namespace millstream {

namespace {

constexpr std::array kNames = std::to_array<std::string_view>({
    "application.id",
    "bootstrap.servers",
    "state.dir",
    "processing.guarantee",
    "commit.interval.ms",
    "num.stream.threads",
    "max.task.idle.ms",
    "statestore.cache.max.bytes",
    "millstream.memory.bytes",
    "buffered.records.per.partition",
    "replication.factor",
    "auto.offset.reset",
    "group.instance.id",
    "session.timeout.ms",
    "transaction.timeout.ms",
    "millstream.commit.idle.interval.ms",
    "millstream.offsets.refresh.ms",
    "repartition.purge.interval.ms",
    "state.cleanup.delay.ms",
    "deserialization.exception.handler",
    "processing.exception.handler",
    "production.exception.handler",
    "default.deserialization.exception.handler",
    "default.production.exception.handler",
    "default.timestamp.extractor",
    "errors.dead.letter.queue.topic.name",
    "millstream.rejected.topic",
    "topology.optimization",
    "ensure.explicit.internal.resource.naming",
});

/// Settings without which the commit protocol would not be true, and why.
struct Pinned {
  std::string_view name;
  std::string_view why;
};
constexpr std::array<Pinned, 7> kPinned = {{
    {"isolation.level", "state must never be built from aborted records"},
    {"enable.auto.commit", "offsets are committed with the state"},
    {"enable.idempotence", "a repeated request must not repeat records"},
    {"acks", "a commit must not be lost with one broker"},
    {"transactional.id", "it is made from application.id, so that instances fence themselves only"},
    {"group.id", "it is application.id"},
    {"enable.auto.offset.store", "offsets are committed with the state"},
}};

bool valid_application_id(std::string_view id) {
  return !id.empty() && id.size() <= 200 && id != "." && id != ".." &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

Status read_handler(const Config& config, std::string_view name, HandlerResponse& out) {
  // Kafka Streams' older names; processing.exception.handler never had one.
  const std::string older = "default." + std::string(name);
  const std::string text = config.get(name, config.get(older, "fail"));
  if (text == "fail") {
    out = HandlerResponse::kFail;
  } else if (text == "continue") {
    out = HandlerResponse::kContinue;
  } else if (text == "dead-letter") {
    out = HandlerResponse::kDeadLetter;
  } else {
    return Error::user("setting " + std::string(name) + ": \"" + text +
                       "\" is none of fail, continue, dead-letter");
  }
  return {};
}

template <class T>
Status read_int(const Config& config, std::string_view name, std::int64_t least, T& out) {
  const auto value = config.get_int(name, static_cast<std::int64_t>(out));
  if (!value) return value.error();
  if (*value < least) {
    return Error::user("setting " + std::string(name) + ": " + std::to_string(*value) +
                       " is below " + std::to_string(least));
  }
  out = static_cast<T>(*value);
  return {};
}

Status read_duration(const Config& config, std::string_view name, std::int64_t least,
                     Duration& out) {
  std::int64_t ms = out.count();
  MILLSTREAM_TRY(read_int(config, name, least, ms));
  out = Duration(ms);
  return {};
}

Status read_guarantee(const Config& config, StreamsConfig& out) {
  const std::string text = config.get("processing.guarantee", "at_least_once");
  if (text == "exactly_once_v2") {
    out.guarantee = ProcessingGuarantee::kExactlyOnceV2;
    out.commit_interval = Duration(100);
  } else if (text != "at_least_once") {
    return Error::user("setting processing.guarantee: \"" + text +
                       "\" is none of at_least_once, exactly_once_v2");
  }
  return {};
}

Status read_numbers(const Config& config, StreamsConfig& out) {
  MILLSTREAM_TRY(read_duration(config, "commit.interval.ms", 0, out.commit_interval));
  out.idle_commit_interval = out.commit_interval / 10;
  MILLSTREAM_TRY(
      read_duration(config, "millstream.commit.idle.interval.ms", 0, out.idle_commit_interval));
  MILLSTREAM_TRY(read_int(config, "num.stream.threads", 1, out.threads));
  MILLSTREAM_TRY(read_duration(config, "max.task.idle.ms", -1, out.max_task_idle));
  MILLSTREAM_TRY(read_int(config, "statestore.cache.max.bytes", 0, out.cache_bytes));
  MILLSTREAM_TRY(read_int(config, "millstream.memory.bytes", 16 << 20, out.memory_bytes));
  MILLSTREAM_TRY(read_int(config, "buffered.records.per.partition", 1, out.buffered_records));
  MILLSTREAM_TRY(read_int(config, "replication.factor", -1, out.replication_factor));
  MILLSTREAM_TRY(read_duration(config, "session.timeout.ms", 1, out.session_timeout));
  MILLSTREAM_TRY(read_duration(config, "transaction.timeout.ms", 1000, out.transaction_timeout));
  MILLSTREAM_TRY(read_duration(config, "repartition.purge.interval.ms", 1, out.purge_interval));
  MILLSTREAM_TRY(read_duration(config, "state.cleanup.delay.ms", 0, out.state_cleanup_delay));
  return read_duration(config, "millstream.offsets.refresh.ms", 1000, out.offsets_refresh);
}

Status read_timestamp_extractor(const Config& config, StreamsConfig& out) {
  const std::string text = config.get("default.timestamp.extractor", "fail");
  if (text == "log-and-skip") {
    out.timestamp_extractor = DefaultTimestampExtractor::kLogAndSkip;
  } else if (text == "partition-time") {
    out.timestamp_extractor = DefaultTimestampExtractor::kUsePartitionTime;
  } else if (text == "wall-clock") {
    out.timestamp_extractor = DefaultTimestampExtractor::kWallClock;
  } else if (text != "fail") {
    return Error::user("setting default.timestamp.extractor: \"" + text +
                       "\" is none of fail, log-and-skip, partition-time, wall-clock; own " +
                       "extractors go into Consumed");
  }
  return {};
}

Status read_handlers(const Config& config, StreamsConfig& out) {
  MILLSTREAM_TRY(
      read_handler(config, "deserialization.exception.handler", out.on_deserialization_error));
  MILLSTREAM_TRY(read_handler(config, "processing.exception.handler", out.on_processing_error));
  MILLSTREAM_TRY(read_handler(config, "production.exception.handler", out.on_production_error));
  out.dead_letter_topic = config.get("errors.dead.letter.queue.topic.name");
  out.rejected_topic = config.get("millstream.rejected.topic");
  const bool wants_dead_letters = out.on_deserialization_error == HandlerResponse::kDeadLetter ||
                                  out.on_processing_error == HandlerResponse::kDeadLetter ||
                                  out.on_production_error == HandlerResponse::kDeadLetter;
  if (wants_dead_letters && out.dead_letter_topic.empty()) {
    return Error::user(
        "an exception handler says dead-letter, but errors.dead.letter.queue.topic.name names no "
        "topic");
  }
  return {};
}

}  // namespace

Result<StreamsConfig> StreamsConfig::from(const Config& config) {
  StreamsConfig out;
  out.all = config;
  for (const Pinned& pinned : kPinned) {
    if (config.contains(pinned.name)) {
      return Error::user("setting " + std::string(pinned.name) +
                         " can't be changed: " + std::string(pinned.why) + "; remove it");
    }
  }
  out.application_id = config.get("application.id");
  if (!valid_application_id(out.application_id)) {
    return Error::user("setting application.id: \"" + out.application_id +
                       "\" must be 1 to 200 of letters, digits, '.', '_' and '-'");
  }
  out.state_dir = config.get("state.dir", "/tmp/millstream");
  out.bootstrap_servers = config.get("bootstrap.servers", "embedded:" + out.state_dir + "/broker");
  out.group_instance_id = config.get("group.instance.id");
  out.auto_offset_reset = config.get("auto.offset.reset", "earliest");
  if (out.auto_offset_reset != "earliest" && out.auto_offset_reset != "latest") {
    return Error::user("setting auto.offset.reset: \"" + out.auto_offset_reset +
                       "\" is none of earliest, latest");
  }
  MILLSTREAM_TRY(read_guarantee(config, out));
  MILLSTREAM_TRY(read_numbers(config, out));
  MILLSTREAM_TRY(read_handlers(config, out));
  MILLSTREAM_TRY(read_timestamp_extractor(config, out));
  return out;
}

std::span<const std::string_view> streams_setting_names() { return kNames; }

}  // namespace millstream
