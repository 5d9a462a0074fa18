// Folders without a tokenizer.json: an independent implementation's ids for each kind
// (tests/golden/vocabulary_files/reference.py, tests/golden/sentencepiece/reference.py), and
// folders that are wrong.
#include "engine/text/vocabulary_files/vocabulary_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/format/json.h"
#include "engine/text/base64.h"
#include "tests/platform/temporary_folder.h"
#include "tests/text/vocabularies.h"

namespace fovea::text {
namespace {

using format::JsonDocument;
using format::JsonValue;
using Ids = std::vector<std::int32_t>;

JsonDocument Fixture(const char* folder) {
  auto fixture = JsonDocument::Read(std::string(FOVEA_SOURCE_DIR) + "/tests/golden/" + folder +
                                    "/fixture.json");
  EXPECT_TRUE(fixture.ok()) << fixture.status().message();
  return std::move(fixture).value();
}

std::vector<JsonValue> Elements(const JsonValue& array) {
  std::vector<JsonValue> elements;
  for (const auto& [key, value] : array.members()) elements.push_back(value);
  return elements;
}

Ids IntsOf(const JsonValue& array) {
  Ids ids;
  for (const JsonValue& id : Elements(array)) {
    ids.push_back(static_cast<std::int32_t>(*id.Integer()));
  }
  return ids;
}

/// A folder with files.
class Folder {
 public:
  Folder& Write(std::string_view name, std::string_view contents) {
    std::ofstream(folder_.File(std::string(name)), std::ios::binary)
        .write(contents.data(), static_cast<std::streamsize>(contents.size()));
    return *this;
  }
  std::unique_ptr<Tokenizer> Read() const {
    auto tokenizer = ReadVocabularyFiles(folder_.path());
    EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    return tokenizer.ok() ? std::move(tokenizer).value() : nullptr;
  }
  std::string path() const { return folder_.path(); }
  /// The message without the folder's path; one line.
  std::string Error() const {
    const auto tokenizer = ReadVocabularyFiles(folder_.path());
    if (tokenizer.ok()) return "";
    std::string message = tokenizer.status().message();
    EXPECT_TRUE(message.starts_with(folder_.path())) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message.substr(folder_.path().size());
  }

