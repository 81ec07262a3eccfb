#include "workload.h"

namespace workload {

void w2(StreamsBuilder& builder, const Topics& topics) {
  builder.stream<std::string, std::string_view>(topics.input)
      .group_by_key()
      .count({.name = "count"})
      .to_stream()
      .to(topics.output);
}

}  // namespace workload
