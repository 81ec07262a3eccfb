#include <algorithm>
#include <array>

#include "workload.h"

namespace workload {

void Statistics::add(double x) {
  ++count;
  sum += x;
  squares += x * x;
  min = std::min(min, x);
  max = std::max(max, x);
}

Statistics Statistics::merged(const Statistics& a, const Statistics& b) {
  return {a.count + b.count, a.sum + b.sum, a.squares + b.squares, std::min(a.min, b.min),
          std::max(a.max, b.max)};
}

}  // namespace workload

namespace millstream {

Status DefaultSerde<workload::Statistics>::serialize(const workload::Statistics& value,
                                                     std::string& out) const {
  append_big_endian(out, value.count);
  for (const double x : {value.sum, value.squares, value.min, value.max}) {
    append_big_endian(out, std::bit_cast<std::uint64_t>(x));
  }
  return {};
}

Status DefaultSerde<workload::Statistics>::deserialize(std::string_view bytes,
                                                       workload::Statistics& out) const {
  constexpr std::size_t kSize = 40;
  if (bytes.size() != kSize) return Error::data("statistics take 40 bytes");
  out.count = read_big_endian<std::int64_t>(bytes);
  std::size_t at = sizeof(std::int64_t);
  for (double* x : {&out.sum, &out.squares, &out.min, &out.max}) {
    *x = std::bit_cast<double>(read_big_endian<std::uint64_t>(bytes, at));
    at += sizeof(double);
  }
  return {};
}

}  // namespace millstream
