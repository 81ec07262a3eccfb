#include <millstream/forest/model.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "model_codec.h"

namespace millstream::forest {
namespace {

constexpr std::size_t kBatch = 256;

Status check_column(const std::vector<double>& column, std::size_t n, const char* name) {
  if (column.size() != n) {
    return Error::data(std::string("the model has ") + std::to_string(n) + " features but " +
                       std::to_string(column.size()) + " values of " + name);
  }
  if (!std::all_of(column.begin(), column.end(), [](double x) { return std::isfinite(x); })) {
    return Error::data(std::string("the model has a ") + name + " that is not a finite number");
  }
  return {};
}

Status check(const ModelParts& parts) {
  const std::size_t n = parts.features.size();
  if (n == 0 || parts.forest.n_features() != n) {
    return Error::data("the model names " + std::to_string(n) + " features but its forest takes " +
                       std::to_string(parts.forest.n_features()));
  }
  MILLSTREAM_TRY(check_column(parts.mean, n, "mean"));
  MILLSTREAM_TRY(check_column(parts.scale, n, "scale"));
  MILLSTREAM_TRY(check_column(parts.median, n, "median"));
  if (!std::all_of(parts.scale.begin(), parts.scale.end(), [](double s) { return s > 0; })) {
    return Error::data("the model has a scale that is not positive");
  }
  if (!std::isfinite(parts.threshold)) {
    return Error::data("the model's threshold is not a finite number");
  }
  return parts.extraction.check();
}

}  // namespace

Result<Model> Model::create(ModelParts parts) {
  MILLSTREAM_TRY(check(parts));
  Model model;
  model.version_ = hex(crc64(encode_parts(parts)));
  model.parts_ = std::move(parts);
  return model;
}

void Model::scale(std::span<const double> features, std::span<float> scaled) const {
  for (std::size_t i = 0; i < n_features(); ++i) {
    const double value = std::isfinite(features[i]) ? features[i] : parts_.median[i];
    scaled[i] = static_cast<float>((value - parts_.mean[i]) / parts_.scale[i]);
  }
}

double Model::score(std::span<const double> features) const {
  std::array<float, kMaxFeatures> scaled;
  scale(features, scaled);
  return -parts_.forest.score_samples(std::span<const float>(scaled).first(n_features()));
}

void Model::score_batch(std::span<const double> rows, std::span<double> scores) const {
  const std::size_t n = n_features();
  std::vector<float> scaled(std::min(kBatch, scores.size()) * n);
  for (std::size_t done = 0; done < scores.size(); done += kBatch) {
    const std::size_t count = std::min(kBatch, scores.size() - done);
    for (std::size_t i = 0; i < count; ++i) {
      scale(rows.subspan((done + i) * n, n), std::span(scaled).subspan(i * n, n));
    }
    parts_.forest.score_batch(std::span(scaled).first(count * n), scores.subspan(done, count));
  }
  std::transform(scores.begin(), scores.end(), scores.begin(), std::negate<>());
}

std::vector<Contribution> Model::explain(std::span<const double> features) const {
  const double whole = score(features);
  std::vector<double> changed(features.begin(),
                              features.begin() + static_cast<std::ptrdiff_t>(n_features()));
  std::vector<Contribution> contributions;
  for (std::size_t i = 0; i < n_features(); ++i) {
    changed[i] = parts_.median[i];
    contributions.push_back(
        {parts_.features[i], features[i], parts_.median[i], whole - score(changed)});
    changed[i] = features[i];
  }
  std::stable_sort(contributions.begin(), contributions.end(),
                   [](const auto& a, const auto& b) { return a.amount > b.amount; });
  return contributions;
}

}  // namespace millstream::forest
