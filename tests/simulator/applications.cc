#include "applications.h"

#include <millstream/core/big_endian.h>
#include <millstream/core/fault_points.h>
#include <millstream/core/serdes.h>
#include <millstream/operators/streams_builder.h>
#include <millstream/state/key_value_store.h>
#include <millstream/topology/processor.h>
#include <millstream/topology/topology.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace millstream::simulation {

namespace {

using Text = std::string;
using TextStore = KeyValueStore<Text, Text>;
using TextProcessor = ContextualProcessor<Text, Text, Text, Text>;

/// A value beginning so deletes its key.
constexpr char kDelete = 'x';

Text plus_one(const std::optional<Text>& count) {
  return std::to_string(count ? std::stoll(*count) + 1 : 1);
}

/// Counts a key's records; a deletion begins anew.
class Count final : public TextProcessor {
 public:
  void init(ProcessorContext<Text, Text>& context) override {
    ContextualProcessor::init(context);
    counts_.emplace(context.state_store<TextStore>("counts"));
  }
  void process(const Record<Text, Text>& record) override {
    faults::reach(kInProcessor.data());
    if (record.value().front() == kDelete) {
      counts_->erase(record.key());
      context().forward(record.with_value(Text("0")));
      return;
    }
    const Text count = plus_one(counts_->get(record.key()));
    counts_->put(record.key(), count);
    context().forward(record.with_value(count));
  }

 private:
  std::optional<TextStore> counts_;
};

void replay_count(ModelState& state, const LogEntry& record, std::vector<ModelOutput>& outputs) {
  auto& counts = state.stores["counts"];
  const auto found = counts.find(*record.key);
  if (record.value->front() == kDelete) {
    if (found != counts.end()) counts.erase(found);
    outputs.push_back({"out", *record.key, "0"});
    return;
  }
  const Text count =
      plus_one(found == counts.end() ? std::nullopt : std::optional<Text>(found->second));
  counts[*record.key] = count;
  outputs.push_back({"out", *record.key, count});
}

/// Counts every record, and keeps the last of every third: two stores that change at different
/// times.
class TwoStores final : public TextProcessor {
 public:
  void init(ProcessorContext<Text, Text>& context) override {
    ContextualProcessor::init(context);
    counts_.emplace(context.state_store<TextStore>("counts"));
    lasts_.emplace(context.state_store<TextStore>("lasts"));
  }
  void process(const Record<Text, Text>& record) override {
    faults::reach(kInProcessor.data());
    const Text count = plus_one(counts_->get(record.key()));
    counts_->put(record.key(), count);
    if (std::stoll(record.value().substr(1)) % 3 == 0) lasts_->put(record.key(), record.value());
    context().forward(record.with_value(count + ":" + lasts_->get(record.key()).value_or("none")));
  }

 private:
  std::optional<TextStore> counts_;
  std::optional<TextStore> lasts_;
};

void replay_two_stores(ModelState& state, const LogEntry& record,
                       std::vector<ModelOutput>& outputs) {
  Text& count = state.stores["counts"][*record.key];
  count = plus_one(count.empty() ? std::nullopt : std::optional<Text>(count));
  auto& lasts = state.stores["lasts"];
  if (std::stoll(record.value->substr(1)) % 3 == 0) lasts[*record.key] = *record.value;
  const auto last = lasts.find(*record.key);
  outputs.push_back(
      {"out", *record.key, count + ":" + (last == lasts.end() ? "none" : last->second)});
}

/// Numbers all records of a task: the number is operator state.
class Number final : public TextProcessor, private OperatorState {
 public:
  void init(ProcessorContext<Text, Text>& context) override {
    ContextualProcessor::init(context);
    counts_.emplace(context.state_store<TextStore>("counts"));
    context.register_operator_state(*this);
  }
  void process(const Record<Text, Text>& record) override {
    faults::reach(kInProcessor.data());
    const Text count = plus_one(counts_->get(record.key()));
    counts_->put(record.key(), count);
    ++number_;
    context().forward(record.with_value(count + "#" + std::to_string(number_)));
  }
  void save(std::string& out) const override { out += std::to_string(number_); }
  void load(std::string_view bytes) override {
    number_ = bytes.empty() ? 0 : std::stoll(std::string(bytes));
  }

 private:
  std::optional<TextStore> counts_;
  std::int64_t number_ = 0;
};

void replay_number(ModelState& state, const LogEntry& record, std::vector<ModelOutput>& outputs) {
  Text& count = state.stores["counts"][*record.key];
  count = plus_one(count.empty() ? std::nullopt : std::optional<Text>(count));
  ++state.counter;
  outputs.push_back({"out", *record.key, count + "#" + std::to_string(state.counter)});
}

/// A table whose source topic is its changelog: puts out the change.
class Table final : public TextProcessor {
 public:
  void init(ProcessorContext<Text, Text>& context) override {
    ContextualProcessor::init(context);
    rows_.emplace(context.state_store<TextStore>("table"));
  }
  void process(const Record<Text, Text>& record) override {
    faults::reach(kInProcessor.data());
    const Text before = rows_->get(record.key()).value_or("none");
    rows_->put(record.key(), record.value());
    context().forward(record.with_value(before + ">" + record.value()));
  }

