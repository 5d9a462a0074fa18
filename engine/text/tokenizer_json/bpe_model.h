// Byte-pair encoding (Sennrich 2016, https://arxiv.org/abs/1508.07909): the characters of a piece
// merge by rank.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_BPE_MODEL_H_
#define FOVEA_TEXT_TOKENIZER_JSON_BPE_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/tokenizer_json/word_model.h"

namespace fovea::text {

struct BpeOptions {
  std::string unknown;
  std::string prefix;  ///< Of every symbol but a piece's first.
  std::string suffix;  ///< Of a piece's last symbol.
  bool fuse_unknown = false;
  bool byte_fallback = false;
  bool ignore_merges = false;  ///< A piece that is a token is taken as it is.
};

/// Merges by pairs of ids, sorted and not hashed: a file's author chooses them.
class BpeMerges {
 public:
  struct Merge {
    std::int32_t left = 0;
    std::int32_t right = 0;
    std::int32_t merged = 0;
    std::int32_t rank = 0;
  };
  /// The next best merge; false if a part or the result is not in the vocabulary. prefix: as in
  /// BpeOptions.
  [[nodiscard]] bool Add(const TokenTexts& vocabulary, std::string_view left,
                         std::string_view right, std::string_view prefix);
  /// Once, before Find.
  void Sort();
  const Merge* Find(std::int32_t left, std::int32_t right) const;
  std::size_t size() const { return merges_.size(); }
  std::size_t heap_bytes() const { return HeapBytes(merges_); }

 private:
  std::vector<Merge> merges_;
};

/// merges: sorted.
std::unique_ptr<WordModel> MakeBpe(TokenTexts vocabulary, BpeMerges merges, BpeOptions options);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_BPE_MODEL_H_
