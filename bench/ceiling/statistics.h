#pragma once

#include <algorithm>
#include <limits>

#include "clients.h"

namespace ceiling {

/// What w4 and w5 keep of amounts; 40 bytes, big endian.
struct Statistics {
  std::uint64_t count = 0;
  double sum = 0;
  double squares = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();

  void add(double x) {
    ++count;
    sum += x;
    squares += x * x;
    min = std::min(min, x);
    max = std::max(max, x);
  }
  void add(const Statistics& other) {
    count += other.count;
    sum += other.sum;
    squares += other.squares;
    min = std::min(min, other.min);
    max = std::max(max, other.max);
  }
  void append_to(std::string& out) const {
    append_big_endian(out, count);
    for (const double x : {sum, squares, min, max}) append_double(out, x);
  }
};

}  // namespace ceiling
