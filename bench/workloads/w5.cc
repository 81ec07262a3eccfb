#include <chrono>

#include "workload.h"

namespace workload {

using namespace std::chrono_literals;

void w5(StreamsBuilder& builder, const Topics& topics) {
  builder.stream<std::string, std::string_view>(topics.input)
      .group_by_key()
      .windowed_by(millstream::SessionWindows::of_inactivity_gap_and_grace(10s, 10s))
      .aggregate([] { return Statistics(); },
                 [](const std::string&, std::string_view value, Statistics statistics) {
                   statistics.add(amount(value));
                   return statistics;
                 },
                 [](const std::string&, const Statistics& a, const Statistics& b) {
                   return Statistics::merged(a, b);
                 },
                 {.name = "ses"})
      .to_stream()
      .to(topics.output);
}

}  // namespace workload
