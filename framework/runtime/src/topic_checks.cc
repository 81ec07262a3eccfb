#include "topic_checks.h"

#include <charconv>
#include <map>
#include <string>

namespace millstream {

namespace {

using Settings = std::map<std::string, std::string>;

std::string value_of(const Settings& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string() : found->second;
}

bool has_policy(const std::string& policies, std::string_view policy) {
  return policies.find(policy) != std::string::npos;
}

/// Milliseconds; -1, for ever, as the longest.
std::uint64_t retention_of(const std::string& text) {
  std::int64_t value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return static_cast<std::uint64_t>(value);
}

Error bad_policy(const NewTopic& topic, const std::string& found, std::string_view consequence) {
  return Error::user("internal topic " + topic.name + " has cleanup.policy=" + found +
                     ", under which " + std::string(consequence) + "; set it to " +
                     topic.config.at("cleanup.policy"));
}

}  // namespace

Status check_internal_topic(const NewTopic& wanted, Admin& admin, Logger& logger) {
  const auto settings = admin.topic_config(wanted.name);
  if (!settings) {
    logger.warning("the settings of an internal topic can't be checked",
                   {{"topic", wanted.name}, {"error", std::string(settings.error().message())}});
    return {};
  }
  const std::string found = value_of(*settings, "cleanup.policy");
  const std::string policy = value_of(wanted.config, "cleanup.policy");
  if (found.empty() || policy.empty()) return {};
  if (has_policy(policy, "compact") && !has_policy(found, "compact")) {
    return bad_policy(wanted, found, "the rows of a store would go with their age");
  }
  if (!has_policy(policy, "delete") && has_policy(found, "delete")) {
    return bad_policy(wanted, found, "the rows of a store would go with their age");
  }
  if (!has_policy(policy, "compact") && has_policy(found, "compact")) {
    return bad_policy(wanted, found, "only the last record of each key would be processed");
  }
  const std::string needed = value_of(wanted.config, "retention.ms");
  const std::string kept = value_of(*settings, "retention.ms");
  if (!needed.empty() && !kept.empty() && retention_of(kept) < retention_of(needed)) {
    logger.warning("an internal topic keeps its records shorter than the application needs them",
                   {{"topic", wanted.name}, {"retention.ms", kept}, {"needed", needed}});
  }
  return {};
}

void warn_about_durability(const StreamsConfig& config, const std::string& commits_topic,
                           Admin& admin, Logger& logger) {
  if (config.guarantee != ProcessingGuarantee::kExactlyOnceV2) return;
  if (config.replication_factor == 1) {
    logger.warning("replication.factor=1: a broker's lost disk loses what was committed");
  }
  const auto settings = admin.topic_config(commits_topic);
  if (!settings) return;
  if (value_of(*settings, "unclean.leader.election.enable") == "true") {
    logger.warning(
        "the broker may elect leaders that lack acknowledged records: exactly-once isn't kept then",
        {{"setting", "unclean.leader.election.enable=true"}, {"topic", commits_topic}});
  }
  if (config.replication_factor > 1 && value_of(*settings, "min.insync.replicas") == "1") {
    logger.warning(
        "the broker acknowledges what one replica has: its loss loses what was committed",
        {{"setting", "min.insync.replicas=1"}, {"topic", commits_topic}});
  }
}

}  // namespace millstream
