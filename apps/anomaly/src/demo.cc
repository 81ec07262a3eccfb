#include "demo.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "alert_file.h"
#include "demo_figures.h"
#include "demo_mails.h"
#include "demo_summary.h"
#include "folder_lock.h"
#include "log_file.h"
#include "pipeline.h"
#include "project_data.h"
#include "report.h"
#include "text_format.h"
#include "training_step.h"

namespace anomaly {

using millstream::Config;
using millstream::Error;
using millstream::Result;
using millstream::Status;
using millstream::forest::Model;

namespace {

/// One run of the demo, its steps in order.
class Demo {
 public:
  Demo(const DemoOptions& options, CommandContext& context, Terminal& terminal)
      : options_(options), folder_(options.folder), context_(context), terminal_(terminal) {}

  Status run() {
    const auto lock = FolderLock::take(folder_.root);
    if (!lock) return lock.error();
    if (options_.fresh) MILLSTREAM_TRY(drop_state(folder_));
    MILLSTREAM_TRY(load_data());
    MILLSTREAM_TRY(train_model());
    MILLSTREAM_TRY(prepare_state());
    return detect();
  }

 private:
  Status load_data();
  Status train_model();
  Status prepare_state();
  Status detect();
  Result<DemoTotals> write_results(const Pipeline& pipeline, const Config& config);
  Status write_report(const Results& results, const DemoTotals& totals);
  Status write_mails(const Results& results, const Config& config);
  void show(const Pipeline::Progress& progress);
  void show_end(const Results& results, const DemoTotals& totals);
  [[nodiscard]] Result<Config> settings() const;
  void heading(std::string_view text) { terminal_.line(terminal_.bold(text)); }

