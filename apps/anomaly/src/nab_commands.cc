#include <millstream/forest/nab_corpus.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "command.h"
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
  std::string detector = "millstream";
  std::string model;
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

Status score_results(const NabArguments& arguments) {
  const auto corpus = millstream::forest::load_corpus(
      arguments.data / "data", arguments.data / "labels" / "combined_windows.json");
  if (!corpus) return corpus.error();
  const auto scored =
      millstream::forest::load_results(arguments.results, arguments.detector, *corpus);
  if (!scored) return scored.error();
  Terminal terminal(stdout);
  using enum Table::Align;
  Table table({{"profile"},
               {"NAB score", kRight},
               {"threshold", kRight},
               {"windows found", kRight},
               {"false alarms", kRight}});
  for (const auto& one : millstream::forest::score_corpus(*scored)) {
    table.add_row({std::string(one.profile.name), terminal.bold(fmt::format("{:.2f}", one.score)),
                   fmt::format("{:.4f}", one.best.threshold),
                   fmt::format("{} of {}", one.windows_found, one.windows),
                   fmt::to_string(one.false_alarms)});
  }
  table.print(terminal);
  return {};
}

Result<std::shared_ptr<const Model>> model_for(const NabArguments& arguments, const DataSet& data,
                                               Terminal& terminal) {
  auto model = arguments.model.empty() ? train(data, {}, terminal)
                                       : millstream::forest::load_model(arguments.model);
  if (!model) return model.error();
  return std::make_shared<const Model>(std::move(*model));
}

/// The scores that alarm, after each of them silence for a while; NAB counts each row.
Status write_results(const NabArguments& arguments, const Model& model, const DataSet& data,
                     const Results& results) {
  for (const auto& [name, points] : results.series) {
    const DataSeries* source = data.find(name);
    if (source == nullptr) continue;
    std::vector<double> scores;
    for (const ScoredPoint& point : points) scores.push_back(point.score);
    const auto alarms = millstream::forest::alarms(scores, model.parts().threshold, kRefractory);
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] *= alarms[i];
    const millstream::forest::Series series{
        .name = name + ".csv", .points = source->points, .windows = source->windows};
    MILLSTREAM_TRY(
        millstream::forest::write_result(arguments.results, arguments.detector, series, scores));
  }
  return {};
}

Status run_nab(const NabArguments& arguments, CommandContext& context) {
  Terminal terminal(stdout);
  const auto data = load_data_set(arguments.data);
  if (!data) return data.error();
  const auto model = model_for(arguments, *data, terminal);
  if (!model) return model.error();
  const ScratchFolder scratch;
  Config config = with_service_defaults({});
  config.set("state.dir", scratch.path().string());
  config.set("bootstrap.servers", "embedded:" + (scratch.path() / "broker").string());
  millstream::NullLogger logger;
  millstream::Metrics metrics;
  Pipeline pipeline(*data, *model, config, {context.clock, logger, metrics, context.stop});
  MILLSTREAM_TRY(pipeline.start(0));
  const auto completed = pipeline.run([&](const Pipeline::Progress& progress) {
    terminal.progress(
        fmt::format("  {} of {} scored", with_commas(progress.done), with_commas(progress.total)));
  });
  if (!completed) return completed.error();
  if (!*completed) return Error::machine("stopped by a signal");
  MILLSTREAM_TRY(write_results(arguments, **model, *data, pipeline.results()));
  terminal.line(fmt::format("{} of {} in {}/{}; next: anomaly nab-score --data {} --results {}",
                            counted(pipeline.results().scores, "score"),
                            counted(data->series.size(), "series"), arguments.results.string(),
                            arguments.detector, arguments.data.string(),
                            arguments.results.string()));
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
  command.add_option("--detector", arguments->detector, "Whose results")->capture_default_str();
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
  command.add_option("--detector", arguments->detector, "The name in the files' names")
      ->capture_default_str();
  command
      .add_option("--model", arguments->model,
                  "The model of `anomaly train` (default: trained on the data itself)")
      ->type_name("FILE");
  command.callback([=, &chosen] {
    chosen = [=](CommandContext& context) { return run_nab(*arguments, context); };
  });
}

}  // namespace anomaly
