#pragma once

#include <millstream/core/result.h>
#include <millstream/forest/model.h>
#include <millstream/forest/training.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "data_set.h"
#include "terminal.h"

namespace anomaly {

/// What a model is to be trained from, beside the data.
struct TrainingPlan {
  std::size_t trials = 0;  ///< Of tuning; 0 or 1: the default parameters as they are.
  std::uint64_t seed = 1;
  unsigned threads = 2;               ///< Doesn't change the result.
  std::filesystem::path report = {};  ///< Where a page about the trials goes; empty: nowhere.
};

/// The data and the plan in few words, with a digest: the same text, the same model. It is kept in
/// the model.
std::string describe_training(const DataSet& data, const TrainingPlan& plan);

/// Train a model, showing progress and the table of trials. **Errors**: as forest::train_model.
millstream::Result<millstream::forest::Model> train(const DataSet& data, const TrainingPlan& plan,
                                                    Terminal& terminal);

/// The model in `file` if it came from this data and plan, else a new one, which replaces it as a
/// whole: a training that is killed is simply done again. **Errors**: as train and save_model.
millstream::Result<millstream::forest::Model> train_unless_there(const DataSet& data,
                                                                 const TrainingPlan& plan,
                                                                 const std::filesystem::path& file,
                                                                 Terminal& terminal);

}  // namespace anomaly
