#pragma once

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace millstream::forest::testing {

using nlohmann::json;

// A file of tests/forest/data, as text.
inline std::string data_text(const std::string& name) {
  std::ifstream file(std::string(MILLSTREAM_TEST_DATA) + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline json data_json(const std::string& name) { return json::parse(data_text(name)); }

// Trees of a scikit-learn vector or export, one after the other: rows and what they score.
inline std::vector<double> flat(const json& rows) {
  std::vector<double> values;
  for (const auto& row : rows) {
    for (const auto& value : row) {
      values.push_back(value.get<double>());
    }
  }
  return values;
}

struct LabelledRows {
  std::vector<int> labels;
  std::vector<double> rows;
  std::size_t n_features = 0;
};

// A CSV file whose first column is a label.
inline LabelledRows labelled_rows(const std::string& name) {
  LabelledRows result;
  std::istringstream text(data_text(name));
  for (std::string line; std::getline(text, line);) {
    std::istringstream fields(line);
    std::string field;
    std::getline(fields, field, ',');
    result.labels.push_back(std::stoi(field));
    while (std::getline(fields, field, ',')) {
      result.rows.push_back(std::stod(field));
    }
  }
  result.n_features = result.rows.size() / result.labels.size();
  return result;
}

}  // namespace millstream::forest::testing