 private:
  std::optional<TextStore> rows_;
};

void replay_table(ModelState& state, const LogEntry& record, std::vector<ModelOutput>& outputs) {
  Text& row = state.stores["table"][*record.key];
  outputs.push_back({"out", *record.key, (row.empty() ? "none" : row) + ">" + *record.value});
  row = *record.value;
}

constexpr Duration kJoinWindow{3000};

void replay_join(ModelState& state, const Text& topic, const LogEntry& record,
                 std::vector<ModelOutput>& outputs) {
  const bool left = topic == "in";
  auto& own = left ? state.left : state.right;
  auto& other = left ? state.right : state.left;
  for (const ModelState::Side& partner : other[*record.key]) {
    const auto apart = std::abs((partner.time - record.timestamp).count());
    if (apart > kJoinWindow.count()) continue;
    outputs.push_back(
        {"out", *record.key,
         left ? *record.value + "+" + partner.value : partner.value + "+" + *record.value});
  }
  own[*record.key].push_back({*record.value, record.timestamp});
}

/// A record goes on under a key made of its value, and is counted there.
Text second_key(const Text& value) { return "s" + std::to_string(std::stoll(value.substr(1)) % 5); }

void replay_repartition(ModelState& state, int subtopology, const LogEntry& record,
                        std::vector<ModelOutput>& outputs) {
  if (subtopology == 0) {
    outputs.push_back({"sim-moved-repartition", second_key(*record.value), *record.value});
    return;
  }
  ++state.counter;
  Text& row = state.stores["moved-counts"][*record.key];
  const std::int64_t count = row.empty() ? 1 : read_big_endian<std::int64_t>(row) + 1;
  row.clear();
  append_big_endian(row, count);
  outputs.push_back({"out", *record.key, std::to_string(count)});
}

template <class P>
std::shared_ptr<const BuiltTopology> one_processor(std::vector<StoreSpec> stores) {
  Topology topology;
  topology.add_source<Text, Text>("source", "in");
  topology.add_processor("process", [] { return std::make_unique<P>(); }, "source");
  for (StoreSpec& store : stores) topology.add_state_store(std::move(store), "process");
  topology.add_sink<Text, Text>("sink", "out", "process");
  auto built = topology.build();
  if (!built) throw std::invalid_argument(Text(built.error().message()));
  return *built;
}

std::shared_ptr<const BuiltTopology> join_topology() {
  StreamsBuilder builder;
  const auto left = builder.stream<Text, Text>("in");
  const auto right = builder.stream<Text, Text>("in2");
  left.join(
          right, [](const Text& l, const Text& r) { return l + "+" + r; },
          JoinWindows::of_time_difference_and_grace(kJoinWindow, Duration(86'400'000)))
      .to("out");
  return *builder.build();
}

std::shared_ptr<const BuiltTopology> repartition_topology() {
  StreamsBuilder builder;
  builder.stream<Text, Text>("in")
      .select_key([](const Text&, const Text& value) { return second_key(value); })
      .group_by_key(Grouped<>{.name = "moved"})
      .count(Materialized<>{.name = "moved-counts", .caching = false})
      .to_stream()
      .map_values([](const std::optional<std::int64_t>& count) { return std::to_string(*count); })
      .to("out");
  return *builder.build();
}

std::vector<Application> make_applications() {
  const auto of_record = [](auto replay) {
    return [replay](ModelState& state, int, const Text&, const LogEntry& record,
                    std::vector<ModelOutput>& outputs) { replay(state, record, outputs); };
  };
  std::vector<Application> all;
  all.push_back({.name = "count",
                 .topology = one_processor<Count>({{.name = "counts"}}),
                 .inputs = {"in"},
                 .replay = of_record(replay_count),
                 .outputs = {"out"}});
  all.push_back({.name = "count-in-memory",
                 .topology = one_processor<Count>({{.name = "counts", .persistent = false}}),
                 .inputs = {"in"},
                 .replay = of_record(replay_count),
                 .outputs = {"out"},
                 .kept = false});
  all.push_back({.name = "two-stores",
                 .topology = one_processor<TwoStores>({{.name = "counts"}, {.name = "lasts"}}),
                 .inputs = {"in"},
                 .replay = of_record(replay_two_stores),
                 .outputs = {"out"}});
  all.push_back({.name = "operator-state",
                 .topology = one_processor<Number>({{.name = "counts"}}),
                 .inputs = {"in"},
                 .replay = of_record(replay_number),
                 .outputs = {"out"}});
  all.push_back({.name = "source-as-changelog",
                 .topology = one_processor<Table>({{.name = "table", .changelog_topic = "in"}}),
                 .inputs = {"in"},
                 .replay = of_record(replay_table),
                 .outputs = {"out"},
                 .result_of = [](const Text& output) { return output.substr(output.find('>')); }});
  all.push_back(
      {.name = "join",
       .topology = join_topology(),
       .inputs = {"in", "in2"},
       .replay =
           [](ModelState& state, int, const Text& topic, const LogEntry& record,
              std::vector<ModelOutput>& outputs) { replay_join(state, topic, record, outputs); },
       .outputs = {"out"},
       .ordered = false,
       .result_of = [](const Text& pair) { return pair; },
       .comparable = false});
  all.push_back({.name = "repartition",
                 .topology = repartition_topology(),
                 .inputs = {"in"},
                 .replay =
                     [](ModelState& state, int subtopology, const Text&, const LogEntry& record,
                        std::vector<ModelOutput>& outputs) {
                       replay_repartition(state, subtopology, record, outputs);
                     },
                 .outputs = {"sim-moved-repartition", "out"},
                 .ordered = false});
  return all;
}

}  // namespace

const std::vector<Application>& applications() {
  static const std::vector<Application> all = make_applications();
  return all;
}

}  // namespace millstream::simulation