 private:
  platform::TemporaryFolder folder_;
};

void WriteFiles(const JsonValue& row, Folder* folder) {
  for (const auto& [name, contents] : row.Find("files")->members()) {
    folder->Write(name, *contents.Text());
  }
  for (const auto& [name, contents] : row.Find("base64")->members()) {
    folder->Write(name, *DecodeBase64(*contents.Text()));
  }
}

void ExpectOrderedRanges(const std::vector<Token>& tokens, std::string_view text) {
  std::size_t covered = 0;
  for (const Token& token : tokens) {
    ASSERT_LE(covered, token.begin) << text;
    ASSERT_LE(token.begin, token.end) << text;
    covered = token.end;
  }
  ASSERT_LE(covered, text.size());
}

TEST(VocabularyFiles, GiveTheIdsOfTheReference) {
  const JsonDocument fixture = Fixture("vocabulary_files");
  int count = 0;
  int pairs = 0;
  for (const auto& [key, row] : fixture.root().members()) {
    SCOPED_TRACE(*row.Find("name")->Text());
    Folder folder;
    WriteFiles(row, &folder);
    const auto tokenizer = folder.Read();
    ASSERT_NE(tokenizer, nullptr);
    for (const auto& [unused, item] : row.Find("cases")->members()) {
      const auto parts = Elements(item);
      const std::vector<Token> tokens = TokensOf(*tokenizer, *parts[0].Text());
      ASSERT_EQ(TokenIds(tokens), IntsOf(parts[1])) << *parts[0].Text();
      ExpectOrderedRanges(tokens, *parts[0].Text());
      ++count;
    }
    for (const auto& [unused, item] : row.Find("pairs")->members()) {
      const auto parts = Elements(item);
      const auto pair = tokenizer->EncodePair(*parts[0].Text(), *parts[1].Text());
      ASSERT_TRUE(pair.ok()) << pair.status().message();
      ASSERT_EQ(TokenIds(pair->tokens), IntsOf(parts[2]));
      ASSERT_EQ(pair->segment_ids, IntsOf(parts[3]));
      ++pairs;
    }
  }
  EXPECT_EQ(count, 970);
  EXPECT_EQ(pairs, 90);
}

TEST(VocabularyFiles, SentencePieceModelsGiveTheIdsOfTheReference) {
  const JsonDocument fixture = Fixture("sentencepiece");
  int count = 0;
  for (const auto& [key, row] : fixture.root().Find("models")->members()) {
    Folder folder;
    folder.Write("spiece.model", *DecodeBase64(*row.Find("file")->Text()));
    folder.Write("config.json", R"({"model_type":"t5"})");
    const auto tokenizer = folder.Read();
    ASSERT_NE(tokenizer, nullptr);
    for (const auto& [unused, item] : row.Find("cases")->members()) {
      const auto parts = Elements(item);
      const std::vector<Token> tokens =
          TokensOf(*tokenizer, *parts[0].Text(), {.add_special = false});
      ASSERT_EQ(TokenIds(tokens), IntsOf(parts[1])) << *parts[0].Text();
      ExpectOrderedRanges(tokens, *parts[0].Text());
      ++count;
    }
  }
  EXPECT_EQ(count, 1'000);
}

class BertFolder : public Folder {
 public:
  BertFolder() {
    Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##aff\n##able\ncafe\n,\n");
  }
};

TEST(VocabularyFiles, WordPieceKnowsItsSpecialTokens) {
  const BertFolder folder;
  const auto t = folder.Read();
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(IdsOf(*t, "Unaffable, CAFÉ x"), (Ids{2, 5, 6, 7, 9, 8, 1, 3}));
  EXPECT_EQ(RangesOf(*t, "Un CAFÉ"), "0-0 0-2 3-8 8-8");
  EXPECT_EQ(IdsOf(*t, "un [MASK].", {.parse_special = true}), (Ids{2, 5, 4, 1, 3}));
  EXPECT_EQ(t->mask_id(), 4);
  EXPECT_EQ(t->padding_id(), 0);
  EXPECT_EQ(t->unknown_id(), 1);
  EXPECT_EQ(t->separator_id(), 3);
  EXPECT_EQ(t->bos_id(), 2);
  EXPECT_EQ(t->kind(), "wordpiece");
  EXPECT_EQ(Detokenize(*t, IdsOf(*t, "unable, cafe")), "unable , cafe");
}

TEST(VocabularyFiles, AddedTokensAreReadFromBothFiles) {
  BertFolder folder;
  folder.Write("added_tokens.json", R"({"Neue": 10})");
  const auto old = folder.Read();
  ASSERT_NE(old, nullptr);
  EXPECT_EQ(IdsOf(*old, "un neue"), (Ids{2, 5, 10, 3}));  // Looked for in the lowered text.
  folder.Write("tokenizer_config.json",
               R"({"added_tokens_decoder": {"11": {"content": "<x>", "special": true},
                   "12": {"content": "Yy", "normalized": false}}})");
  const auto t = folder.Read();
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(IdsOf(*t, "un Yy <x>", {.parse_special = true}), (Ids{2, 5, 12, 11, 3}));
  EXPECT_EQ(t->vocabulary_size(), 13U);
  EXPECT_TRUE(t->IsSpecial(11));
}

TEST(VocabularyFiles, RobertasMaskTakesTheSpaceBeforeIt) {
  const JsonDocument fixture = Fixture("vocabulary_files");
  for (const auto& [key, row] : fixture.root().members()) {
    if (*row.Find("name")->Text() != "roberta" && *row.Find("name")->Text() != "xlm-roberta") {
      continue;
    }
    Folder folder;
    WriteFiles(row, &folder);
    const auto t = folder.Read();
    ASSERT_NE(t, nullptr);
    const Ids ids = IdsOf(*t, "a <mask>", {.parse_special = true});
    ASSERT_GE(ids.size(), 4U);
    EXPECT_EQ(ids[ids.size() - 2], t->mask_id());
    EXPECT_EQ(ids[ids.size() - 1], t->separator_id());
    EXPECT_EQ(t->mask_id() + 1, static_cast<std::int32_t>(t->vocabulary_size()));
    EXPECT_EQ(TokensOf(*t, "a <mask>", {.parse_special = true})[ids.size() - 2].begin, 1U);
    EXPECT_EQ(Detokenize(*t, IdsOf(*t, "ab a")), "ab a");
  }
}

TEST(VocabularyFiles, T5HasExtraTokensBehindItsPieces) {
  const JsonDocument fixture = Fixture("vocabulary_files");
  for (const auto& [key, row] : fixture.root().members()) {
    if (*row.Find("name")->Text() != "t5") continue;
    Folder folder;
    WriteFiles(row, &folder);
    const auto t = folder.Read();
    ASSERT_NE(t, nullptr);
    const auto size = static_cast<std::int32_t>(t->vocabulary_size());
    EXPECT_EQ(IdsOf(*t, "<extra_id_0><extra_id_99>", {.parse_special = true}),
              (Ids{size - 1, size - 100, 1}));
    EXPECT_EQ(t->eos_id(), 1);
    EXPECT_TRUE(t->IsEndOfGeneration(1));
    folder.Write("tokenizer_config.json", R"({"extra_ids": 2})");
    EXPECT_EQ(folder.Read()->vocabulary_size(), static_cast<std::size_t>(size) - 98);
  }
}

TEST(VocabularyFiles, Gpt2MayBeginWithBos) {
  Folder folder;
  folder.Write("vocab.json", R"({"a": 0, "b": 1, "ab": 2, "<|endoftext|>": 3, "Ġ": 4})");
  folder.Write("merges.txt", "#version: 0.2\r\na b\r\n\r\n");
  folder.Write("tokenizer_config.json",
               R"({"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true})");
  const auto t = folder.Read();
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(IdsOf(*t, "ab a"), (Ids{3, 2, 4, 0}));
  EXPECT_EQ(IdsOf(*t, "a!"), (Ids{3, 0, 3}));  // "!" is unknown, which is <|endoftext|>.
  EXPECT_TRUE(t->IsEndOfGeneration(3));
  EXPECT_EQ(t->EncodePair("a", "b").status().code(), StatusCode::kUnsupported);
  folder.Write("tokenizer_config.json",
               R"({"tokenizer_class": "GPT2TokenizerFast", "add_prefix_space": true})");
  EXPECT_EQ(IdsOf(*folder.Read(), "ab"), (Ids{4, 2}));
}

