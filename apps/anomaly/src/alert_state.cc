#include "alert_state.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace anomaly {

using millstream::Error;
using millstream::Offset;
using millstream::Result;
using millstream::Timestamp;
using nlohmann::json;

namespace {

constexpr int kVersion = 1;

json write(const AlertNotice& notice) {
  json recent = json::array();
  for (const AlertPoint& point : notice.recent) recent.push_back({point.time.ms(), point.value});
  return {{"id", notice.id},
          {"series", notice.series},
          {"start", notice.start.ms()},
          {"end", notice.end.ms()},
          {"peak_time", notice.peak_time.ms()},
          {"peak_score", notice.peak_score},
          {"peak_value", notice.peak_value},
          {"peak_expected", notice.peak_expected},
          {"threshold", notice.threshold},
          {"count", notice.count},
          {"explanation", notice.explanation},
          {"recent", std::move(recent)},
          {"labels", notice.labels}};
}

/// JSON has no NaN and no infinity: they are written as null.
double number(const json& value) { return value.is_null() ? 0 : value.get<double>(); }
Timestamp time(const json& value) { return Timestamp(value.get<std::int64_t>()); }

AlertNotice read_notice(const json& in) {
  AlertNotice notice{.id = in.at("id"),
                     .series = in.at("series"),
                     .start = time(in.at("start")),
                     .end = time(in.at("end")),
                     .peak_time = time(in.at("peak_time")),
                     .peak_score = number(in.at("peak_score")),
                     .peak_value = number(in.at("peak_value")),
                     .peak_expected = number(in.at("peak_expected")),
                     .threshold = number(in.at("threshold")),
                     .count = in.at("count"),
                     .explanation = in.at("explanation"),
                     .labels = in.at("labels")};
  for (const json& point : in.at("recent")) {
    notice.recent.push_back({time(point.at(0)), number(point.at(1))});
  }
  return notice;
}

json write(const AlertBatcher::Group& group) {
  json waiting = json::array();
  for (const auto& [id, one] : group.waiting) {
    waiting.push_back({{"notice", write(one.notice)}, {"not_before", one.not_before.ms()}});
  }
  return {{"name", group.name},
          {"opens", group.opens.ms()},
          {"last_batch", group.last_batch.ms()},
          {"waiting", std::move(waiting)}};
}

AlertBatcher::Group read_group(const json& in) {
  AlertBatcher::Group group{.name = in.at("name"),
                            .opens = time(in.at("opens")),
                            .last_batch = time(in.at("last_batch"))};
  for (const json& one : in.at("waiting")) {
    AlertNotice notice = read_notice(one.at("notice"));
    std::string id = notice.id;
    group.waiting.emplace(std::move(id),
                          AlertBatcher::Waiting{std::move(notice), time(one.at("not_before"))});
  }
  return group;
}

json write(const AlertBatcher::State& state) {
  json groups = json::object();
  for (const auto& [key, group] : state.groups) groups[key] = write(group);
  json told = json::object();
  for (const auto& [id, one] : state.told) {
    told[id] = {one.when.ms(), one.end.ms(), one.count, one.peak_score};
  }
  json batches = json::array();
  for (const Timestamp when : state.batches) batches.push_back(when.ms());
  return {
      {"groups", std::move(groups)}, {"told", std::move(told)}, {"batches", std::move(batches)}};
}

AlertBatcher::State read_batcher(const json& in) {
  AlertBatcher::State state;
  for (const auto& [key, group] : in.at("groups").items()) {
    state.groups.emplace(key, read_group(group));
  }
  for (const auto& [id, one] : in.at("told").items()) {
    state.told.emplace(
        id, AlertBatcher::Told{time(one.at(0)), time(one.at(1)), one.at(2), number(one.at(3))});
  }
  for (const json& when : in.at("batches")) state.batches.push_back(time(when));
  return state;
}

json write(const OutgoingMail& mail) {
  json alerts = json::array();
  for (const AlertNotice& notice : mail.digest.alerts) alerts.push_back(write(notice));
  return {{"message_id", mail.digest.message_id},
          {"thread_id", mail.digest.thread_id},
          {"group", mail.digest.group},
          {"date", mail.digest.date.ms()},
          {"refusals", mail.refusals},
          {"alerts", std::move(alerts)}};
}

OutgoingMail read_mail(const json& in) {
  OutgoingMail mail{.digest = {.message_id = in.at("message_id"),
                               .thread_id = in.at("thread_id"),
                               .group = in.at("group"),
                               .date = time(in.at("date"))},
                    .refusals = in.at("refusals")};
  for (const json& notice : in.at("alerts")) mail.digest.alerts.push_back(read_notice(notice));
  return mail;
}

}  // namespace

std::string to_json(const AlertState& state) {
  json outbox = json::array();
  for (const OutgoingMail& mail : state.outbox) outbox.push_back(write(mail));
  json positions = json::object();
  for (const auto& [source, offset] : state.positions) {
    positions[source] = millstream::to_int(offset);
  }
  const json all{{"version", kVersion},
                 {"batcher", write(state.batcher)},
                 {"outbox", std::move(outbox)},
                 {"positions", std::move(positions)}};
  return all.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<AlertState> parse_alert_state(std::string_view text) {
  try {
    const json all = json::parse(text);
    if (all.at("version") != kVersion) return Error::data("it has another version");
    AlertState state{.batcher = read_batcher(all.at("batcher"))};
    for (const json& mail : all.at("outbox")) state.outbox.push_back(read_mail(mail));
    for (const auto& [source, offset] : all.at("positions").items()) {
      state.positions.emplace(source, Offset{offset.get<std::int64_t>()});
    }
    return state;
  } catch (const json::exception& exception) {
    return Error::data(exception.what());
  }
}

Result<AlertState> load_alert_state(const std::filesystem::path& file) {
  std::error_code code;
  if (!std::filesystem::exists(file, code) && !code) return AlertState();
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error::machine("cannot read " + file.string() + ": may this user?");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  auto state = parse_alert_state(text);
  if (state) return state;
  return Error::machine(file.string() + " is no state of the alert service (" +
                        std::string(state.error().message()) +
                        "): move it away; alerts may then be mailed again");
}

}  // namespace anomaly
