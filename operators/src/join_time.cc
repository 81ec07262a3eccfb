#include <millstream/core/big_endian.h>
#include <millstream/operators/detail/join_time.h>

namespace millstream::detail {

void JoinTime::save(std::string& out) const {
  append_big_endian(out, stream_time_.ms());
  append_big_endian(out, first_waiting_.ms());
}

void JoinTime::load(std::string_view bytes) {
  const bool known = bytes.size() == 2 * sizeof(std::int64_t);
  stream_time_ = known ? Timestamp(read_big_endian<std::int64_t>(bytes)) : Timestamp::none();
  first_waiting_ = known ? Timestamp(read_big_endian<std::int64_t>(bytes, sizeof(std::int64_t)))
                         : Timestamp::max();
}

}  // namespace millstream::detail
