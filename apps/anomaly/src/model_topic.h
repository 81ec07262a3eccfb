#pragma once

#include <millstream/core/log.h>
#include <millstream/core/metrics.h>
#include <millstream/core/result.h>
#include <millstream/forest/model.h>
#include <millstream/transport/broker.h>

#include <memory>
#include <string>

#include "model_source.h"

namespace anomaly {

/// Put a model on a topic, as the bytes of its file; the topic is made if it isn't there: one
/// partition, of which the broker keeps the last model (compaction).
/// **Errors**: machine: the broker's words, such as that the model is larger than it takes.
millstream::Status publish_model(millstream::Broker& broker, const std::string& topic,
                                 const millstream::forest::Model& model, millstream::Timestamp now);

/// Follows a topic of models (publish_model) and puts each new one into the source. Each process
/// reads the whole topic itself, in no group. A record that is no good model is told in the log,
/// and the old model stays. **Thread**: one.
class ModelTopic {
 public:
  /// **Lifetime**: the rest outlives this.
  ModelTopic(std::string topic, std::shared_ptr<ModelSource> models, millstream::Broker& broker,
             millstream::Logger& logger, millstream::Metrics& metrics);

  /// Read what the topic holds now: the last good model of it is the source's. A topic that isn't
  /// there is made. **Errors**: machine: the broker's; data: the source had no model and the topic
  /// holds none.
  millstream::Status open();
  /// Take what has come since, without waiting; whether there is a new model.
  /// **Errors**: machine: the broker's.
  millstream::Result<bool> look();

 private:
  millstream::Result<bool> take(millstream::Duration patience);
  bool take(const millstream::FetchedRecord& record);

  std::string topic_;
  std::shared_ptr<ModelSource> models_;
  millstream::Broker& broker_;
  millstream::Logger& logger_;
  millstream::Counter& taken_;
  millstream::Counter& refused_;
  std::unique_ptr<millstream::Consumer> consumer_;
};

}  // namespace anomaly
