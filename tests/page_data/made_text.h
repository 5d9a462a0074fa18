// A text's run without a model: random queries and keys, maps computed from them in double, and
// their delivery to a recorder as a session would do it.
#ifndef FOVEA_TESTS_PAGE_DATA_MADE_TEXT_H_
#define FOVEA_TESTS_PAGE_DATA_MADE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/page/recording.h"

namespace fovea::dump {

struct MadeTextOptions {
  std::size_t tokens = 40;
  std::size_t prompt = 0;  ///< 0: all tokens.
  std::size_t layers = 2, heads = 4, kv_heads = 2, dim = 8;
  std::size_t window = 0;  ///< Of layer 1.
  float softcap = 0.0F;
  std::size_t planned = 0;  ///< Tokens that the recording is planned for; 0: `tokens`.
  std::vector<std::size_t> chosen_layers = {}, chosen_heads = {};  ///< Empty: all.
  bool half = true;
  bool also_without_mask = false;
  std::uint64_t page_bytes = 1'000'000;
  std::vector<std::string> pieces = {"a", "b"};  ///< Repeated.
};

class MadeText {
 public:
  static constexpr std::size_t kVocabulary = 12;
  static constexpr float kScale = 0.7F;

  explicit MadeText(const MadeTextOptions& options);

  /// Everything delivered to a PageRecorder, in chunks and single tokens.
  Recording Record() const;
  /// The same with norms of values: of head h for token i, 1 + h + i / 8.
  Recording RecordWithValueNorms() const;
  const DumpInfo& info() const { return info_; }

  /// The map of a layer and a head (original numbers), [tokens, tokens].
  std::vector<double> Map(std::size_t layer, std::size_t head, bool masked = true) const;
  double Logit(std::size_t position, std::size_t id) const {
    return static_cast<double>(logits_[position * kVocabulary + id]);
  }
  std::int32_t Id(std::size_t position) const { return ids_[position]; }
  const std::vector<std::size_t>& layers() const { return layers_; }
  const std::vector<std::size_t>& heads() const { return heads_; }

 private:
  std::size_t Window(std::size_t layer) const { return layer == 1 ? options_.window : 0; }

  MadeTextOptions options_;
  std::vector<std::size_t> layers_, heads_;
  DumpInfo info_;
  std::vector<float> query_;  // [layers, tokens, heads, dim]
  std::vector<float> key_;    // [layers, tokens, kv_heads, dim]
  std::vector<float> logits_;
  std::vector<std::int32_t> ids_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TESTS_PAGE_DATA_MADE_TEXT_H_
