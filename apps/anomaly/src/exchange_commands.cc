// What a data scientist exchanges with the program: features out, a scikit-learn model in, a model
// to the running detectors.

#include <millstream/forest/feature_extractor.h>
#include <millstream/forest/scikit_import.h>
#include <millstream/transport/open_broker.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <filesystem>
#include <iterator>
#include <memory>

#include "alert_file.h"
#include "command.h"
#include "csv_series.h"
#include "data_set.h"
#include "detector_model.h"
#include "log_file.h"
#include "model_topic.h"
#include "service_command.h"
#include "terminal.h"
#include "text_format.h"

namespace anomaly {

using millstream::Error;
using millstream::Result;
using millstream::Status;
using millstream::forest::FeatureExtractor;
using millstream::forest::kFeatureCount;

namespace {

struct FeatureArguments {
  std::filesystem::path data;
  std::filesystem::path out;
};

struct ImportArguments {
  std::filesystem::path json;
  std::filesystem::path model;
};

std::size_t append_features(const DataSeries& series, std::string& out) {
  FeatureExtractor extractor;
  std::array<double, kFeatureCount> features{};
  std::size_t rows = 0;
  for (const auto& point : series.points) {
    if (!extractor.update(point.timestamp_ms, point.value, features)) continue;
    fmt::format_to(std::back_inserter(out), "{},{}", series.name, point.timestamp_ms);
    for (const double feature : features) {
      fmt::format_to(std::back_inserter(out), ",{:.17g}", feature);
    }
    out += '\n';
    ++rows;
  }
  return rows;
}

Status write_features(const FeatureArguments& arguments) {
  const auto data = load_data_set(arguments.data);
  if (!data) return data.error();
  std::string text = "series,timestamp_ms";
  for (const auto name : FeatureExtractor::names()) text.append(",").append(name);
  text += '\n';
  std::size_t rows = 0;
  for (const DataSeries& series : data->series) rows += append_features(series, text);
  MILLSTREAM_TRY(write_whole_file(arguments.out, text));
  Terminal(stdout).line(fmt::format("{}: {} of {}", arguments.out.string(), counted(rows, "row"),
                                    counted(data->series.size(), "series")));
  return {};
}

Status import_model(const ImportArguments& arguments) {
  const auto text = read_text_file(arguments.json);
  if (!text) return text.error();
  const auto model = millstream::forest::import_scikit_model(*text);
  if (!model) return model.error().within(arguments.json.string());
  if (const auto fits = check_detector_model(*model); !fits) {
    return fits.error().within(arguments.json.string());
  }
  MILLSTREAM_TRY(millstream::forest::save_model(*model, arguments.model));
  Terminal(stdout).line(fmt::format("{}: model {}, {} trees, threshold {:.4f}, from {}",
                                    arguments.model.string(), model->version(),
                                    model->parts().forest.n_trees(), model->parts().threshold,
                                    model->parts().training.data));
  return {};
}

struct PublishArguments {
  std::filesystem::path model = "model/isolation_forest.model";
  ServiceArguments service;
};

Status publish(const PublishArguments& arguments, CommandContext& context) {
  const auto config = service_settings(arguments.service, "localhost:9092");
  if (!config) return config.error();
  const auto model = load_usable_model(arguments.model);
  if (!model) return model.error();
  const auto logger = log_to_stderr(config->get("log.level", "warning"));
  if (!logger) return logger.error();
  const auto broker = millstream::open_broker(*config, context.clock, **logger);
  if (!broker) return broker.error();
  const std::string topic = config->get("anomaly.model.topic", "models");
  MILLSTREAM_TRY(publish_model(**broker, topic, *model, context.clock.now()));
  Terminal(stdout).line(
      fmt::format("topic {}: model {} of {}", topic, model->version(), arguments.model.string()));
  return {};
}

}  // namespace

void add_features_command(CLI::App& program, Action& chosen) {
  const auto arguments = std::make_shared<FeatureArguments>();
  CLI::App& command = *program.add_subcommand(
      "features", "Write the features of CSV files' records as the detector makes them");
  command.add_option("--data", arguments->data, "Folder with NAB's layout, or of CSV files")
      ->type_name("DIR")
      ->required();
  command.add_option("--out", arguments->out, "A CSV file: series,timestamp_ms, then the features")
      ->type_name("FILE")
      ->required();
  command.callback(
      [=, &chosen] { chosen = [=](CommandContext&) { return write_features(*arguments); }; });
}

void add_import_command(CLI::App& program, Action& chosen) {
  const auto arguments = std::make_shared<ImportArguments>();
  CLI::App& command = *program.add_subcommand(
      "import", "Make a model file of a scikit-learn IsolationForest (tools/export_sklearn.py)");
  command.add_option("json", arguments->json, "What export_sklearn.py wrote")
      ->type_name("FILE")
      ->required();
  command.add_option("--model", arguments->model, "The file to write")
      ->type_name("FILE")
      ->required();
  command.callback(
      [=, &chosen] { chosen = [=](CommandContext&) { return import_model(*arguments); }; });
}

void add_publish_command(CLI::App& program, Action& chosen) {
  const auto arguments = std::make_shared<PublishArguments>();
  CLI::App& command = *program.add_subcommand(
      "publish", "Send a model to the detectors that follow the topic anomaly.model.topic");
  command.add_option("--model", arguments->model, "The model of `anomaly train`")
      ->type_name("FILE")
      ->capture_default_str();
  add_service_options(command, arguments->service);
  command.callback([=, &chosen] {
    chosen = [=](CommandContext& context) { return publish(*arguments, context); };
  });
}

}  // namespace anomaly
