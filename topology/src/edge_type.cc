#include <millstream/topology/edge_type.h>

#include <array>
#include <utility>

namespace millstream::detail {

namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
}

}  // namespace

std::string readable_type(std::string_view pretty_function) {
  // "std::string millstream::detail::type_name() [with T = X; std::string = ...]"
  const std::size_t begin = pretty_function.find("T = ");
  if (begin == std::string_view::npos) return std::string(pretty_function);
  std::string_view type = pretty_function.substr(begin + 4);
  if (const std::size_t end = type.find("; std::string = "); end != std::string_view::npos) {
    type = type.substr(0, end);
  } else {
    type = type.substr(0, type.rfind(']'));
  }
  std::string text(type);
  using Pair = std::pair<std::string_view, std::string_view>;
  constexpr std::array<Pair, 5> kShorter = {
      Pair{"std::__cxx11::basic_string<char>", "std::string"},
      Pair{"std::basic_string_view<char>", "std::string_view"}, Pair{"std::__cxx11::", "std::"},
      Pair{"millstream::", ""}, Pair{"long int", "std::int64_t"}};
  for (const auto& [from, to] : kShorter) replace_all(text, from, to);
  return text;
}

}  // namespace millstream::detail
