#include "engine/text/utf8.h"
#include "fovea/tokenizer.h"

namespace fovea {

using text::kReplacementCharacter;
using text::NextUtf8;
using text::Utf8Step;

std::string StreamingDetokenizer::Push(std::int32_t id) {
  std::string bytes = tokenizer_->PieceBytes(id);
  if (first_ && !bytes.empty()) {
    if (tokenizer_->adds_space_prefix() && bytes.front() == ' ') bytes.erase(0, 1);
    first_ = false;
  }
  pending_ += bytes;
  std::string out;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const Utf8Step step = NextUtf8(rest);
    if (step.kind == Utf8Step::Kind::kUnfinished) break;
    out +=
        step.kind == Utf8Step::Kind::kCharacter ? rest.substr(0, step.size) : kReplacementCharacter;
    rest.remove_prefix(step.size);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return out;
}

std::string StreamingDetokenizer::Finish() {
  const bool unfinished = !pending_.empty();
  pending_.clear();
  return unfinished ? std::string(kReplacementCharacter) : std::string();
}

std::string Detokenize(const Tokenizer& tokenizer, std::span<const std::int32_t> ids) {
  StreamingDetokenizer stream(tokenizer);
  std::string out;
  for (const std::int32_t id : ids) out += stream.Push(id);
  return out + stream.Finish();
}

}  // namespace fovea
