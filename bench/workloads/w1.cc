#include "workload.h"

namespace workload {

namespace {

std::string with_amount(std::string_view value, double amount) {
  std::string changed(value.substr(0, kAmountOffset));
  changed.reserve(value.size());
  millstream::append_big_endian(changed, std::bit_cast<std::uint64_t>(amount));
  changed.append(value.substr(kAmountOffset + sizeof(amount)));
  return changed;
}

}  // namespace

void w1(StreamsBuilder& builder, const Topics& topics) {
  builder.stream<std::string_view, std::string_view>(topics.input)
      .filter([](auto, std::string_view value) { return amount(value) >= 25; })
      .map_values([](std::string_view value) { return with_amount(value, 2 * amount(value)); })
      .to(topics.output);
}

}  // namespace workload
