#include <millstream/core/big_endian.h>
#include <millstream/operators/detail/operator_state.h>

namespace millstream::detail {

void ObservedStreamTime::save(std::string& out) const { append_big_endian(out, time_.ms()); }

void ObservedStreamTime::load(std::string_view bytes) {
  const bool known = bytes.size() == sizeof(std::int64_t);
  time_ = known ? Timestamp(read_big_endian<std::int64_t>(bytes)) : Timestamp::none();
}

}  // namespace millstream::detail