TEST(VocabularyFiles, TokenizerJsonComesFirstWithTheSpecialTokensOfItsConfig) {
  BertFolder folder;
  folder.Write("tokenizer.json", R"({"model": {"type": "WordLevel", "unk_token": "?", "vocab": {
      "?": 0, "a": 1, "end": 2, "pad": 3}}, "added_tokens": [
      {"id": 4, "content": "<m>", "special": true}, {"id": 5, "content": "<|im_end|>",
       "special": true}]})");
  folder.Write("tokenizer_config.json", R"({"eos_token": "end", "pad_token": {"content": "pad"},
      "mask_token": "<m>", "unk_token": "?", "bos_token": "not there", "sep_token": null})");
  const auto t = ReadFolderTokenizer(folder.path());
  ASSERT_TRUE(t.ok()) << t.status().message();
  EXPECT_EQ((*t)->kind(), "wordlevel");
  EXPECT_EQ((*t)->eos_id(), 2);
  EXPECT_EQ((*t)->padding_id(), 3);
  EXPECT_EQ((*t)->mask_id(), 4);
  EXPECT_EQ((*t)->unknown_id(), 0);
  EXPECT_EQ((*t)->bos_id(), -1);
  EXPECT_TRUE((*t)->IsEndOfGeneration(2));
  EXPECT_TRUE((*t)->IsEndOfGeneration(5));
  EXPECT_FALSE((*t)->IsEndOfGeneration(4));
  folder.Write("tokenizer_config.json", "{");
  EXPECT_FALSE(ReadFolderTokenizer(folder.path()).ok());
  const BertFolder files;
  const auto word_piece = ReadFolderTokenizer(files.path());
  ASSERT_TRUE(word_piece.ok()) << word_piece.status().message();
  EXPECT_EQ((*word_piece)->kind(), "wordpiece");
}

