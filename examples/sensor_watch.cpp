// Says which sensors have fallen silent: remembers when each key of `readings` was last heard, and
// looks each 10 s whether one has been silent for a minute. Tells `alarms` of each silence once.
#include <millstream/operators/streams_builder.h>
#include <millstream/runtime/kafka_streams.h>
#include <millstream/state/key_value_store.h>
#include <millstream/topology/processor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace millstream;

class SensorWatch final
    : public ContextualProcessor<std::string, std::string, std::string, std::string> {
 public:
  void init(ProcessorContext<std::string, std::string>& context) override {
    ContextualProcessor::init(context);
    last_heard_.emplace(context.state_store<LastHeard>("last-heard"));
    context.schedule(Duration(10'000), PunctuationType::kWallClockTime,
                     [this](Timestamp now) { look(now); });
  }

  void process(const Record<std::string, std::string>& record) override {
    last_heard_->put(record.key(), context().current_system_time().ms());
  }

 private:
  using LastHeard = KeyValueStore<std::string, std::int64_t>;

  void look(Timestamp now) {
    std::vector<std::string> silent;
    for (const auto& [sensor, heard] : last_heard_->all()) {
      if (now - Timestamp(heard) >= Duration(60'000)) silent.push_back(sensor);
    }
    for (const std::string& sensor : silent) {
      context().forward(sensor, "silent for a minute", now);
      last_heard_->erase(sensor);
    }
  }

  std::optional<LastHeard> last_heard_;
};

void sensor_watch(StreamsBuilder& builder) {
  builder.add_state_store({.name = "last-heard"});
  builder.stream<std::string, std::string>("readings")
      .process([] { return std::make_unique<SensorWatch>(); }, "last-heard", {.name = "watch"})
      .to("alarms");
}

int main() {
  StreamsBuilder builder;
  sensor_watch(builder);
  KafkaStreams app(builder.build(), Config{{"application.id", "sensor-watch"}});
  return app.run();
}
