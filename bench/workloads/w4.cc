#include <chrono>

#include "workload.h"

namespace workload {

using namespace std::chrono_literals;

void w4(StreamsBuilder& builder, const Topics& topics) {
  builder.stream<std::string, std::string_view>(topics.input)
      .group_by_key()
      .windowed_by(millstream::TimeWindows::of_size_and_grace(10min, 10s).advance_by(1min))
      .aggregate([] { return Statistics(); },
                 [](const std::string&, std::string_view value, Statistics statistics) {
                   statistics.add(amount(value));
                   return statistics;
                 },
                 {.name = "win"})
      .to_stream()
      .to(topics.output);
}

}  // namespace workload
