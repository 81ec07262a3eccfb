// Joins the stream `views` (user -> page) with the table `users` (user -> region), and writes for
// each minute and region how many pages were looked at to `views-by-region`: once, when the minute
// is over.
#include <millstream/operators/streams_builder.h>
#include <millstream/runtime/kafka_streams.h>

#include <cstdint>
#include <optional>
#include <string>

using namespace millstream;

void page_views(StreamsBuilder& builder) {
  // After half a minute without any input the last minute is over, too.
  const Consumed<> may_be_idle{.idle_timeout = Duration(30'000)};
  const auto regions = builder.table<std::string, std::string>("users", may_be_idle);
  builder.stream<std::string, std::string>("views", may_be_idle)
      .left_join(regions,
                 [](const std::string& /*page*/, const std::optional<std::string>& region) {
                   return region.value_or("unknown");
                 })
      .group_by([](const auto& /*user*/, const std::string& region) { return region; },
                {.name = "by-region"})
      .windowed_by(TimeWindows::of_size_and_grace(Duration(60'000), Duration(5'000)))
      .emit_strategy(EmitStrategy::kOnWindowClose)
      .count({.name = "views-by-region"})
      .to_stream([](const Windowed<std::string>& minute, const auto& /*count*/) {
        return minute.key + "@" + std::to_string(minute.window.start.ms());
      })
      .to("views-by-region");
}

int main() {
  StreamsBuilder builder;
  page_views(builder);
  KafkaStreams app(builder.build(), Config{{"application.id", "page-views"}});
  return app.run();
}
