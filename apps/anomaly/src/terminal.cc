#include "terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace anomaly {

namespace {

constexpr std::size_t kUsualWidth = 100;

std::size_t width_of(std::FILE* file) {
  winsize size{};
  if (ioctl(fileno(file), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualWidth;
  return size.ws_col;
}

}  // namespace

Terminal::Terminal(std::FILE* file)
    : file_(file),
      is_terminal_(isatty(fileno(file)) == 1),
      has_colours_(is_terminal_ && std::getenv("NO_COLOR") == nullptr),
      width_(is_terminal_ ? width_of(file) : kUsualWidth) {}

std::string Terminal::styled(std::string_view code, std::string_view text) const {
  if (!has_colours_) return std::string(text);
  return fmt::format("\033[{}m{}\033[0m", code, text);
}

void Terminal::clear_progress() {
  if (progress_stands_) fmt::print(file_, "\r\033[K");
  progress_stands_ = false;
}

void Terminal::line(std::string_view text) {
  clear_progress();
  fmt::print(file_, "{}\n", text);
  std::fflush(file_);
}

void Terminal::progress(std::string_view text) {
  if (!is_terminal_) return;
  clear_progress();
  fmt::print(file_, "{}", text);
  std::fflush(file_);
  progress_stands_ = true;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  bool in_escape = false;
  for (const char c : text) {
    if (in_escape) {
      in_escape = c != 'm';
    } else if (c == '\033') {
      in_escape = true;
    } else if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80U) {
      ++width;
    }
  }
  return width;
}

std::string progress_bar(double fraction, std::size_t width) {
  const double clamped = std::clamp(fraction, 0.0, 1.0);
  const auto filled = static_cast<std::size_t>(std::floor(clamped * static_cast<double>(width)));
  std::string bar;
  for (std::size_t i = 0; i < width; ++i) bar += i < filled ? "━" : "┈";
  return bar;
}

std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

void Table::print(Terminal& terminal) const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t width = display_width(columns_[c].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[c]));
    widths.push_back(width);
  }
  const auto print_row = [&](const auto& cell) {
    std::string line;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const std::string text = cell(c);
      const std::string pad(widths[c] - display_width(text), ' ');
      line += "  " + (columns_[c].align == Align::kRight ? pad + text : text + pad);
    }
    terminal.line(line.substr(0, line.find_last_not_of(' ') + 1));
  };
  print_row([&](std::size_t c) { return terminal.dim(columns_[c].title); });
  for (const auto& row : rows_) print_row([&](std::size_t c) { return row[c]; });
}

}  // namespace anomaly
