#pragma once

#include <millstream/core/result.h>
#include <millstream/forest/training.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace anomaly {

/// A line of a CSV file that is no record.
struct BadLine {
  std::size_t before_point = 0;  ///< It stands before this point of its series.
  std::size_t line = 0;          ///< Its number in the file, from 1.
  std::string text;              ///< At most its first 200 bytes.
  std::string what;              ///< What is wrong with it.

  bool operator==(const BadLine&) const = default;
};

/// The records of a CSV file in NAB's layout, in the file's order.
struct CsvSeries {
  std::vector<millstream::forest::Point> points;
  std::vector<BadLine> bad_lines;
};

/// Take `timestamp,value` lines behind a header `timestamp,value` apart, strictly: a timestamp such
/// as 2014-04-10 07:15:00 (UTC, not before 1970), a finite number, nothing else. Empty lines are
/// passed over; a line that is no record becomes a bad line and the rest goes on.
/// **Errors**: data: the header is another one.
millstream::Result<CsvSeries> parse_csv(std::string_view text);

/// The same for a file. **Errors**: data, machine: with the file's name.
millstream::Result<CsvSeries> read_csv(const std::filesystem::path& file);

/// A whole file. **Errors**: machine: name and reason.
millstream::Result<std::string> read_text_file(const std::filesystem::path& file);

}  // namespace anomaly
