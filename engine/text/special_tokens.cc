#include "engine/text/special_tokens.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>

namespace fovea::text {
namespace {

using Texts = std::span<const std::string_view>;

constexpr std::string_view kEndOfTurn[] = {
    "<|eot_id|>",        "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>",
    "<|end_of_text|>",   "<EOT>",      "_<EOT>",  "[EOT]",         "<｜end▁of▁sentence｜>",
    "<end_of_utterance>"};
constexpr std::string_view kEndOfMessage[] = {"<|eom_id|>"};
constexpr std::string_view kMiddlePadding[] = {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>",
                                               "[PAD]"};
constexpr std::string_view kMiddleRepository[] = {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>",
                                                  "<REPO>", "<reponame>"};
constexpr std::string_view kMiddleSeparator[] = {"<|file_sep|>"};
/// Fill-in-the-middle marks: control tokens that do not end a generation. One of each row.
constexpr std::string_view kMiddlePrefix[] = {"<|fim_prefix|>",  "<fim-prefix>", "<fim_prefix>",
                                              "<｜fim▁begin｜>", "<PRE>",        "▁<PRE>",
                                              "<|code_prefix|>", "<|prefix|>"};
constexpr std::string_view kMiddleSuffix[] = {"<|fim_suffix|>",  "<fim-suffix>", "<fim_suffix>",
                                              "<｜fim▁hole｜>",  "<SUF>",        "▁<SUF>",
                                              "<|code_suffix|>", "<|suffix|>"};
constexpr std::string_view kMiddleMiddle[] = {"<|fim_middle|>",  "<fim-middle>", "<fim_middle>",
                                              "<｜fim▁end｜>",   "<MID>",        "▁<MID>",
                                              "<|code_middle|>", "<|middle|>"};
/// Every token of this text ends a generation.
constexpr std::string_view kEndOfGeneration[] = {"<|eot_id|>",
                                                 "<|im_end|>",
                                                 "<|end|>",
                                                 "<|return|>",
                                                 "<|call|>",
                                                 "<|flush|>",
                                                 "<|calls|>",
                                                 "<end_of_turn>",
                                                 "<|endoftext|>",
                                                 "</s>",
                                                 "<|eom_id|>",
                                                 "<EOT>",
                                                 "_<EOT>",
                                                 "[EOT]",
                                                 "[EOS]",
                                                 "<|end_of_text|>",
                                                 "<end_of_utterance>",
                                                 "<eos>",
                                                 "<turn|>",
                                                 "<|tool_response>",
                                                 "<｜end▁of▁sentence｜>",
                                                 "[e~["};
/// Shown to the reader although files call them control tokens.
constexpr std::string_view kShown[] = {"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"};

class Resolver {
 public:
  Resolver(const PieceMap& map, Vocabulary* vocabulary) : map_(map), vocabulary_(*vocabulary) {}

  std::vector<std::int32_t> Run() {
    Vocabulary& v = vocabulary_;
    FindOne(kEndOfTurn, &v.eot_id);
    FindOne(kEndOfMessage, &v.eom_id);
    FindOne(kMiddlePadding, &v.fim_padding_id);
    FindOne(kMiddleRepository, &v.fim_repository_id);
    FindOne(kMiddleSeparator, &v.fim_separator_id);
    for (const Texts texts : {Texts(kMiddlePrefix), Texts(kMiddleSuffix), Texts(kMiddleMiddle)}) {
      std::int32_t id = kNoToken;
      FindOne(texts, &id);
    }
    for (const std::string_view text : kEndOfGeneration) {
      if (const std::int32_t id = Find(text); id != kNoToken) {
        SetType(id, TokenType::kControl);
        Add(id);
      }
    }
    for (const std::string_view text : kShown) {
      if (const std::int32_t id = Find(text); id != kNoToken) SetType(id, TokenType::kUserDefined);
    }
    for (const std::int32_t id : {v.eos_id, v.eot_id, v.eom_id, v.fim_padding_id,
                                  v.fim_repository_id, v.fim_separator_id}) {
      Add(id);
    }
    CorrectHarmonyFormats();
    std::sort(ends_.begin(), ends_.end());
    return std::move(ends_);
  }

 private:
  std::int32_t Find(std::string_view text) const { return map_.Find(vocabulary_.pieces, text); }

  bool Ends(std::string_view text) const {
    const std::int32_t id = Find(text);
    return id != kNoToken && std::find(ends_.begin(), ends_.end(), id) != ends_.end();
  }

  void Add(std::int32_t id) {
    if (id == kNoToken || std::find(ends_.begin(), ends_.end(), id) != ends_.end()) return;
    ends_.push_back(id);
  }

  void Remove(std::string_view text, TokenType type) {
    const std::int32_t id = Find(text);
    ends_.erase(std::find(ends_.begin(), ends_.end(), id));
    SetType(id, type);
  }

  void SetType(std::int32_t id, TokenType type) {
    if (vocabulary_.types.empty()) {
      vocabulary_.types.assign(vocabulary_.pieces.size(), TokenType::kNormal);
    }
    vocabulary_.types[static_cast<std::size_t>(id)] = type;
  }

  /// The lowest id among the texts that the vocabulary has, unless the file named one.
  void FindOne(Texts texts, std::int32_t* id) {
    if (*id != kNoToken) return;
    for (const std::string_view text : texts) {
      const std::int32_t found = Find(text);
      if (found != kNoToken && (*id == kNoToken || found < *id)) *id = found;
    }
    if (*id != kNoToken) SetType(*id, TokenType::kControl);
  }

  /// Formats in which "<|end|>" closes a part of an answer and "</s>" is ordinary text.
  void CorrectHarmonyFormats() {
    const bool call = Ends("<|call|>") || Ends("<|calls|>");
    if (Ends("<|end|>") && call && (Ends("<|return|>") || Ends("<|flush|>"))) {
      Remove("<|end|>", TokenType::kUserDefined);
    }
    if (Ends("</s>") && Ends("<|tool_response>")) Remove("</s>", TokenType::kNormal);
  }

  const PieceMap& map_;
  Vocabulary& vocabulary_;
  std::vector<std::int32_t> ends_;
};

}  // namespace

bool EndsGeneration(std::string_view text) {
  return std::find(std::begin(kEndOfGeneration), std::end(kEndOfGeneration), text) !=
         std::end(kEndOfGeneration);
}

std::vector<std::int32_t> ResolveSpecialTokens(const PieceMap& map, Vocabulary* vocabulary) {
  return Resolver(map, vocabulary).Run();
}

}  // namespace fovea::text
