#include "workload.h"

namespace workload {

void w6(StreamsBuilder& builder, const Topics& topics) {
  const auto table = builder.table<std::string, std::string>(topics.table, {}, {.name = "table"});
  builder.stream<std::string, std::string_view>(topics.input)
      .join(table,
            [](std::string_view value, const std::string& row) {
              std::string joined(value);
              joined.append(row, kAmountOffset, sizeof(double));
              return joined;
            })
      .to(topics.output);
}

}  // namespace workload
