#include <millstream/core/big_endian.h>
#include <millstream/operators/detail/window_times.h>

namespace millstream::detail {

void WindowTimes::save(std::string& out) const {
  append_big_endian(out, observed_.ms());
  append_big_endian(out, emitted_.ms());
}

void WindowTimes::load(std::string_view bytes) {
  constexpr std::size_t kTime = sizeof(std::int64_t);
  const auto time = [bytes](std::size_t at) {
    return bytes.size() < at + kTime ? Timestamp::none()
                                     : Timestamp(read_big_endian<std::int64_t>(bytes, at));
  };
  observed_ = time(0);
  emitted_ = time(kTime);
}

}  // namespace millstream::detail