TEST(VocabularyFiles, FoldersThatAreWrongGiveOneLine) {
  EXPECT_NE(Folder().Error().find(": there is no vocab.txt"), std::string::npos);
  const auto error_with = [](std::string_view name, std::string_view contents) {
    BertFolder folder;
    return folder.Write(name, contents).Error();
  };
  EXPECT_EQ(error_with("vocab.txt", ""), "/vocab.txt: is empty");
  EXPECT_EQ(error_with("vocab.txt", "[UNK]\n[CLS]\n[UNK]\n"), "/vocab.txt: has a token twice");
  EXPECT_EQ(error_with("vocab.txt", "[UNK]\n[CLS]\n"),
            "/vocab.txt: \"[SEP]\" is not in the vocabulary");
  EXPECT_EQ(error_with("vocab.txt", "a\n\xFF"), "/vocab.txt: is not valid UTF-8 at byte 2");
  EXPECT_EQ(error_with("vocab.txt", std::string(16'385, 'a')),
            "/vocab.txt: line 1 has 16385 bytes, the limit is 16384");
  EXPECT_EQ(error_with("tokenizer_config.json", R"({"tokenizer_class": "EsmTokenizer"})"),
            "/vocab.txt: what the tokenizer class 'esm' does beside its vocabulary is not known");
  EXPECT_EQ(error_with("tokenizer_config.json", R"({"do_lower_case": "yes"})"),
            "/tokenizer_config.json: do_lower_case must be true or false");
  EXPECT_EQ(error_with("tokenizer_config.json", R"({"unk_token": 7})"),
            "/tokenizer_config.json: unk_token: must be a text, or an object with content");
  EXPECT_EQ(error_with("tokenizer_config.json", "[]"), "/tokenizer_config.json: is no JSON object");
  EXPECT_EQ(
      error_with("tokenizer_config.json", R"({"added_tokens_decoder": {"x": {"content": "a"}}})"),
      "/tokenizer_config.json: added_tokens_decoder: an id is no number");
  EXPECT_EQ(error_with("tokenizer_config.json",
                       R"({"added_tokens_decoder": {"999999": {"content": "a"}}})"),
            "/vocab.txt: added_tokens: id 999999 is far beyond the vocabulary of 10 tokens");
  EXPECT_EQ(error_with("added_tokens.json", R"({"a": -1})"),
            "/added_tokens.json: the id of a token is no integer from 0 to 2147483647");
  EXPECT_EQ(error_with("added_tokens.json", R"({"a": 10, "b": 10})"),
            "/vocab.txt: two tokens have the id 10");

  const auto merges_error = [](std::string_view merges) {
    Folder folder;
    folder.Write("vocab.json", R"({"a": 0, "b": 1, "ab": 2})").Write("merges.txt", merges);
    return folder.Write("config.json", R"({"model_type": "gpt2"})").Error();
  };
  EXPECT_EQ(merges_error("a b\nab"), "/merges.txt: line 2 is not two texts with a space between");
  EXPECT_EQ(merges_error("a b c"), "/merges.txt: line 1 is not two texts with a space between");
  EXPECT_EQ(merges_error("#version\na x"),
            "/merges.txt: line 2 has a part or a result that is not in the vocabulary");
  Folder gpt2;
  gpt2.Write("merges.txt", "").Write("vocab.json", "{}");
  EXPECT_EQ(gpt2.Error(),
            "/vocab.json: what the tokenizer class '' does beside its vocabulary is not known");
  gpt2.Write("config.json", R"({"model_type": "gpt2"})");
  EXPECT_EQ(gpt2.Error(), "/vocab.json: is empty");
  gpt2.Write("vocab.json", R"({"a": "b"})");
  EXPECT_NE(gpt2.Error().find("/vocab.json: vocab: the id of a token"), std::string::npos);

  Folder spm;
  spm.Write("tokenizer.model", "not one").Write("config.json", R"({"model_type": "llama"})");
  EXPECT_NE(spm.Error().find("/tokenizer.model: byte 0: "), std::string::npos) << spm.Error();
  Folder marian;
  marian.Write("source.spm", std::string_view("\x0A\x03\x0A\x01"
                                              "a",
                                              5));
  marian.Write("config.json", R"({"model_type": "marian"})");
  EXPECT_EQ(marian.Error(), "/vocab.json: No such file or directory");
  marian.Write("vocab.json", R"({"a": 0, "</s>": 1})");
  EXPECT_EQ(marian.Error(), "/vocab.json: \"<unk>\" is not in the vocabulary");
}

TEST(VocabularyFiles, SettingsOfSentencePieceThatAreNotKnownAreRefused) {
  const auto error_of = [](std::string_view more) {
    std::string file("\x0A\x05\x0A\x03</s\x0A\x06\x0A\x04</s>\x0A\x05\x0A\x03", 19);
    file += "\xE2\x96\x81";
    file += more;
    Folder folder;
    folder.Write("spiece.model", file).Write("config.json", R"({"model_type": "t5"})");
    return folder.Error();
  };
  EXPECT_EQ(error_of(""), "");
  EXPECT_NE(error_of("\x12\x02\x18\x03").find("Unigram and BPE are supported"), std::string::npos);
  EXPECT_NE(error_of("\x12\x03\xC0\x01\x01").find("treat_whitespace_as_suffix"), std::string::npos);
  EXPECT_NE(error_of(std::string_view("\x1A\x02\x28\0", 4)).find("escape_whitespaces"),
            std::string::npos);
  EXPECT_NE(error_of("\x1A\x03\x12\x01z").find("the character map has less than 4 bytes"),
            std::string::npos);
  EXPECT_NE(error_of("\x0A\x06\x0A\x04</s>").find("/spiece.model: "), std::string::npos);
}

TEST(VocabularyFiles, DamagedSentencePieceModelsAreReadOrRefused) {
  const JsonDocument fixture = Fixture("sentencepiece");
  std::mt19937 random(7);
  for (const auto& [key, row] : fixture.root().Find("models")->members()) {
    const std::string good = *DecodeBase64(*row.Find("file")->Text());
    Folder folder;
    folder.Write("config.json", R"({"model_type": "t5"})");
    for (int round = 0; round < 40; ++round) {
      std::string bad = good;
      for (int i = 0; i < 3; ++i) bad[random() % bad.size()] = static_cast<char>(random());
      folder.Write("spiece.model", bad);
      const auto tokenizer = ReadVocabularyFiles(folder.path());
      if (!tokenizer.ok()) continue;
      // Whatever a file says, tokenizing ends with tokens or a message.
      (void)(*tokenizer)->Tokenize("ab① é\u0301 ﷺ xyz" + RandomText(&random, 6));
    }
  }
}

}  // namespace
}  // namespace fovea::text
