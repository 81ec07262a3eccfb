#include <millstream/forest/model.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "command.h"
#include "interruption.h"
#include "log_file.h"
#include "project_data.h"
#include "service_command.h"
#include "terminal.h"
#include "text_format.h"
#include "topic_data.h"
#include "training_step.h"

namespace anomaly {

using millstream::Error;
using millstream::Result;
using millstream::Status;

namespace {

struct TrainOptions {
  std::string data;
  std::string topic;  ///< Instead of files.
  std::filesystem::path labels;
  ServiceArguments service;
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

Result<DataSet> load_files(const TrainOptions& options, Terminal& terminal) {
  const auto chosen = choose_data(options.data, false, terminal);
  if (!chosen) return chosen.error();
  auto data = load_data_set(chosen->path);
  return data;
}

Result<DataSet> load_topic(const TrainOptions& options, const millstream::Clock& clock) {
  const auto config = service_settings(options.service, "localhost:9092");
  if (!config) return config.error();
  const auto format = parse_format(config->get("anomaly.format", "protobuf"));
  if (!format) return format.error();
  const auto logger = log_to_stderr(config->get("log.level", "warning"));
  if (!logger) return logger.error();
  return read_topic_data({.topic = options.topic, .format = *format, .labels = options.labels},
                         *config, clock, **logger);
}

Status run_training(const TrainOptions& options, CommandContext& context) {
  let_signals_through();
  Terminal terminal(stdout);
  const auto data =
      options.topic.empty() ? load_files(options, terminal) : load_topic(options, context.clock);
  if (!data) return data.error();
  for (const std::string& warning : data->warnings) terminal.line("warning: " + warning);
  terminal.line(
      fmt::format("{}: {}, {}, {}", data->path.string(), counted(data->series.size(), "series"),
                  counted(data->points(), "record"), counted(data->windows(), "labelled anomaly")));
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
  CLI::App& train =
      *program.add_subcommand("train", "Train the isolation forest on CSV files or on a topic");
  CLI::Option& files = *train
                            .add_option("--data", options->data,
                                        "Folder with NAB's layout, folder or pattern of CSV files "
                                        "(default: NAB, else the project's sample)")
                            ->type_name("DIR");
  CLI::Option& topic = *train
                            .add_option("--topic", options->topic,
                                        "Read the metrics of this topic, up to where it ends now")
                            ->type_name("TOPIC")
                            ->excludes(&files);
  train.add_option("--labels", options->labels, "With --topic: NAB's combined_windows.json")
      ->type_name("FILE")
      ->needs(&topic);
  add_service_options(train, options->service);
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
    chosen = [options](CommandContext& context) { return run_training(*options, context); };
  });
}

}  // namespace anomaly
