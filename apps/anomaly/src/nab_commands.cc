#include <millstream/forest/nab_corpus.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <span>

#include "command.h"
#include "detector_model.h"
#include "log_file.h"
#include "pipeline.h"
#include "terminal.h"
#include "text_format.h"
#include "training_step.h"

namespace anomaly {

namespace fs = std::filesystem;
using millstream::Config;
using millstream::Error;
using millstream::Result;
using millstream::Status;
using millstream::forest::Model;

namespace {

constexpr std::uint32_t kRefractory = 100;

struct NabArguments {
  fs::path data;
  fs::path results;  // of nab-score: to read; of nab-run: to write
  std::string detector = "offline";
  std::string model;
  std::string name;  // of nab-run's results
  bool json = false;
  SettingArguments settings;
};

/// Removes a folder when it's no longer needed.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (fs::temp_directory_path() / "anomaly-nab-XXXXXX").string();
    path_ = mkdtemp(pattern.data()) == nullptr ? "" : pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

using millstream::forest::CorpusScore;

/// Windows found among all that was reported: windows found and false alarms.
double precision_of(const CorpusScore& score) {
  const auto found = static_cast<double>(score.windows_found);
  const double reported = found + static_cast<double>(score.false_alarms);
  return reported > 0 ? found / reported : 0.0;
}

double recall_of(const CorpusScore& score) {
  return score.windows == 0
             ? 0.0
             : static_cast<double>(score.windows_found) / static_cast<double>(score.windows);
}

void print_table(std::span<const CorpusScore> scores) {
  Terminal terminal(stdout);
  using enum Table::Align;
  Table table({{"profile"},
               {"NAB score", kRight},
               {"threshold", kRight},
               {"windows found", kRight},
               {"false alarms", kRight},
               {"precision", kRight},
               {"recall", kRight}});
  for (const CorpusScore& one : scores) {
    table.add_row({std::string(one.profile.name), terminal.bold(fmt::format("{:.2f}", one.score)),
                   fmt::format("{:.4f}", one.best.threshold),
                   fmt::format("{} of {}", one.windows_found, one.windows),
                   fmt::to_string(one.false_alarms), fmt::format("{:.2f}", precision_of(one)),
                   fmt::format("{:.2f}", recall_of(one))});
  }
  table.print(terminal);
}

void print_json(std::span<const CorpusScore> scores) {
  fmt::print("{{");
  for (const CorpusScore& one : scores) {
    fmt::print(
        "{}\"{}\": {{\"score\": {}, \"threshold\": {}, \"windows\": {}, \"windows_found\": {}, "
        "\"false_alarms\": {}, \"precision\": {}, \"recall\": {}}}",
        &one == scores.data() ? "" : ", ", one.profile.name, one.score, one.best.threshold,
        one.windows, one.windows_found, one.false_alarms, precision_of(one), recall_of(one));
  }
  fmt::print("}}\n");
}

Status score_results(const NabArguments& arguments) {
  const auto corpus = millstream::forest::load_corpus(
      arguments.data / "data", arguments.data / "labels" / "combined_windows.json");
  if (!corpus) return corpus.error();
  const auto scored =
      millstream::forest::load_results(arguments.results, arguments.detector, *corpus);
  if (!scored) return scored.error();
  const auto scores = millstream::forest::score_corpus(*scored);
  arguments.json ? print_json(scores) : print_table(scores);
  return {};
}

/// The offline detector's model; null for the others.
Result<std::shared_ptr<const ModelSource>> model_for(const NabArguments& arguments,
                                                     const DataSet& data, Terminal& terminal) {
  if (arguments.detector != to_string(DetectorKind::kOffline)) {
    return std::shared_ptr<const ModelSource>();
  }
  auto model =
      arguments.model.empty() ? train(data, {}, terminal) : load_usable_model(arguments.model);
  if (!model) return model.error();
  return std::make_shared<const ModelSource>(std::make_shared<const Model>(std::move(*model)));
}

/// What NAB's file says of each record: an alarm's score, else 0. The offline detector marks every
/// anomalous record, of which NAB would count each: after one there is silence for a while.
std::vector<double> alarm_scores(const std::vector<ScoredPoint>& points, bool silence) {
  std::vector<double> scores;
  std::size_t quiet_until = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool alarm = points[i].anomaly && i >= quiet_until;
    if (alarm && silence) quiet_until = i + 1 + kRefractory;
    scores.push_back(alarm ? points[i].score : 0.0);
  }
  return scores;
}

Status write_results(const NabArguments& arguments, const DataSet& data, const Results& results) {
  const bool silence = arguments.detector == to_string(DetectorKind::kOffline);
  for (const auto& [name, points] : results.series) {
    const DataSeries* source = data.find(name);
    if (source == nullptr) continue;
    const millstream::forest::Series series{
        .name = name + ".csv", .points = source->points, .windows = source->windows};
    MILLSTREAM_TRY(millstream::forest::write_result(arguments.results, arguments.name, series,
                                                    alarm_scores(points, silence)));
  }
  return {};
}

Result<Config> nab_settings(const NabArguments& arguments, const fs::path& scratch) {
  auto given = read_settings(arguments.settings);
  if (!given) return given.error();
  Config config = with_service_defaults(std::move(*given));
  config.set("anomaly.detector", arguments.detector);
  config.set("state.dir", scratch.string());
  config.set("bootstrap.servers", "embedded:" + (scratch / "broker").string());
  return config;
}

Status run_nab(const NabArguments& arguments, CommandContext& context) {
  Terminal terminal(stdout);
  const auto data = load_data_set(arguments.data);
  if (!data) return data.error();
  const auto models = model_for(arguments, *data, terminal);
  if (!models) return models.error();
  const ScratchFolder scratch;
  auto config = nab_settings(arguments, scratch.path());
  if (!config) return config.error();
  millstream::NullLogger logger;
  millstream::Metrics metrics;
  Pipeline pipeline(*data, *models, *config, {context.clock, logger, metrics, context.stop});
  MILLSTREAM_TRY(pipeline.start(0));
  const auto completed = pipeline.run([&](const Pipeline::Progress& progress) {
    terminal.progress(
        fmt::format("  {} of {} scored", with_commas(progress.done), with_commas(progress.total)));
  });
  if (!completed) return completed.error();
  if (!*completed) return Error::machine("stopped by a signal");
  MILLSTREAM_TRY(write_results(arguments, *data, pipeline.results()));
  terminal.line(fmt::format(
      "{} of {} in {}/{}; next: anomaly nab-score --data {} --results {} --detector {}",
      counted(pipeline.results().scores, "score"), counted(data->series.size(), "series"),
      arguments.results.string(), arguments.name, arguments.data.string(),
      arguments.results.string(), arguments.name));
  return {};
}

}  // namespace

