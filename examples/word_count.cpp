// Counts the words of the topic `lines`; each new count goes to the topic `counts`.
#include <millstream/operators/streams_builder.h>
#include <millstream/runtime/kafka_streams.h>

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

using millstream::Config;
using millstream::KafkaStreams;
using millstream::StreamsBuilder;

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream stream(line);
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

int main() {
  StreamsBuilder builder;
  builder.stream<std::string, std::string>("lines")
      .flat_map_values(words_of)
      .group_by([](const auto&, const std::string& word) { return word; })
      .count({.name = "word-counts"})
      .to_stream()
      .to("counts");

  KafkaStreams app(builder.build(), Config{{"application.id", "word-count"}});
  return app.run();
}
