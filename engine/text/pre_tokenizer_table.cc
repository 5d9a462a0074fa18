#include "engine/text/pre_tokenizer_table.h"

namespace fovea::text {
namespace {

// Words with a leading space, numbers, runs of anything else, white space (GPT-2, 2019).
#define FOVEA_GPT2_WORDS \
  R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"
// English contractions in any case.
#define FOVEA_CONTRACTIONS R"('(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL]))"
// What the cl100k family does with words and with everything after numbers.
#define FOVEA_CL100K_WORD R"([^\r\n\p{L}\p{N}]?\p{L}+)"
#define FOVEA_CL100K_REST R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"
// Words that begin a new piece where an upper-case letter follows a lower-case one (ASCII only).
#define FOVEA_CASED_WORD(SUFFIX)                         \
  R"([^\r\n\p{L}\p{N}]?[^\P{L}a-z]*[^\P{L}A-Z]+)" SUFFIX \
  "|"                                                    \
  R"([^\r\n\p{L}\p{N}]?[^\P{L}a-z]+[^\P{L}A-Z]*)" SUFFIX
#define FOVEA_CASED_REST R"( ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"

constexpr std::string_view kDefault[] = {R"([\p{P}$+<=>^~|]+)", FOVEA_GPT2_WORDS, R"(\p{N}+)",
                                         "[0-9][0-9][0-9]"};
constexpr std::string_view kGpt2[] = {FOVEA_GPT2_WORDS};
constexpr std::string_view kSingleDigits[] = {R"(\p{N})", FOVEA_GPT2_WORDS};
constexpr std::string_view kFalcon[] = {R"([\p{P}$+<=>^~|`]+)", FOVEA_GPT2_WORDS,
                                        "[0-9][0-9][0-9]"};
constexpr std::string_view kLlama3[] = {FOVEA_CONTRACTIONS "|" FOVEA_CL100K_WORD
                                                           R"(|\p{N}{1,3}|)" FOVEA_CL100K_REST};
constexpr std::string_view kQwen2[] = {FOVEA_CONTRACTIONS "|" FOVEA_CL100K_WORD
                                                          R"(|\p{N}|)" FOVEA_CL100K_REST};
constexpr std::string_view kTekken[] = {FOVEA_CASED_WORD("") R"(|\p{N}|)" FOVEA_CASED_REST};
constexpr std::string_view kGpt4o[] = {
    FOVEA_CASED_WORD("(?:" FOVEA_CONTRACTIONS ")?") R"(|\p{N}{1,3}|)" FOVEA_CASED_REST};

#undef FOVEA_GPT2_WORDS
#undef FOVEA_CONTRACTIONS
#undef FOVEA_CL100K_WORD
#undef FOVEA_CL100K_REST
#undef FOVEA_CASED_WORD
#undef FOVEA_CASED_REST

struct Row {
  std::string_view name;
  PreTokenizerRules rules;
};

constexpr PreTokenizerRules kGpt2Rules = {.patterns = kGpt2};
constexpr PreTokenizerRules kDigitRules = {.patterns = kSingleDigits};
constexpr PreTokenizerRules kQwen2Rules = {.patterns = kQwen2};
constexpr PreTokenizerRules kCl100kRules = {.patterns = kLlama3};
constexpr PreTokenizerRules kLlama3Rules = {
    .patterns = kLlama3, .whole_words_first = true, .add_bos = true};
constexpr PreTokenizerRules kGlm4Rules = {.patterns = kLlama3, .has_bos = false};
constexpr PreTokenizerRules kGpt4oRules = {.patterns = kGpt4o};

constexpr Row kRows[] = {
    {"default", {.patterns = kDefault}},
    {"gpt-2", kGpt2Rules},
    {"phi-2", kGpt2Rules},
    {"jina-es", kGpt2Rules},
    {"jina-de", kGpt2Rules},
    {"gigachat", kGpt2Rules},
    {"jina-v1-en", kGpt2Rules},
    {"jina-v2-es", kGpt2Rules},
    {"jina-v2-de", kGpt2Rules},
    {"jina-v2-code", kGpt2Rules},
    {"roberta-bpe", kGpt2Rules},
    {"a.x-4.0", kGpt2Rules},
    {"mellum", kGpt2Rules},
    {"modern-bert", kGpt2Rules},
    {"exaone4", kGpt2Rules},
    {"mpt", kGpt2Rules},
    {"olmo", kGpt2Rules},
    {"jais", kGpt2Rules},
    {"trillion", kGpt2Rules},
    {"granite-docling", kGpt2Rules},
    {"starcoder", kDigitRules},
    {"refact", kDigitRules},
    {"command-r", kDigitRules},
    {"smollm", kDigitRules},
    {"codeshell", kDigitRules},
    {"exaone", kDigitRules},
    {"minerva-7b", kDigitRules},
    {"mellum2", kDigitRules},
    {"llama-bpe", kLlama3Rules},
    {"llama3", kLlama3Rules},
    {"llama-v3", kLlama3Rules},
    {"falcon3", kLlama3Rules},
    {"falcon-h1", kLlama3Rules},
    {"pixtral", kLlama3Rules},
    {"midm-2.0", kLlama3Rules},
    {"lfm2", kLlama3Rules},
    {"jina-v5-nano", kLlama3Rules},
    {"dbrx", kCl100kRules},
    {"smaug-bpe", kCl100kRules},
    {"chatglm-bpe", kGlm4Rules},
    {"glm4", kGlm4Rules},
    {"qwen2", kQwen2Rules},
    {"stablelm2", kQwen2Rules},
    {"deepseek-r1-qwen", kQwen2Rules},
    {"kormo", kQwen2Rules},
    {"f2llmv2", kQwen2Rules},
    {"megrez", kQwen2Rules},
    {"hunyuan", kQwen2Rules},
    {"solar-open", kQwen2Rules},
    {"grok-2", kQwen2Rules},
    {"falcon", {.patterns = kFalcon}},
    {"tekken", {.patterns = kTekken, .whole_words_first = true, .add_bos = true}},
    {"gpt-4o", kGpt4oRules},
    {"llama4", kGpt4oRules},
    {"kanana2", kGpt4oRules},
};

}  // namespace

const PreTokenizerRules* FindPreTokenizer(std::string_view name) {
  if (name.empty()) name = "default";
  for (const Row& row : kRows) {
    if (row.name == name) return &row.rules;
  }
  return nullptr;
}

std::string PreTokenizerNames() {
  std::string names;
  for (const Row& row : kRows) {
    if (!names.empty()) names += ", ";
    names += row.name;
  }
  return names;
}

}  // namespace fovea::text
