#include "page_service.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>

#include "api_json.h"
#include "page_html.h"

namespace anomaly {

using Json = nlohmann::ordered_json;
using millstream::HttpAccess;
using millstream::HttpRequest;
using millstream::HttpResponse;
using millstream::KafkaStreams;
using millstream::ThreadMetadata;
using millstream::Timestamp;
using namespace std::chrono_literals;

namespace {

constexpr auto kSampleEvery = 1s;
constexpr std::size_t kUsualLimit = 50;
constexpr std::size_t kMostIncidents = 200;
/// Incidents that one event carries at most: a page needs no more to be up to date.
constexpr std::size_t kIncidentsAnEvent = 30;
constexpr std::int64_t kUsualGapMs = 2 * 3600 * 1000;

HttpResponse answer(const Json& json) {
  // Names of series come from outside: bytes that are no UTF-8 must not end in an exception.
  return HttpResponse::json(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

HttpResponse refusal(int status, const std::string& what) {
  HttpResponse response = answer({{"error", what}});
  response.status = status;
  return response;
}

std::size_t limit_of(const HttpRequest& request) {
  const std::string text = request.parameter("limit");
  std::size_t limit = kUsualLimit;
  std::from_chars(text.data(), text.data() + text.size(), limit);
  return std::min(limit, kMostIncidents);
}

/// Hosts and ports, without what an embedded log's path says of the machine.
std::string broker_name(const std::string& bootstrap) {
  return bootstrap.starts_with("embedded:") ? "built-in log" : bootstrap;
}

/// Nothing from elsewhere, no frames around it: what is inline is its own.
void protect(HttpResponse& page) {
  page.headers.emplace_back(
      "Content-Security-Policy",
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src "
      "'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  page.headers.emplace_back("Referrer-Policy", "no-referrer");
}

}  // namespace

LivePage::LivePage(const millstream::Config& config, millstream::Metrics& metrics,
                   const millstream::Clock& clock)
    : clock_(clock),
      metrics_(metrics),
      application_id_(config.get("application.id")),
      broker_(broker_name(config.get("bootstrap.servers"))),
      guarantee_(config.get("processing.guarantee")),
      started_at_(clock.now()),
      results_([&] {
        const auto gap =
            config.get_duration("anomaly.session.gap.ms", millstream::Duration(kUsualGapMs));
        return gap ? gap->count() : kUsualGapMs;
      }()),
      events_(std::make_shared<millstream::EventStream>()),
      sampler_(metrics) {}

LivePage::~LivePage() {
  events_->close();
  sampling_ = {};
}

void LivePage::start() {
  sampling_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void LivePage::set_phase(std::string phase) {
  const std::scoped_lock lock(mutex_);
  phase_ = std::move(phase);
}

void LivePage::set_services(std::vector<std::string> names) {
  const std::scoped_lock lock(mutex_);
  services_ = std::move(names);
}

void LivePage::set_detector(Detector detector) {
  const std::scoped_lock lock(mutex_);
  topology_json_ = detector.topology_json;
  detector_ = std::move(detector);
}

void LivePage::clear_detector() {
  const std::scoped_lock lock(mutex_);
  detector_.reset();
}

void LivePage::set_model(std::shared_ptr<const millstream::forest::Model> model,
                         Timestamp trained_at) {
  const auto info = [&](const millstream::forest::Model& one) -> millstream::Gauge& {
    return metrics_.gauge("anomaly_model_info", "1; the label says which model scores.",
                          {{"version", one.version()}});
  };
  if (model_) info(*model_).set(0);  // it was replaced; only who sets it changes it
  info(*model).set(1);
  metrics_.gauge("anomaly_model_trained_timestamp_seconds", "When the model's file was written.")
      .set(static_cast<double>(trained_at.ms()) / 1000);
  metrics_.gauge("anomaly_model_threshold", "Scores above it are anomalies.")
      .set(model->parts().threshold);
  const std::scoped_lock lock(mutex_);
  model_ = std::move(model);
  trained_at_ = trained_at;
}

bool LivePage::is_ready() const {
  const std::scoped_lock lock(mutex_);
  if (phase_ != "running") return false;
  return !detector_ || detector_->state() == KafkaStreams::State::kRunning;
}

std::vector<ThreadMetadata> LivePage::threads() const {
  const std::scoped_lock lock(mutex_);
  return detector_ ? detector_->threads() : std::vector<ThreadMetadata>();
}

void LivePage::run(const std::stop_token& stop) {
  std::mutex waiting;
  std::condition_variable_any woken;
  std::unique_lock lock(waiting);
  auto next = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    step();
    next += kSampleEvery;
    woken.wait_until(lock, stop, next, [] { return false; });
  }
}

void LivePage::step() {
  const std::vector<ThreadMetadata> now = threads();
  {
    const std::scoped_lock lock(mutex_);
    sampler_.step(now, clock_.now().ms());
  }
  // With nobody there, whoever comes next asks for everything anyway.
  if (events_->has_listeners()) publish(now);
}

void LivePage::publish(const std::vector<ThreadMetadata>& threads) {
  const auto send = [&](std::string_view name, const Json& json) {
    events_->publish(name, json.dump(-1, ' ', false, Json::error_handler_t::replace));
  };
  send("status", status());
  Json all = Json::array();
  for (const ThreadMetadata& thread : threads) all.push_back(json_of(thread));
  send("threads", all);
  send("rates", rates());
  const std::uint64_t version = results_.version();
  Json changed = Json::array();
  for (const auto& one : results_.incidents(kIncidentsAnEvent, {}, incidents_told_)) {
    changed.push_back(json_of(one));
  }
  incidents_told_ = version;
  if (!changed.empty()) send("anomalies", changed);
}

Json LivePage::status() const {
  const std::scoped_lock lock(mutex_);
  Json json = {{"application_id", application_id_},
               {"version", MILLSTREAM_VERSION},
               {"services", services_},
               {"phase", phase_},
               {"state", detector_ ? Json(to_string(detector_->state())) : Json()},
               {"broker", broker_},
               {"guarantee", guarantee_},
               {"started_ms", started_at_.ms()},
               {"now_ms", clock_.now().ms()},
               {"model", model_ ? json_of(*model_) : Json()}};
  if (model_ && trained_at_.is_valid()) json["model"]["trained_at_ms"] = trained_at_.ms();
  json["totals"] = json_of(sampler_.totals());
  if (!sampler_.samples().empty()) {
    const Sample& last = sampler_.samples().back();
    json["records_per_second"] = last.records_per_second;
    json["lag"] = last.lag;
    json["restore_remaining"] = last.restore_remaining;
    json["latency"] = {{"end_to_end", json_of(last.end_to_end)},
                       {"commit", json_of(last.commit)},
                       {"process", json_of(last.process)}};
    json["sample"] = json_of(last);
  }
  return json;
}

Json LivePage::history() const {
  const std::scoped_lock lock(mutex_);
  Json rows = Json::array();
  for (const Sample& sample : sampler_.samples()) rows.push_back(json_of(sample));
  return {{"interval_ms", 1000}, {"fields", sample_fields()}, {"samples", std::move(rows)}};
}

Json LivePage::threads_json() const {
  Json all = Json::array();
  for (const ThreadMetadata& thread : threads()) all.push_back(json_of(thread));
  return all;
}

Json LivePage::topology() const {
  const std::scoped_lock lock(mutex_);
  if (topology_json_.empty()) return {{"subtopologies", Json::array()}};
  return Json::parse(topology_json_);
}

Json LivePage::rates() const {
  const std::vector<ThreadMetadata> now = threads();
  const std::scoped_lock lock(mutex_);
  return rates_json(sampler_, now);
}

Json LivePage::incidents(std::size_t limit, const std::string& series) const {
  Json all = Json::array();
  for (const auto& one : results_.incidents(limit, series)) all.push_back(json_of(one));
  return all;
}

void LivePage::add_routes(millstream::HttpServer& server) {
  server.health([this] { return is_ready(); });
  const auto page = [](const HttpRequest&) {
    HttpResponse response = HttpResponse::html(std::string(page_html()));
    protect(response);
    return response;
  };
  server.get("/", page, HttpAccess::kPublic);
  server.get("/api/v1", [](const HttpRequest&) {
    return answer({{"documents",
                    {"status", "history", "threads", "topology", "rates", "anomalies", "alerts",
                     "series", "series/{name}", "events"}}});
  });
  server.get("/api/v1/status", [this](const HttpRequest&) { return answer(status()); });
  server.get("/api/v1/history", [this](const HttpRequest&) { return answer(history()); });
  server.get("/api/v1/threads", [this](const HttpRequest&) { return answer(threads_json()); });
  server.get("/api/v1/topology", [this](const HttpRequest&) { return answer(topology()); });
  server.get("/api/v1/rates", [this](const HttpRequest&) { return answer(rates()); });
  server.events("/api/v1/events", events_);
  add_lists(server);
}

void LivePage::add_lists(millstream::HttpServer& server) {
  server.get("/api/v1/anomalies", [this](const HttpRequest& request) {
    return answer(incidents(limit_of(request), request.parameter("series")));
  });
  server.get("/api/v1/alerts", [this](const HttpRequest& request) {
    Json all = Json::array();
    for (const auto& alert : results_.alerts(limit_of(request))) all.push_back(json_of(alert));
    return answer(all);
  });
  server.get("/api/v1/series",
             [this](const HttpRequest&) { return answer(Json(results_.series())); });
  server.get("/api/v1/series/*", [this](const HttpRequest& request) {
    const auto points = results_.points(request.rest);
    if (points.empty()) return refusal(404, "no scores of the series " + request.rest + " yet");
    return answer({{"series", request.rest},
                   {"fields", {"time_ms", "value", "score", "anomaly"}},
                   {"points", json_of(points)}});
  });
}

}  // namespace anomaly
