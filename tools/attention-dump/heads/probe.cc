#include "tools/attention-dump/heads/probe.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace fovea::dump {
namespace {

constexpr std::uint64_t kSeed = 2022;

/// Ids of tokens that stand for text; all ids of a model without a vocabulary.
std::vector<std::int32_t> OrdinaryIds(const Model& model) {
  const Tokenizer* tokenizer = model.tokenizer();
  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i < model.info().vocabulary; ++i) {
    const auto id = static_cast<std::int32_t>(i);
    if (tokenizer == nullptr || !tokenizer->PieceBytes(id).empty()) ids.push_back(id);
  }
  return ids;
}

/// The special tokens that come before a text.
std::vector<Token> TokensBefore(const Model& model) {
  if (model.tokenizer() == nullptr) return {};
  const Result<std::vector<Token>> tokens = model.tokenizer()->Tokenize("a");
  if (!tokens || tokens->empty() || tokens->front().id != model.tokenizer()->bos_id()) return {};
  return {tokens->front()};
}

}  // namespace

Result<Probe> MakeProbe(const Model& model, std::size_t length, std::size_t context) {
  Probe probe;
  probe.prompt.tokens = TokensBefore(model);
  probe.begin = probe.prompt.tokens.size();
  const std::size_t capacity = (context - std::min(context, probe.begin)) / 2;
  probe.period = length != 0 ? length : std::min(kProbeLength, capacity);
  std::vector<std::int32_t> ids = OrdinaryIds(model);
  if (probe.period > capacity || probe.period < 2 || ids.empty()) {
    return Status(StatusCode::kLimitExceeded,
                  "--probe-length: the context of " + std::to_string(context) +
                      " tokens has room for at most " + std::to_string(capacity));
  }
  // mt19937_64 gives the same numbers everywhere; the standard's distributions do not.
  std::mt19937_64 random(kSeed);
  std::vector<Token> block(probe.period);
  std::size_t left = ids.size();
  for (Token& token : block) {
    if (left == 0) left = ids.size();
    const auto chosen = static_cast<std::size_t>(random() % left);
    token.id = ids[chosen];
    std::swap(ids[chosen], ids[--left]);
  }
  std::vector<Token>& tokens = probe.prompt.tokens;
  for (int copy = 0; copy < 2; ++copy) tokens.insert(tokens.end(), block.begin(), block.end());
  return probe;
}

}  // namespace fovea::dump
