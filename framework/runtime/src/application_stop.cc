#include "application_stop.h"

#include "runtime_services.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

namespace millstream {

namespace {

constexpr Duration kLookEvery{1000};
/// Brokers take 4 KiB beside an offset.
constexpr std::size_t kLongestReason = 1000;
constexpr std::string_view kStop = "stop ";

TopicPartition noted_at(const RuntimeServices& services) {
  return {services.plan.coordination_topic, 0};
}

}  // namespace

Status ApplicationStop::request(const std::string& reason) const {
  const std::string note = std::string(kStop) + std::to_string(services_->clock->now().ms()) + " " +
                           reason.substr(0, kLongestReason);
  const OffsetsByPartition offsets{{noted_at(*services_), {Offset{0}, note}}};
  const ProducerStatus noted =
      services_->membership->commit_offsets(offsets, services_->membership->lease());
  return noted ? Status() : noted.error;
}

bool ApplicationStop::due(Timestamp now) const { return looked_ + kLookEvery <= now; }

std::optional<std::string> ApplicationStop::look(Timestamp now) {
  looked_ = now;
  const std::vector<TopicPartition> where{noted_at(*services_)};
  const auto offsets =
      services_->broker->admin().committed_offsets(services_->config.application_id, where);
  if (!offsets || offsets->empty()) return std::nullopt;
  std::string_view note = offsets->begin()->second.metadata;
  if (!note.starts_with(kStop)) return std::nullopt;
  note.remove_prefix(kStop.size());
  std::int64_t asked = 0;
  const auto parsed = std::from_chars(note.data(), note.data() + note.size(), asked);
  if (parsed.ec != std::errc() || Timestamp(asked) < began_) return std::nullopt;
  note.remove_prefix(static_cast<std::size_t>(parsed.ptr - note.data()));
  return std::string(note.substr(std::min<std::size_t>(1, note.size())));
}

}  // namespace millstream
