#pragma once

#include <map>
#include <string>
#include <string_view>

namespace millstream {

/// The parameters of a query string, `+` and `%XX` decoded.
[[nodiscard]] std::map<std::string, std::string, std::less<>> parse_query(std::string_view query);

}  // namespace millstream
