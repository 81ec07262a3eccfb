#include "training_step.h"

#include <fmt/format.h>

#include <system_error>

#include "alert_file.h"
#include "sha256.h"
#include "text_format.h"
#include "trials_report.h"

namespace anomaly {

using millstream::Error;
using millstream::Result;
using millstream::Status;
using millstream::forest::Model;
using millstream::forest::TrainingOptions;
using millstream::forest::Trial;
using millstream::forest::TuningResult;

namespace {

/// Raise it when training changes, so that old models are trained again.
constexpr int kTrainingRevision = 1;

std::string parameters_of(const TrainingOptions& options) {
  return fmt::format("{} trees of {}, window {}, contamination {:.2g}", options.forest.trees,
                     options.forest.max_samples, options.features.window, options.contamination);
}

void print_trials(const TuningResult& result, Terminal& terminal) {
  using enum Table::Align;
  Table table({{"trial", kRight},
               {"trees", kRight},
               {"samples", kRight},
               {"window", kRight},
               {"contamination", kRight},
               {"criterion", kRight},
               {"alarms/1,000", kRight},
               {""}});
  for (std::size_t i = 0; i < result.trials.size(); ++i) {
    const Trial& trial = result.trials[i];
    table.add_row({fmt::to_string(trial.number + 1), fmt::to_string(trial.options.forest.trees),
                   fmt::to_string(trial.options.forest.max_samples),
                   fmt::to_string(trial.options.features.window),
                   fmt::format("{:.4f}", trial.options.contamination),
                   fmt::format("{:.2f}", trial.criterion),
                   fmt::format("{:.2f}", trial.alarms_per_1000),
                   i == result.best ? terminal.green("best") : ""});
  }
  terminal.line(fmt::format("  {} trials, judged by {}", result.trials.size(), result.criterion));
  table.print(terminal);
}

Result<TuningResult> search(std::span<const millstream::forest::Series> series,
                            const TrainingOptions& base, const TrainingPlan& plan,
                            Terminal& terminal) {
  const auto show = [&](std::size_t done, std::size_t total, const Trial& trial) {
    const double fraction = static_cast<double>(done) / static_cast<double>(total);
    terminal.progress(fmt::format("  {} trial {} of {}", progress_bar(fraction, 32), done, total));
    if (!terminal.is_terminal()) {
      terminal.line(
          fmt::format("  trial {} of {}: {:.2f}", trial.number + 1, total, trial.criterion));
    }
  };
  terminal.progress(fmt::format("  {} trial 0 of {}", progress_bar(0, 32), plan.trials));
  auto result = millstream::forest::tune(
      series, base, {.trials = plan.trials, .seed = plan.seed, .threads = plan.threads}, show);
  if (result) print_trials(*result, terminal);
  return result;
}

Status write_report(const TuningResult& result, const DataSet& data, const TrainingPlan& plan,
                    Terminal& terminal) {
  if (plan.report.empty()) return {};
  const std::string what = fmt::format(
      "Data: {}, {}, {}, {}.", data.path.string(), counted(data.series.size(), "series"),
      counted(data.points(), "record"), counted(data.windows(), "labelled anomaly"));
  MILLSTREAM_TRY(write_whole_file(plan.report, make_trials_report(result, what)));
  terminal.line(fmt::format("  {}: the trials as a page", plan.report.string()));
  return {};
}

/// The same model with a word on how its parameters were found.
Result<Model> with_tuning(const Model& model, std::string text) {
  auto parts = model.parts();
  parts.training.tuning = std::move(text);
  return Model::create(std::move(parts));
}

}  // namespace

std::string describe_training(const DataSet& data, const TrainingPlan& plan) {
  Sha256 digest;
  digest.add_text(data.fingerprint());
  digest.add_number(plan.trials);
  digest.add_number(plan.seed);
  digest.add_number(kTrainingRevision);
  return fmt::format("{} series, {} records, {} labelled windows; {} trials, seed {} [{}]",
                     data.series.size(), data.points(), data.windows(), plan.trials, plan.seed,
                     digest.hex().substr(0, 16));
}

Result<Model> train(const DataSet& data, const TrainingPlan& plan, Terminal& terminal) {
  const auto series = to_training_series(data);
  TrainingOptions options;
  options.forest.seed = plan.seed;
  std::string tuning;
  if (plan.trials > 1) {
    const auto found = search(series, options, plan, terminal);
    if (!found) return found.error();
    MILLSTREAM_TRY(write_report(*found, data, plan, terminal));
    const Trial& best = found->trials[found->best];
    options = best.options;
    options.forest.seed = plan.seed;
    tuning = fmt::format("best of {} trials by {}: {:.2f}", found->trials.size(), found->criterion,
                         best.criterion);
  }
  terminal.progress(fmt::format("  training: {}", parameters_of(options)));
  const auto model =
      millstream::forest::train_model(series, options, describe_training(data, plan), plan.threads);
  if (!model) return model.error();
  terminal.line(fmt::format("  {}", parameters_of(options)));
  return with_tuning(*model, std::move(tuning));
}

Result<Model> train_unless_there(const DataSet& data, const TrainingPlan& plan,
                                 const std::filesystem::path& file, Terminal& terminal) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {
    auto model = millstream::forest::load_model(file);
    if (model && model->parts().training.data == describe_training(data, plan)) return model;
    terminal.line(fmt::format("  {} is {}: training anew", file.string(),
                              model ? "of other data or parameters" : "no good model"));
  }
  auto model = train(data, plan, terminal);
  if (!model) return model.error();
  std::error_code error;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), error);
  if (error) {
    return Error::machine(fmt::format("{} can't be made: {}; check its permissions",
                                      file.parent_path().string(), error.message()));
  }
  MILLSTREAM_TRY(millstream::forest::save_model(*model, file));
  return model;
}

}  // namespace anomaly
