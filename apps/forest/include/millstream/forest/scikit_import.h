#pragma once

#include <millstream/core/result.h>
#include <millstream/forest/model.h>

#include <string_view>

namespace millstream::forest {

/// Read the JSON that tools/export_sklearn.py writes from a scikit-learn IsolationForest (its head
/// describes the format). Scores equal scikit-learn's to 1e-12.
/// **Errors:** data: not JSON, a field missing or of the wrong type, or as
/// IsolationForest::from_trees.
Result<IsolationForest> import_scikit_forest(std::string_view json);

/// The same with the scaler and the feature names, where the export has them: without a scaler
/// values are used as they are, without names they are f0, f1, …; the threshold follows the offset.
/// **Errors:** as import_scikit_forest, and as Model::create.
Result<Model> import_scikit_model(std::string_view json);

}  // namespace millstream::forest
