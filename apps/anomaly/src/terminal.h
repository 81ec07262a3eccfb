#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace anomaly {

/// Where a command talks to a person: colours, progress and widths only where it is a terminal.
/// **Thread**: one.
class Terminal {
 public:
  /// Takes colours and the progress line from what `file` is, and NO_COLOR from the environment.
  explicit Terminal(std::FILE* file);

  [[nodiscard]] bool is_terminal() const { return is_terminal_; }
  /// Columns of a line. **Units**: characters.
  [[nodiscard]] std::size_t width() const { return width_; }

  [[nodiscard]] std::string bold(std::string_view text) const { return styled("1", text); }
  [[nodiscard]] std::string dim(std::string_view text) const { return styled("2", text); }
  [[nodiscard]] std::string red(std::string_view text) const { return styled("31", text); }
  [[nodiscard]] std::string green(std::string_view text) const { return styled("32", text); }
  [[nodiscard]] std::string yellow(std::string_view text) const { return styled("33", text); }
  [[nodiscard]] std::string cyan(std::string_view text) const { return styled("36", text); }

  /// Write a line; a progress line that stands there goes away first.
  void line(std::string_view text = {});
  /// Replace the progress line; nothing where there is no terminal.
  void progress(std::string_view text);

 private:
  [[nodiscard]] std::string styled(std::string_view code, std::string_view text) const;
  void clear_progress();

  std::FILE* file_;
  bool is_terminal_;
  bool has_colours_;
  std::size_t width_;
  bool progress_stands_ = false;
};

/// Characters that a text takes on a terminal: code points, without the escapes of colours.
std::size_t display_width(std::string_view text);

/// A bar of `width` characters, filled to `fraction` of 1.
std::string progress_bar(double fraction, std::size_t width);

/// 1234567 as "1,234,567".
std::string with_commas(std::uint64_t number);

/// Columns that line up.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// Write title and rows, each line behind two spaces.
  void print(Terminal& terminal) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace anomaly
