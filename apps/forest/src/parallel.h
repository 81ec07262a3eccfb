#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace millstream::forest {

// Run body(0) .. body(n-1), each once, on up to `threads` threads, in no particular order.
template <class Body>
void parallel_for(std::size_t n, unsigned threads, const Body& body) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next.fetch_add(1); i < n; i = next.fetch_add(1)) {
      body(i);
    }
  };
  std::vector<std::jthread> helpers;
  for (std::size_t i = 1; i < std::min<std::size_t>(threads, n); ++i) {
    helpers.emplace_back(work);
  }
  work();
}

}  // namespace millstream::forest
