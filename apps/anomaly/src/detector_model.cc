#include "detector_model.h"

#include <millstream/forest/feature_extractor.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace anomaly {

using millstream::Error;
using millstream::Result;
using millstream::Status;
using millstream::forest::FeatureExtractor;
using millstream::forest::Model;

Status check_detector_model(const Model& model) {
  const auto names = FeatureExtractor::names();
  const auto& found = model.parts().features;
  if (std::equal(names.begin(), names.end(), found.begin(), found.end())) return {};
  return Error::data(
      fmt::format("the model takes the features {}; the detector makes {}, in this order: train it "
                  "on what `anomaly features` writes",
                  fmt::join(found, ", "), fmt::join(names, ", ")));
}

Result<Model> load_usable_model(const std::filesystem::path& file) {
  auto model = millstream::forest::load_model(file);
  if (!model) return model;
  if (const auto fits = check_detector_model(*model); !fits) {
    return fits.error().within(file.string());
  }
  return model;
}

Result<Model> parse_usable_model(std::string_view bytes) {
  auto model = millstream::forest::parse_model(bytes);
  if (!model) return model;
  if (const auto fits = check_detector_model(*model); !fits) return fits.error();
  return model;
}

}  // namespace anomaly
