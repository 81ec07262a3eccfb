#include <chrono>

#include "workload.h"

namespace workload {

using namespace std::chrono_literals;

void w7(StreamsBuilder& builder, const Topics& topics) {
  const auto right = builder.stream<std::string, std::string>(topics.input2);
  builder.stream<std::string, std::string>(topics.input)
      .join(right,
            [](const std::string& l, const std::string& r) {
              std::string amounts(l, kAmountOffset, sizeof(double));
              return amounts.append(r, kAmountOffset, sizeof(double));
            },
            millstream::JoinWindows::of_time_difference_and_grace(5s, 5s), {.store_name = "join"})
      .to(topics.output);
}

}  // namespace workload
