// Writes the three pages that were looked at most in each hour, whenever they change: reads `views`
// (user -> page), writes `top-pages` (start of the hour -> the pages, the first one first, as
// JSON).
#include <millstream/operators/streams_builder.h>
#include <millstream/runtime/kafka_streams.h>
#include <millstream/serdes/json_serde.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace millstream;

/// A page and how often it was looked at.
using Count = std::pair<std::string, std::int64_t>;
/// All pages of an hour.
using Counts = std::map<std::string, std::int64_t>;

std::vector<std::string> three_most_viewed(const Counts& counts) {
  std::vector<Count> pages(counts.begin(), counts.end());
  const auto more = [](const Count& a, const Count& b) { return a.second > b.second; };
  std::stable_sort(pages.begin(), pages.end(), more);
  std::vector<std::string> top;
  for (const Count& page : pages) {
    if (top.size() < 3) top.push_back(page.first);
  }
  return top;
}

void top_pages(StreamsBuilder& builder) {
  const auto by_page = [](const auto& /*user*/, const std::string& page) { return page; };
  const auto add = [](const auto& /*hour*/, const Count& page, Counts&& all) {
    all[page.first] = page.second;
    return std::move(all);
  };
  const auto subtract = [](const auto& /*hour*/, const Count& page, Counts&& all) {
    all.erase(page.first);
    return std::move(all);
  };

  builder.stream<std::string, std::string>("views")
      .group_by(by_page, {.name = "by-page"})
      .windowed_by(TimeWindows::of_size_and_grace(Duration(3'600'000), Duration(60'000)))
      .count({.name = "page-counts"})
      .group_by(
          [](const Windowed<std::string>& page, std::int64_t count) {
            return std::pair(page.window.start.ms(), Count(page.key, count));
          },
          {.name = "by-hour", .value_serde = JsonSerde<Count>()})
      .aggregate([] { return Counts(); }, add, subtract,
                 {.name = "hours", .value_serde = JsonSerde<Counts>()})
      .map_values(three_most_viewed)
      .to_stream()
      .to("top-pages", {.value_serde = JsonSerde<std::vector<std::string>>()});
}

int main() {
  StreamsBuilder builder;
  top_pages(builder);
  KafkaStreams app(builder.build(), Config{{"application.id", "top-pages"}});
  return app.run();
}
