#include "model_watch.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "detector_model.h"

namespace anomaly {

using millstream::forest::Model;

ModelWatch::ModelWatch(std::filesystem::path file, std::chrono::nanoseconds interval,
                       std::shared_ptr<ModelSource> models, millstream::Logger& logger,
                       millstream::Metrics& metrics)
    : file_(std::move(file)),
      interval_(interval),
      models_(std::move(models)),
      logger_(logger),
      reloads_(metrics.counter("model_reloads_total", "Models taken over while running.",
                               {{"outcome", "taken"}})),
      failures_(metrics.counter("model_reloads_total", "Models taken over while running.",
                                {{"outcome", "refused"}})) {}

bool ModelWatch::look(std::chrono::nanoseconds now) {
  if (interval_.count() == 0 || now < next_) return false;
  next_ = now + interval_;
  std::string found = stamp();
  if (found.empty() || found == seen_) return false;
  seen_ = std::move(found);
  auto model = load_usable_model(file_);
  if (!model) {
    failures_.add();
    logger_.warning("the new model is refused; the old one goes on",
                    {{"file", file_.string()}, {"error", std::string(model.error().message())}});
    return false;
  }
  if (model->version() == models_->current()->version()) return false;
  logger_.info("a new model", {{"file", file_.string()}, {"model", model->version()}});
  models_->replace(std::make_shared<const Model>(std::move(*model)));
  reloads_.add();
  return true;
}

std::string ModelWatch::stamp() const {
  struct stat info{};
  if (::stat(file_.c_str(), &info) != 0) return {};
  return fmt::format("{} {} {} {}.{:09}", info.st_dev, info.st_ino, info.st_size,
                     info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

}  // namespace anomaly
