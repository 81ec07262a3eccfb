#include <millstream/core/big_endian.h>
#include <millstream/topology/detail/edge_codec.h>

#include <cstdint>

namespace millstream::detail {

namespace {

enum ChangeFlag : char { kOld = 0, kNew = 1, kBoth = 2 };

}  // namespace

Error null_at_plain_type(std::string_view what) {
  return Error::data(std::string(what) +
                     " where the source's type can't be null; declare it as std::optional to take "
                     "nulls in");
}

Result<ChangeBytes> split_change(std::string_view bytes) {
  if (bytes.empty()) return Error::data("a table's change is empty");
  const char flag = bytes.back();
  bytes.remove_suffix(1);
  if (flag == kNew) return ChangeBytes{bytes, std::nullopt};
  if (flag == kOld) return ChangeBytes{std::nullopt, bytes};
  if (flag != kBoth || bytes.size() < 4) return Error::data("a table's change is malformed");
  const auto new_size = read_big_endian<std::uint32_t>(bytes);
  bytes.remove_prefix(4);
  if (new_size > bytes.size()) return Error::data("a table's change is truncated");
  return ChangeBytes{bytes.substr(0, new_size), bytes.substr(new_size)};
}

void finish_change(std::string& out, std::size_t new_size, bool has_new, bool has_old) {
  if (has_new && has_old) {
    std::string length;
    append_big_endian(length, static_cast<std::uint32_t>(new_size));
    out.insert(0, length);
    out.push_back(kBoth);
  } else {
    out.push_back(has_new ? kNew : kOld);
  }
}

}  // namespace millstream::detail