void add_nab_score_command(CLI::App& program, Action& chosen) {
  const auto arguments = std::make_shared<NabArguments>();
  CLI::App& command = *program.add_subcommand("nab-score", "Score result files as NAB does");
  command.add_option("--data", arguments->data, "Folder with NAB's data/ and labels/")
      ->type_name("DIR")
      ->required();
  command.add_option("--results", arguments->results, "Folder with <detector>/<category>/*.csv")
      ->type_name("DIR")
      ->required();
  command.add_option("--detector", arguments->detector, "Whose results: a folder's name in there")
      ->capture_default_str();
  command.add_option("--output", "text, or json: one object")
      ->check(CLI::IsMember({"text", "json"}))
      ->each([arguments](const std::string& format) { arguments->json = format == "json"; });
  command.callback(
      [=, &chosen] { chosen = [=](CommandContext&) { return score_results(*arguments); }; });
}

void add_nab_run_command(CLI::App& program, Action& chosen) {
  const auto arguments = std::make_shared<NabArguments>();
  CLI::App& command = *program.add_subcommand(
      "nab-run", "Send NAB's files through the detector and write NAB's result files");
  command.add_option("--data", arguments->data, "Folder with NAB's data/ and labels/")
      ->type_name("DIR")
      ->required();
  command.add_option("--out", arguments->results, "Where the result files go")
      ->type_name("DIR")
      ->required();
  add_detector_option(command, arguments->detector);
  command.add_option("--name", arguments->name,
                     "The name in the files' names (default: the detector's)");
  command
      .add_option("--model", arguments->model,
                  "The model of `anomaly train` (default: trained on the data itself)")
      ->type_name("FILE");
  add_setting_options(command, arguments->settings);
  command.callback([=, &chosen] {
    if (arguments->name.empty()) arguments->name = arguments->detector;
    chosen = [=](CommandContext& context) { return run_nab(*arguments, context); };
  });
}

}  // namespace anomaly
