// Reads page documents the way a page does, by code that shares nothing with the writers.
#ifndef FOVEA_TESTS_PAGE_DATA_PAGE_DECODER_H_
#define FOVEA_TESTS_PAGE_DATA_PAGE_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fovea::dump {

struct DecodedPage {
  nlohmann::json info;
  std::map<std::string, std::string> blocks;  ///< Inflated.
  std::vector<std::string> order;             ///< Names as they stand in the file.
};

/// From a whole HTML file or a container. An empty page with a test failure if it is broken.
DecodedPage DecodeHtml(const std::string& html);
DecodedPage DecodeContainer(const std::string& bytes);

/// Bytes of the text code.
std::string DecodeText(const std::string& text, std::size_t bytes);

std::vector<float> FloatsOf(const std::string& bytes);

/// One head's map as a page would rebuild it: [tokens, tokens], hidden cells 0.
std::vector<double> MapOf(const DecodedPage& page, std::size_t document, std::size_t layer,
                          std::size_t head);

/// The number that a code of a weight stands for.
double WeightOfCode(char code);

/// How often `part` stands in the text.
std::size_t CountOf(const std::string& text, const std::string& part);

}  // namespace fovea::dump

#endif  // FOVEA_TESTS_PAGE_DATA_PAGE_DECODER_H_
