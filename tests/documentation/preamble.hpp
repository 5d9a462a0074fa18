// What the C++ examples of headers take for granted: a model, a session, token ids, and the
// namespace.
#ifndef FOVEA_TESTS_DOCUMENTATION_PREAMBLE_HPP_
#define FOVEA_TESTS_DOCUMENTATION_PREAMBLE_HPP_

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include <fovea/status_macros.h>
#include <fovea/fovea.hpp>

using namespace fovea;  // NOLINT: as the examples have it

extern Model model;
extern Session session;
extern const Tokenizer& tokenizer;
extern std::string path;
extern std::vector<std::int32_t> ids;
extern std::vector<float> norm;
extern std::span<const float> logits;
extern AttentionValues values;

#endif  // FOVEA_TESTS_DOCUMENTATION_PREAMBLE_HPP_
