#include "model_topic.h"

#include <array>
#include <utility>

#include "detector_model.h"

namespace anomaly {

using millstream::Broker;
using millstream::Duration;
using millstream::Error;
using millstream::FetchedRecord;
using millstream::Isolation;
using millstream::NewTopic;
using millstream::PartitionPosition;
using millstream::Result;
using millstream::Status;
using millstream::Timestamp;
using millstream::TopicPartition;
using millstream::forest::Model;

namespace {

constexpr std::string_view kKey = "model";  // one for all, so that compaction keeps the last
constexpr std::size_t kAtOnce = 10;
constexpr Duration kPatience{200};

Status make_topic(Broker& broker, const std::string& topic) {
  const std::array<NewTopic, 1> wanted = {
      {{.name = topic,
        .partitions = 1,
        .config = {{"cleanup.policy", "compact"}, {"max.message.bytes", "67108864"}}}}};
  return broker.admin().create_topics(wanted);
}

}  // namespace

Status publish_model(Broker& broker, const std::string& topic, const Model& model, Timestamp now) {
  MILLSTREAM_TRY(make_topic(broker, topic));
  auto producer = broker.make_producer({.client_id = "anomaly-publish"});
  if (!producer) return producer.error();
  const std::string bytes = serialize_model(model);
  const auto queued = (*producer)->produce(
      {.topic = topic, .partition = 0, .key = kKey, .value = bytes, .timestamp = now});
  if (!queued) return queued.error;
  const auto written = (*producer)->flush();
  return written ? Status() : Status(written.error);
}

ModelTopic::ModelTopic(std::string topic, std::shared_ptr<ModelSource> models, Broker& broker,
                       millstream::Logger& logger, millstream::Metrics& metrics)
    : topic_(std::move(topic)),
      models_(std::move(models)),
      broker_(broker),
      logger_(logger),
      taken_(metrics.counter("model_reloads_total", "Models taken over while running.",
                             {{"outcome", "taken"}})),
      refused_(metrics.counter("model_reloads_total", "Models taken over while running.",
                               {{"outcome", "refused"}})) {}

Status ModelTopic::open() {
  MILLSTREAM_TRY(make_topic(broker_, topic_));
  const std::array<TopicPartition, 1> partition = {{{topic_, 0}}};
  const auto begins = broker_.admin().beginning_offsets(partition);
  if (!begins) return begins.error();
  const auto ends = broker_.admin().end_offsets(partition, Isolation::kReadCommitted);
  if (!ends) return ends.error();
  auto consumer = broker_.make_consumer({.client_id = "anomaly-models"});
  if (!consumer) return consumer.error();
  consumer_ = std::move(*consumer);
  const std::array<PartitionPosition, 1> from = {{{partition[0], begins->at(partition[0])}}};
  MILLSTREAM_TRY(consumer_->assign(from));
  while (consumer_->position(partition[0]) < ends->at(partition[0])) {
    if (const auto read = take(kPatience); !read) return read.error();
  }
  if (models_->current() != nullptr) return {};
  return Error::data("topic \"" + topic_ +
                     "\" holds no model that the detector can use, and there is no model file: "
                     "`anomaly publish --model FILE` puts one there");
}

Result<bool> ModelTopic::look() { return take(Duration(0)); }

Result<bool> ModelTopic::take(Duration patience) {
  const auto batches = consumer_->poll(kAtOnce, patience);
  if (!batches) return batches.error();
  bool any = false;
  for (const auto& batch : *batches) {
    for (const FetchedRecord& record : batch->records()) any |= take(record);
  }
  return any;
}

bool ModelTopic::take(const FetchedRecord& record) {
  auto model = parse_usable_model(record.value.value_or(std::string_view()));
  if (!model) {
    refused_.add();
    logger_.warning("the new model is refused; the old one goes on",
                    {{"topic", topic_},
                     {"offset", std::to_string(static_cast<std::int64_t>(record.offset))},
                     {"error", std::string(model.error().message())}});
    return false;
  }
  const auto current = models_->current();
  if (current != nullptr && current->version() == model->version()) return false;
  logger_.info("a new model", {{"topic", topic_}, {"model", model->version()}});
  models_->replace(std::make_shared<const Model>(std::move(*model)));
  taken_.add();
  return true;
}

}  // namespace anomaly
