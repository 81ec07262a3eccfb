// torture_app name=value...: an aggregation, a table join, a repartition with an aggregation behind
// it, by the public DSL; settings as on any application's command line. What it puts out is said in
// tests/verifier/judge.h, whose program computes it anew from the input.
//
// A record in `dump-counts` (or `dump-groups`) makes the task of that partition write its stores to
// the topic `dump`: key `store|key`, value the row. SIGTERM closes the application.
//
// `torture.windows=true` adds hourly windows of each key, to the topic `windowed`: key `key@start`.

#include <millstream/operators/streams_builder.h>
#include <millstream/runtime/kafka_streams.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using millstream::Config;
using millstream::ContextualProcessor;
using millstream::KafkaStreams;
using millstream::KStream;
using millstream::Record;
using millstream::StreamsBuilder;
using millstream::TimestampedKeyValueStore;
using millstream::TimeWindows;
using millstream::Windowed;

using Text = std::string;

/// The field of `id|group|amount`, or of `n|sum|id`.
Text field(const Text& value, int index) {
  std::size_t begin = 0;
  for (; index > 0; --index) begin = value.find('|', begin) + 1;
  return value.substr(begin, value.find('|', begin) - begin);
}

Text counted(const Text& value, const Text& before) {
  const std::int64_t count = before.empty() ? 0 : std::stoll(field(before, 0));
  const std::int64_t sum = before.empty() ? 0 : std::stoll(field(before, 1));
  return std::to_string(count + 1) + "|" + std::to_string(sum + std::stoll(field(value, 2))) + "|" +
         field(value, 0);
}

/// Puts out the rows of its stores when a record comes.
class Dumper : public ContextualProcessor<Text, Text, Text, Text> {
 public:
  explicit Dumper(std::vector<Text> stores) : stores_(std::move(stores)) {}
  void process(const Record<Text, Text>& record) override {
    for (const Text& name : stores_) {
      auto store = context().state_store<TimestampedKeyValueStore<Text, Text>>(name);
      for (auto rows = store.all(); const auto row = rows.next();) {
        const Text key = name + "|" + row->first;
        context().forward(record.with_key(key).with_value(row->second.value));
      }
    }
  }

 private:
  std::vector<Text> stores_;
};

void dump_on(StreamsBuilder& builder, const Text& topic, const std::vector<Text>& stores) {
  builder.stream<Text, Text>(topic)
      .process([stores] { return std::make_unique<Dumper>(stores); }, stores)
      .to("dump");
}

void build(StreamsBuilder& builder, bool windows) {
  const auto rates = builder.table<Text, Text>("rates", {}, {.name = "rates"});
  const auto input = builder.stream<Text, Text>("input");
  const auto count = [](const Text&, const Text& value, const Text& before) {
    return counted(value, before);
  };
  input.group_by_key()
      .aggregate([] { return Text(); }, count, {.name = "counts", .caching = false})
      .to_stream()
      .to("counts");
  input
      .group_by([](const Text&, const Text& value) { return field(value, 1); },
                {.name = "by-group"})
      .aggregate([] { return Text(); }, count, {.name = "groups", .caching = false})
      .to_stream()
      .to("groups");
  input
      .left_join(rates,
                 [](const Text& value, const std::optional<Text>& rate) {
                   return field(value, 0) + "|" + rate.value_or("-");
                 })
      .to("joined");
  dump_on(builder, "dump-counts", {"counts", "rates"});
  dump_on(builder, "dump-groups", {"groups"});
  if (!windows) return;
  input.group_by_key()
      .windowed_by(TimeWindows::of_size_with_no_grace(std::chrono::hours(1)))
      .aggregate([] { return Text(); }, count,
                 {.name = "windows", .caching = false, .retention = std::chrono::hours(24)})
      .to_stream()
      .select_key([](const Windowed<Text>& window, const auto&) {
        return window.key + "@" + std::to_string(window.window.start.ms());
      })
      .to("windowed");
}

}  // namespace

int main(int argc, char** argv) {
  Config config;
  for (int i = 1; i < argc; ++i) {
    const Text argument = argv[i];
    const auto equals = argument.find('=');
    if (equals == Text::npos) {
      std::fprintf(stderr, "torture_app: %s: no name=value\n", argv[i]);
      return 2;
    }
    config.set(argument.substr(0, equals), argument.substr(equals + 1));
  }
  StreamsBuilder builder;
  build(builder, config.get("torture.windows") == "true");
  millstream::StderrLogger logger(millstream::LogLevel::kInfo);
  KafkaStreams app(builder.build(), config, {.logger = &logger});
  return app.run();
}
