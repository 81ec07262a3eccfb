#include <millstream/forest/model.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "command.h"
#include "project_data.h"
#include "terminal.h"
#include "text_format.h"
#include "training_step.h"

namespace anomaly {

using millstream::Error;
using millstream::Status;

namespace {

struct TrainOptions {
  std::string data;
  std::filesystem::path model = "model/isolation_forest.model";
  TrainingPlan plan;
};

Status make_folder_of(const std::filesystem::path& file) {
  if (!file.has_parent_path()) return {};
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  if (!error) return {};
  return Error::machine(
      fmt::format("{} can't be made: {}; check its permissions, or name another "
                  "file with --model",
                  file.parent_path().string(), error.message()));
}

Status run_training(const TrainOptions& options) {
  Terminal terminal(stdout);
  const auto chosen = choose_data(options.data, false, terminal);
  if (!chosen) return chosen.error();
  const auto data = load_data_set(chosen->path);
  if (!data) return data.error();
  terminal.line(fmt::format("{}: {}, {}, {}", chosen->name, counted(data->series.size(), "series"),
                            counted(data->points(), "record"),
                            counted(data->windows(), "labelled anomaly")));
  MILLSTREAM_TRY(make_folder_of(options.model));
  const auto model = train(*data, options.plan, terminal);
  if (!model) return model.error();
  MILLSTREAM_TRY(millstream::forest::save_model(*model, options.model));
  terminal.line(fmt::format("{}: model {}, {} trees, threshold {:.4f}", options.model.string(),
                            model->version(), model->parts().forest.n_trees(),
                            model->parts().threshold));
  return {};
}

}  // namespace

void add_train_command(CLI::App& program, Action& chosen) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App& train = *program.add_subcommand("train", "Train the isolation forest on CSV files");
  train
      .add_option("--data", options->data,
                  "Folder with NAB's layout, folder or pattern of CSV files "
                  "(default: NAB, else the project's sample)")
      ->type_name("DIR");
  train.add_option("--tune", options->plan.trials, "Trials of tuning; 0: the default parameters")
      ->capture_default_str();
  train
      .add_option("--report", options->plan.report,
                  "A page about the trials (default: the model's name and .html)")
      ->type_name("FILE");
  train.add_option("--model", options->model, "The file to write")
      ->type_name("FILE")
      ->capture_default_str();
  train.add_option("--seed", options->plan.seed, "The same seed, the same model")
      ->capture_default_str();
  train.add_option("--threads", options->plan.threads, "Don't change the result")
      ->capture_default_str();
  train.callback([options, &chosen] {
    if (options->plan.report.empty()) options->plan.report = options->model.string() + ".html";
    chosen = [options](CommandContext&) { return run_training(*options); };
  });
}

}  // namespace anomaly