  const DemoOptions& options_;
  const DemoFolder& folder_;
  CommandContext& context_;
  Terminal& terminal_;
  std::string data_name_;
  DetectorSettings detector_;
  DataSet data_;
  std::shared_ptr<const ModelSource> models_;  // null: a detector that needs none
  std::unique_ptr<millstream::Logger> logger_;
  millstream::Metrics metrics_;
  std::string mail_line_;
  int shown_tenths_ = 0;
};

Status Demo::load_data() {
  heading("Data");
  auto chosen = choose_data(options_.data, options_.may_fetch, terminal_);
  if (!chosen) return chosen.error();
  auto data = load_data_set(chosen->path);
  if (!data) return data.error();
  data_ = std::move(*data);
  data_name_ = chosen->name;
  terminal_.line(fmt::format("  {}: {}, {}, {}", data_name_, counted(data_.series.size(), "series"),
                             counted(data_.points(), "record"),
                             counted(data_.windows(), "labelled anomaly")));
  for (const std::string& warning : data_.warnings) {
    terminal_.line("  " + terminal_.yellow("warning: ") + warning);
  }
  for (const DataSeries& series : data_.series) {
    if (series.bad_lines.empty()) continue;
    const BadLine& first = series.bad_lines.front();
    terminal_.line(fmt::format("  {}{}:{}: {} ({}; they go to the dead letters)",
                               terminal_.yellow("warning: "), series.file.string(), first.line,
                               first.what, counted(series.bad_lines.size(), "bad line")));
  }
  return {};
}

Status Demo::train_model() {
  const auto config = settings();
  if (!config) return config.error();
  const auto detector = DetectorSettings::from(*config);
  if (!detector) return detector.error();
  detector_ = *detector;
  if (detector_.kind != DetectorKind::kOffline) {
    heading("Training");
    terminal_.line(fmt::format("  none: detector {} learns each series as it comes",
                               detector_version(detector_, nullptr)));
    return {};
  }
  heading("Training");
  auto model = train_unless_there(data_, {.trials = options_.trials, .seed = options_.seed},
                                  folder_.model(), terminal_);
  if (!model) return model.error();
  terminal_.line(fmt::format("  model {}: {} trees, threshold {:.3f}", model->version(),
                             model->parts().forest.n_trees(), model->parts().threshold));
  models_ = std::make_shared<const ModelSource>(std::make_shared<const Model>(std::move(*model)));
  return {};
}

Result<Config> Demo::settings() const {
  auto given = read_settings(options_.settings);
  if (!given) return given.error();
  Config config = with_service_defaults(std::move(*given));
  if (!options_.detector.empty()) config.set("anomaly.detector", options_.detector);
  config.set("state.dir", folder_.state().string());
  config.set("bootstrap.servers", "embedded:" + (folder_.state() / "broker").string());
  return config;
}

Status Demo::prepare_state() {
  const auto config = settings();
  if (!config) return config.error();
  const auto detector = DetectorOptions::from(*config);
  if (!detector) return detector.error();
  const std::string identity =
      fmt::format("data {}\nmodel {}\npartitions {}\nformat {}\nsession {} {}\n",
                  data_.fingerprint(), detector_version(detector_, models_),
                  detector->topics.partitions, static_cast<int>(detector->format),
                  detector->session_gap.count(), detector->session_grace.count());
  const DemoState state = look_at_state(folder_, identity);
  if (state == DemoState::kOther) {
    terminal_.line(fmt::format("  {} is of other data or another model: starting over",
                               folder_.state().string()));
  }
  if (state != DemoState::kOurs) {
    MILLSTREAM_TRY(drop_state(folder_));
    MILLSTREAM_TRY(begin_state(folder_, identity));
  }
  auto logger = log_to_file(folder_.log());
  if (!logger) return logger.error();
  logger_ = std::move(*logger);
  return {};
}

Status Demo::detect() {
  heading("Detection");
  const auto config = settings();
  if (!config) return config.error();
  Pipeline pipeline(data_, models_, *config, {context_.clock, *logger_, metrics_, context_.stop});
  MILLSTREAM_TRY(pipeline.start(options_.rate));
  if (pipeline.found() > 0) {
    terminal_.line(
        fmt::format("  going on: {} are there already", counted(pipeline.found(), "record")));
  }
  const auto completed = pipeline.run([this](const auto& progress) { show(progress); });
  if (!completed) {
    return completed.error().within(
        fmt::format("the demo stopped (see {}; running it again goes on)", folder_.log().string()));
  }
  if (!*completed) {
    return Error::machine("stopped by a signal; the same command goes on where it was");
  }
  const auto totals = write_results(pipeline, *config);
  if (!totals) return totals.error();
  show_end(pipeline.results(), *totals);
  if (options_.json) fmt::print("{}\n", to_json(*totals));
  return {};
}

void Demo::show(const Pipeline::Progress& progress) {
  const double fraction = progress.total == 0 ? 1
                                              : static_cast<double>(progress.done) /
                                                    static_cast<double>(progress.total);
  const std::string text =
      fmt::format("  {} {:3.0f} %  {} of {} scored  {} anomalous  {}/s", progress_bar(fraction, 24),
                  fraction * 100, with_commas(progress.done), with_commas(progress.total),
                  with_commas(progress.anomalies),
                  with_commas(static_cast<std::uint64_t>(progress.records_per_second)));
  terminal_.progress(text);
  const int tenths = static_cast<int>(fraction * 10);
  if (!terminal_.is_terminal() && tenths > shown_tenths_) {
    terminal_.line(fmt::format("  {:3.0f} %  {} of {} scored, {} anomalous", fraction * 100,
                               with_commas(progress.done), with_commas(progress.total),
                               with_commas(progress.anomalies)));
  }
  shown_tenths_ = tenths;
}

Result<DemoTotals> Demo::write_results(const Pipeline& pipeline, const Config& config) {
  const Results& results = pipeline.results();
  const std::string lines = score_lines(results);
  auto state = pipeline.final_state();
  if (!state) return state.error();
  const auto figures =
      figures_of_work(folder_.figures(), {.records_per_second = pipeline.records_per_second(),
                                          .latency_p50_ms = pipeline.latencies().quantile(0.5),
                                          .latency_p99_ms = pipeline.latencies().quantile(0.99)});
  if (!figures) return figures.error();
  DemoTotals totals{.records_in = data_.points(),
                    .records_scored = results.scores,
                    .dead_letters = results.dead_letters,
                    .anomalies = results.anomalies.size(),
                    .alerts = results.alerts.size(),
                    .records_per_second = figures->records_per_second,
                    .latency_p50_ms = figures->latency_p50_ms,
                    .latency_p99_ms = figures->latency_p99_ms,
                    .scores_digest = digest_of_lines(lines),
                    .state_digest = std::move(*state),
                    .report = folder_.report().string()};
  MILLSTREAM_TRY(write_whole_file(folder_.scores(), lines));
  MILLSTREAM_TRY(write_mails(results, config));
  MILLSTREAM_TRY(write_report(results, totals));
  return totals;
}

Status Demo::write_report(const Results& results, const DemoTotals& totals) {
  ReportFacts facts{.title = "Anomalies in " + data_name_,
                    .details = {{"Data", data_.path.string()}}};
  if (models_) {
    const auto model = models_->current();
    const auto& training = model->parts().training;
    facts.details.emplace_back(
        "Model", fmt::format("{}, {} trees, threshold {:.4f}", model->version(),
                             model->parts().forest.n_trees(), model->parts().threshold));
    facts.details.emplace_back("Trained on", training.data);
    facts.details.emplace_back("Tuning", training.tuning.empty() ? "none" : training.tuning);
  } else {
    facts.details.emplace_back("Detector", detector_version(detector_, nullptr));
  }
  facts.details.emplace_back("Scores' digest", totals.scores_digest);
  return write_whole_file(folder_.report(), make_report(data_, results, facts));
}

Status Demo::write_mails(const Results& results, const Config& config) {
  const auto outcome = mail_alerts(results, config, folder_.mails(), folder_.state() / "mail",
                                   *logger_, metrics_, context_.clock);
  if (!outcome) return outcome.error();
  mail_line_ = outcome->destination;
  if (outcome->waiting > 0) mail_line_ += fmt::format(" ({} still waiting)", outcome->waiting);
  return {};
}

void Demo::show_end(const Results& results, const DemoTotals& totals) {
  terminal_.line();
  heading("Highest alerts");
  print_alerts(data_, results, terminal_);
  terminal_.line();
  heading("Totals");
  print_totals(totals, terminal_);
  terminal_.line();
  heading("Look at it");
  terminal_.line(fmt::format("  {:<14}{}", "report", terminal_.cyan(totals.report)));
  terminal_.line(fmt::format("  {:<14}{}", "alert mails", mail_line_));
  terminal_.line(fmt::format("  {:<14}{}", "all scores", folder_.scores().string()));
  terminal_.line();
  terminal_.line(
      "  Open the report in a browser. --fresh runs it again from the start, --data DIR "
      "takes your own CSV files,");
  terminal_.line("  `anomaly --help` shows the same services for Kafka.");
}

}  // namespace

Status run_demo(const DemoOptions& options, CommandContext& context, Terminal& terminal) {
  return Demo(options, context, terminal).run();
}

}  // namespace anomaly
