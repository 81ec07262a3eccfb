#pragma once

#include <millstream/core/result.h>
#include <millstream/forest/model.h>

#include <filesystem>
#include <string_view>

namespace anomaly {

/// Whether a model takes the features that the detector makes.
/// **Errors**: data: it takes others, with the ones it should.
millstream::Status check_detector_model(const millstream::forest::Model& model);

/// A model file that the detector can use. **Errors**: as forest::load_model and the above.
millstream::Result<millstream::forest::Model> load_usable_model(const std::filesystem::path& file);

/// The same of a model file's bytes.
millstream::Result<millstream::forest::Model> parse_usable_model(std::string_view bytes);

}  // namespace anomaly
