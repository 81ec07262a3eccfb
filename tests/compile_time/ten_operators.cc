// What a user's translation unit looks like: ten operators, among them the dear ones. It is
// compiled to measure how long that takes; nothing runs it.
#include <millstream/operators/streams_builder.h>
#include <millstream/runtime/kafka_streams.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

using namespace millstream;

int main() {
  StreamsBuilder builder;
  const auto prices = builder.table<std::string, std::int64_t>("prices");  // 1
  builder
      .stream<std::string, std::string>("orders")                                         // 2
      .filter([](const std::string&, const std::string& line) { return !line.empty(); })  // 3
      .flat_map_values([](const std::string& line) { return std::vector{line, line}; })   // 4
      .select_key([](const std::string&, const std::string& item) { return item; })       // 5
      .left_join(prices,
                 [](const std::string&, const std::optional<std::int64_t>& price) {
                   return price.value_or(0);
                 })                                              // 6
      .map_values([](std::int64_t price) { return price * 2; })  // 7
      .group_by_key({.name = "by-item"})                         // 8
      .windowed_by(TimeWindows::of_size_and_grace(Duration(60'000), Duration(1'000)))
      .reduce([](std::int64_t sum, std::int64_t price) { return sum + price; })  // 9
      .suppress(Suppressed::until_window_closes(BufferConfig::unbounded()))      // 10
      .to_stream([](const Windowed<std::string>& item, const auto&) { return item.key; })
      .to("turnover");
  KafkaStreams app(builder.build(), Config{{"application.id", "turnover"}});
  return app.run();
}
