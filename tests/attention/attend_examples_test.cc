// Worked examples in double precision from the reference folder, every field of every example.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fovea/attention.h"

namespace fovea {
namespace {

// The file rounds to 12 decimals; float arithmetic on numbers of size 30 with up to 6 terms gives a
// few ulp of the largest.
constexpr double kUnit = 6e-8;

struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<float> cells;
};

/// A matrix, or a vector as one row; empty if the field is missing.
Matrix Read(const nlohmann::json& example, const char* field) {
  Matrix matrix;
  if (!example.contains(field) || example.at(field).is_null()) return matrix;
  const nlohmann::json& value = example.at(field);
  const std::vector<std::vector<double>> rows =
      value.at(0).is_array() ? value.get<std::vector<std::vector<double>>>()
                             : std::vector<std::vector<double>>{value.get<std::vector<double>>()};
  matrix.rows = rows.size();
  matrix.columns = rows.front().size();
  for (const std::vector<double>& row : rows) {
    for (const double cell : row) matrix.cells.push_back(static_cast<float>(cell));
  }
  return matrix;
}

void ExpectNear(const std::vector<float>& actual, const Matrix& expected, const char* what) {
  ASSERT_EQ(actual.size(), expected.cells.size()) << what;
  double largest = 1.0;
  for (const float cell : expected.cells) {
    largest = std::max(largest, std::abs(static_cast<double>(cell)));
  }
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_NEAR(actual[i], expected.cells[i], 32 * kUnit * largest) << what << " " << i;
  }
}

void CheckExample(const nlohmann::json& example) {
  const std::string scoring = example.at("scoring");
  const Matrix query = Read(example, "query");
  const Matrix key = Read(example, "key");
  const Matrix value = Read(example, "value");
  const Matrix w = Read(example, "w");
  const Matrix w_query = Read(example, "w_query");
  const Matrix w_key = Read(example, "w_key");
  const Matrix v = Read(example, "v");
  const std::string mask = example.value("mask", "none");

  AttendInputs inputs{.queries = query.rows,
                      .keys = key.rows,
                      .query_width = query.columns,
                      .key_width = key.columns,
                      .value_width = value.columns,
                      .query = query.cells,
                      .key = key.cells,
                      .value = value.cells};
  ASSERT_TRUE(mask == "none" || mask == "causal") << mask;
  if (mask == "causal") inputs.mask.kind = Mask::Kind::kCausal;
  if (scoring == "scaled_dot") {
    inputs.scoring = ScoringFunction::kScaledDot;
  } else if (scoring == "dot" || scoring == "multiplicative_luong_dot") {
    inputs.scoring = ScoringFunction::kDot;
  } else if (scoring == "dot, no softmax") {
    inputs.scoring = ScoringFunction::kDot;
    inputs.softmax = false;
  } else if (scoring == "multiplicative_luong_general") {
    inputs.scoring = ScoringFunction::kGeneral;
    inputs.weights.general = w.cells;
  } else if (scoring == "additive_bahdanau") {
    inputs.scoring = ScoringFunction::kAdditive;
    inputs.weights.additive_query = w_query.cells;
    inputs.weights.additive_key = w_key.cells;
    inputs.weights.additive_v = v.cells;
  } else {
    FAIL() << "a scoring function that the test does not know: " << scoring;
  }

  const Result<AttendOutputs> result = Attend(inputs);
  ASSERT_TRUE(result.ok()) << result.status().message();
  ExpectNear(result->output, Read(example, "output"), "output");
  if (example.contains("weights")) {
    ExpectNear(result->weights, Read(example, "weights"), "weights");
  }
  if (example.contains("scores")) {
    std::vector<float> scores = result->weights;
    if (inputs.softmax) {  // score = ln weight + log-sum-exp
      for (std::size_t i = 0; i < scores.size(); ++i) {
        scores[i] = std::log(scores[i]) + result->log_sum_exp[i / key.rows];
      }
    }
    ExpectNear(scores, Read(example, "scores"), "scores");
  }
}

TEST(AttendExamples, AllExamplesOfTheReferenceFolderAreReproduced) {
  const std::string folder = FOVEA_REFERENCE_DIR;
  if (folder.empty()) GTEST_SKIP() << "FOVEA_REFERENCE_DIR is not set";
  std::ifstream file(folder + "/reference/attention_examples.json");
  ASSERT_TRUE(file) << "FOVEA_REFERENCE_DIR has no reference/attention_examples.json";
  const nlohmann::json examples = nlohmann::json::parse(file).at("examples");
  ASSERT_GE(examples.size(), 9U);
  for (const nlohmann::json& example : examples) {
    SCOPED_TRACE(example.at("name").get<std::string>());
    CheckExample(example);
  }
}

}  // namespace
}  // namespace fovea
