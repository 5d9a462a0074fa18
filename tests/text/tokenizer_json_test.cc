// tokenizer.json: every component against an independent implementation (tests/golden/
// tokenizer_json/reference.py), whole tokenizers, and files that are wrong.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "engine/format/json.h"
#include "engine/text/tokenizer_json/json_tokenizer.h"
#include "engine/text/tokenizer_json/normalizer.h"
#include "engine/text/tokenizer_json/splitter.h"
#include "engine/text/tokenizer_json/unicode.h"
#include "engine/text/tokenizer_json/word_model.h"
#include "tests/golden/npz_reader.h"
#include "tests/text/vocabularies.h"

namespace fovea::text {
namespace {

using format::JsonDocument;
using format::JsonValue;

std::unique_ptr<Tokenizer> FromJson(std::string json) {
  const auto document = JsonDocument::Parse(std::move(json), "tokenizer.json");
  EXPECT_TRUE(document.ok()) << document.status().message();
  if (!document.ok()) return nullptr;
  auto tokenizer = CreateTokenizer(*document);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  return tokenizer.ok() ? std::move(tokenizer).value() : nullptr;
}

std::string ErrorOf(std::string json) {
  const auto document = JsonDocument::Parse(std::move(json), "tokenizer.json");
  if (!document.ok()) return document.status().message();
  const auto tokenizer = CreateTokenizer(*document);
  return tokenizer.ok() ? "" : tokenizer.status().message();
}

/// Calls check(component, text, expected) for every case of a list of the fixture; returns how
/// many.
template <typename Check>
int ForEachCase(std::string_view list, const Check& check) {
  const auto fixture = JsonDocument::Read(std::string(FOVEA_SOURCE_DIR) +
                                          "/tests/golden/tokenizer_json/fixture.json");
  EXPECT_TRUE(fixture.ok()) << fixture.status().message();
  if (!fixture.ok()) return 0;
  int count = 0;
  for (const auto& [key, row] : fixture->root().Find(list)->members()) {
    const Fields component(*fixture, *row.Find("component"), std::string(list));
    for (const auto& [unused, item] : row.Find("cases")->members()) {
      std::vector<JsonValue> pair;
      for (const auto& [no_key, part] : item.members()) pair.push_back(part);
      check(component, *pair[0].Text(), pair[1]);
      if (::testing::Test::HasFatalFailure()) return count;
      ++count;
    }
  }
  return count;
}

TEST(TokenizerJson, NormalizersDoWhatTheReferenceDoes) {
  const int count = ForEachCase(
      "normalizers", [](const Fields& component, std::string_view text, const JsonValue& expected) {
        std::vector<NormalizerStep> steps;
        const Status read = ReadNormalizer(component, &steps);
        ASSERT_TRUE(read.ok()) << read.message();
        AlignedText normalized = AlignedText::Of(text, 0);
        for (const NormalizerStep& step : steps) ASSERT_TRUE(step(&normalized).ok());
        ASSERT_EQ(normalized.text(), *expected.Text()) << component.type() << " of " << text;
        for (std::size_t i = 0; i < normalized.size(); ++i) {
          const ByteRange source = normalized.Source(i, i + 1);
          ASSERT_LE(source.begin, source.end);
          ASSERT_LE(source.end, text.size());
        }
      });
  EXPECT_GE(count, 1'000);
}

TEST(TokenizerJson, PreTokenizersDoWhatTheReferenceDoes) {
  const int count = ForEachCase("pre_tokenizers", [](const Fields& component, std::string_view text,
                                                     const JsonValue& expected) {
    std::vector<SplitterStep> steps;
    const Status read = ReadSplitter(component, &steps);
    ASSERT_TRUE(read.ok()) << read.message();
    CutText cut;
    cut.text = AlignedText::Of(text, 0);
    cut.EndPiece(0);
    for (const SplitterStep& step : steps) ASSERT_TRUE(step(&cut).ok());
    std::vector<std::string> pieces;
    pieces.reserve(cut.pieces.size());
    for (const ByteRange& piece : cut.pieces) pieces.emplace_back(cut.Piece(piece));
    std::vector<std::string> wanted;
    for (const auto& [key, piece] : expected.members()) wanted.emplace_back(*piece.Text());
    std::string behavior;
    ASSERT_TRUE(component.Read("behavior", &behavior).ok());
    ASSERT_EQ(pieces, wanted) << component.type() << " " << behavior << " of " << text;
  });
  EXPECT_GE(count, 1'300);
}

TEST(TokenizerJson, ModelsDoWhatTheReferenceDoes) {
  const int count = ForEachCase(
      "models", [](const Fields& component, std::string_view text, const JsonValue& expected) {
        const auto model = ReadWordModel(component);
        ASSERT_TRUE(model.ok()) << model.status().message();
        std::vector<PieceToken> tokens;
        const Status status = (*model)->Tokenize(text, &tokens);
        ASSERT_TRUE(status.ok()) << status.message();
        std::vector<std::int64_t> ids;
        for (const PieceToken& token : tokens) {
          ids.push_back(token.id);
          ASSERT_LT(token.begin, token.end);
          ASSERT_LE(token.end, text.size());
        }
        std::vector<std::int64_t> wanted;
        for (const auto& [key, id] : expected.members()) wanted.push_back(*id.Integer());
        ASSERT_EQ(ids, wanted) << component.type() << " of " << text;
      });
  EXPECT_GE(count, 1'300);
}

constexpr std::string_view kWords =
    R"("model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"a":1,"b":2,"c":3,"[CLS]":4}})";

/// A tokenizer of words with more fields.
std::string Words(std::string_view more) {
  return "{" + std::string(kWords) + ",\"pre_tokenizer\":{\"type\":\"Whitespace\"}" +
         (more.empty() ? "" : ",") + std::string(more) + "}";
}

TEST(TokenizerJson, ATemplatePutsIdsAroundTheText) {
  const auto t = FromJson(Words(
      R"("post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[CLS]",
      "type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"E","type_id":0}}],
      "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[4],"tokens":["[CLS]"]},
      "E":{"id":"E","ids":[3,2],"tokens":["c","b"]}}})"));
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(IdsOf(*t, "a x"), (std::vector<std::int32_t>{4, 1, 0, 3, 2}));
  EXPECT_EQ(RangesOf(*t, "a x"), "0-0 0-1 2-3 3-3 3-3");
  EXPECT_EQ(IdsOf(*t, "", {.add_special = false}), std::vector<std::int32_t>{});
  EXPECT_EQ(t->bos_id(), 4);
  EXPECT_EQ(t->eos_id(), 2);
  EXPECT_EQ(t->kind(), "wordlevel");
  EXPECT_EQ(t->vocabulary_size(), 5U);
}

TEST(TokenizerJson, BertAndRobertaTemplates) {
  for (const char* type : {"BertProcessing", "RobertaProcessing"}) {
    const auto t = FromJson(Words(std::string(R"("post_processor":{"type":"Sequence","processors":[
        {"type":"ByteLevel"},{"type":")") +
                                  type + R"(","sep":["b",2],"cls":["[CLS]",4]}]})"));
    ASSERT_NE(t, nullptr);
    EXPECT_EQ(IdsOf(*t, "a"), (std::vector<std::int32_t>{4, 1, 2}));
  }
}

TEST(TokenizerJson, PairsOfTextsHaveTheFormOfTheTemplate) {
  using Ids = std::vector<std::int32_t>;
  const std::string specials = R"("special_tokens":{"[CLS]":{"id":"[CLS]","ids":[4],"tokens":[
      "[CLS]"]},"E":{"id":"E","ids":[3,2],"tokens":["c","b"]}})";
  const std::string single = R"("single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":
      {"id":"A","type_id":0}}],)";
  const auto with_pair = [&](const std::string& pair) {
    return Words(R"("post_processor":{"type":"TemplateProcessing",)" + single + pair + specials +
                 "}");
  };
  const auto t = FromJson(with_pair(R"("pair":[{"Sequence":{"id":"B","type_id":7}},{"SpecialToken":
      {"id":"E","type_id":2}},{"Sequence":{"id":"A","type_id":1}}],)"));
  ASSERT_NE(t, nullptr);
  const auto pair = t->EncodePair("a x", "b");
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(TokenIds(pair->tokens), (Ids{2, 3, 2, 1, 0}));
  EXPECT_EQ(pair->segment_ids, (Ids{7, 2, 2, 1, 1}));
  EXPECT_EQ(pair->first_begin, 3U);
  EXPECT_EQ(pair->second_end, 1U);

  const auto pairs_of = [](const char* processors) {
    const auto tokenizer = FromJson(Words("\"post_processor\":" + std::string(processors)));
    EXPECT_NE(tokenizer, nullptr);
    return tokenizer->EncodePair("a", "b");
  };
  const auto bert = pairs_of(R"({"type":"BertProcessing","sep":["b",2],"cls":["[CLS]",4]})");
  ASSERT_TRUE(bert.ok());
  EXPECT_EQ(TokenIds(bert->tokens), (Ids{4, 1, 2, 2, 2}));
  EXPECT_EQ(bert->segment_ids, (Ids{0, 0, 0, 1, 1}));
  const auto roberta = pairs_of(R"({"type":"Sequence","processors":[{"type":"ByteLevel"},
      {"type":"RobertaProcessing","sep":["b",2],"cls":["[CLS]",4]}]})");
  ASSERT_TRUE(roberta.ok());
  EXPECT_EQ(TokenIds(roberta->tokens), (Ids{4, 1, 2, 2, 2, 2}));
  EXPECT_EQ(roberta->segment_ids, (Ids{0, 0, 0, 0, 0, 0}));

  // Two forms would have to be combined; without a post-processor there is none.
  EXPECT_EQ(pairs_of(R"({"type":"Sequence","processors":[
      {"type":"BertProcessing","sep":["b",2],"cls":["[CLS]",4]},
      {"type":"BertProcessing","sep":["b",2],"cls":["[CLS]",4]}]})")
                .status()
                .code(),
            StatusCode::kUnsupported);
  EXPECT_EQ(pairs_of("null").status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(FromJson(with_pair(""))->EncodePair("a", "b").status().code(),
            StatusCode::kUnsupported);

  for (const char* wrong :
       {R"("pair":{},)", R"("pair":[],)", R"("pair":[{"Sequence":{"id":"A","type_id":0}}],)",
        R"("pair":[{"Sequence":{"id":"A"}},{"Sequence":{"id":"A"}}],)",
        R"("pair":[{"Sequence":{"id":"C"}}],)", R"("pair":[{"Other":{"id":"A"}}],)",
        R"("pair":[{"Sequence":{"id":"A","type_id":-1}},{"Sequence":{"id":"B"}}],)",
        R"("pair":[{"SpecialToken":{"id":"none"}}],)"}) {
    EXPECT_NE(ErrorOf(with_pair(wrong)).find("post_processor: "), std::string::npos) << wrong;
  }
}

TEST(TokenizerJson, SpecialIdsAreFoundByTheirUsualTexts) {
  const auto t = FromJson(Words(R"("added_tokens":[{"id":5,"content":"[MASK]","special":true},
      {"id":6,"content":"<pad>","special":true},{"id":7,"content":"[SEP]","special":true},
      {"id":8,"content":"[UNK]","special":false}])"));
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(t->mask_id(), 5);
  EXPECT_EQ(t->padding_id(), 6);
  EXPECT_EQ(t->separator_id(), 7);
  EXPECT_EQ(t->unknown_id(), -1);
  EXPECT_EQ(t->bos_id(), -1);
}

std::string Added(std::string_view fields) {
  return Words("\"added_tokens\":[{\"id\":7,\"content\":\"<x>\"" + std::string(fields) + "}]");
}

TEST(TokenizerJson, AddedTokensAreCutOutAsTheirFlagsSay) {
  const auto ids = [](std::string_view fields, std::string_view text, bool parse_special = false) {
    const auto t = FromJson(Added(fields));
    return t == nullptr ? std::vector<std::int32_t>{}
                        : IdsOf(*t, text, {.parse_special = parse_special});
  };
  using Ids = std::vector<std::int32_t>;
  EXPECT_EQ(ids(R"(,"special":false)", "a<x>b"), (Ids{1, 7, 2}));
  EXPECT_EQ(ids(R"(,"special":true)", "a<x>b", true), (Ids{1, 7, 2}));
  EXPECT_EQ(ids(R"(,"special":true)", "a<x>b"), (Ids{1, 0, 0, 0, 2}));
  EXPECT_EQ(ids(R"(,"single_word":true)", "a<x>b <x> b"), (Ids{1, 0, 0, 0, 2, 7, 2}));
  const auto left = FromJson(Added(R"(,"lstrip":true)"));
  EXPECT_EQ(RangesOf(*left, "a  <x>  b"), "0-1 1-6 8-9");
  const auto right = FromJson(Added(R"(,"rstrip":true)"));
  EXPECT_EQ(RangesOf(*right, "a  <x>  b"), "0-1 3-8 8-9");
  EXPECT_EQ(left->vocabulary_size(), 8U);
}

TEST(TokenizerJson, NormalizedAddedTokensAreFoundInTheNormalizedText) {
  const std::string lower = R"("normalizer":{"type":"Lowercase"},)";
  const auto t = FromJson(Words(lower + R"("added_tokens":[
      {"id":7,"content":"<X>","normalized":true},{"id":8,"content":"<Y>","normalized":false}])"));
  EXPECT_EQ(IdsOf(*t, "A<x>a<X><Y><y>"), (std::vector<std::int32_t>{1, 7, 1, 7, 8, 0, 0, 0}));
  EXPECT_EQ(RangesOf(*t, "A<x>"), "0-1 1-4");
}

TEST(TokenizerJson, TheLongestAddedTokenWins) {
  const auto t = FromJson(Words(R"("added_tokens":[{"id":7,"content":"aa"},{"id":8,"content":"aab"},
      {"id":9,"content":"b","special":true}])"));
  EXPECT_EQ(IdsOf(*t, "aaaab"), (std::vector<std::int32_t>{7, 8}));
  // Tokens that are not normalized, as special ones are unless the file says so, come first.
  EXPECT_EQ(IdsOf(*t, "aaaab", {.parse_special = true}), (std::vector<std::int32_t>{7, 7, 9}));
  EXPECT_TRUE(t->IsSpecial(9));
  EXPECT_FALSE(t->IsSpecial(8));
  EXPECT_EQ(t->PieceBytes(9), "");
  EXPECT_EQ(t->PieceBytes(8), "aab");
  EXPECT_EQ(t->DisplayPiece(9), "b");
  EXPECT_EQ(t->DisplayPiece(99), "<99?>");
}

TEST(TokenizerJson, RangesNameTheOriginalBytes) {
  const auto t = FromJson(
      R"({"normalizer":{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"},
      {"type":"Lowercase"}]},"pre_tokenizer":{"type":"BertPreTokenizer"},
      "model":{"type":"WordPiece","vocab":{"[UNK]":0,"caf":1,"##e":2,"!":3}}})");
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(IdsOf(*t, " CAFÉ! zoo"), (std::vector<std::int32_t>{1, 2, 3, 0}));
  EXPECT_EQ(RangesOf(*t, " CAFÉ! zoo"), "1-4 4-6 6-7 8-11");
}

TEST(TokenizerJson, DecodersGiveBackTheText) {
  const auto bytes = FromJson(
      R"({"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"decoder":{"type":
      "ByteLevel"},"model":{"type":"BPE","merges":["Ġ a"],"vocab":{"a":0,"Ġ":1,"Ġa":2,"Ã":3,"©":4,
      "Ċ":5}}})");
  EXPECT_EQ(IdsOf(*bytes, "a aé\n"), (std::vector<std::int32_t>{0, 2, 3, 4, 5}));
  ExpectCoversAndComesBack(*bytes, "a a\n");
  const auto llama = FromJson(
      R"({"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
      {"type":"Replace","pattern":{"String":" "},"content":"▁"}]},"decoder":{"type":"Sequence",
      "decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},
      {"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},"model":{"type":"BPE",
      "byte_fallback":true,"merges":["▁ a"],"vocab":{"a":0,"▁":1,"▁a":2,"<0x0A>":3}}})");
  EXPECT_EQ(IdsOf(*llama, "a a\n"), (std::vector<std::int32_t>{2, 2, 3}));
  EXPECT_EQ(Detokenize(*llama, IdsOf(*llama, "a a\n")), "a a\n");
  const auto pieces = FromJson(
      R"({"decoder":{"type":"WordPiece","prefix":"##"},"pre_tokenizer":{"type":"BertPreTokenizer"},
      "model":{"type":"WordPiece","vocab":{"[UNK]":0,"a":1,"##b":2}}})");
  EXPECT_EQ(Detokenize(*pieces, IdsOf(*pieces, "ab a")), "ab a");
  const auto metaspace = FromJson(
      R"({"decoder":{"type":"Metaspace","replacement":"▁","add_prefix_space":true},"pre_tokenizer":
      {"type":"Metaspace","replacement":"▁","add_prefix_space":true},"model":{"type":"Unigram",
      "unk_id":0,"vocab":[["<unk>",0],["▁a",-1],["b",-2]]}})");
  EXPECT_EQ(Detokenize(*metaspace, IdsOf(*metaspace, "ab a")), "ab a");
  EXPECT_TRUE(metaspace->adds_space_prefix());
}

TEST(TokenizerJson, WhatIsNotKnownOrWrongIsRefusedByName) {
  const std::string model = "{" + std::string(kWords) + ",";
  const struct {
    std::string json, message;
  } rows[] = {
      {"[]", "is no JSON object"},
      {"{}", "model is missing"},
      {R"({"model":{}})", "model: vocab is missing"},
      {R"({"model":{"type":"BPE","vocab":{}}})", "model: vocab is empty"},
      {R"({"model":{"type":"Neural","vocab":{"a":0}}})", "the model 'Neural' is not supported"},
      {R"({"model":{"type":"Unigram","vocab":{"a":0}}})", "model: vocab has the wrong form"},
      {R"({"model":{"type":"BPE","vocab":[["a",0]]}})", "model: vocab has the wrong form"},
      {R"({"model":{"type":"WordLevel","vocab":{"a":-1}}})", "the id of a token is not an integer"},
      {R"({"model":{"type":"WordLevel","vocab":{"a":1.5}}})",
       "the id of a token is not an integer"},
      {R"({"model":{"type":"WordLevel","vocab":{"a":4000000000}}})", "is not an integer below"},
      {R"({"model":{"type":"WordLevel","vocab":{"a":0,"b":0}}})", "two tokens have the id 0"},
      {R"({"model":{"type":"WordPiece","vocab":{"a":0}}})", "unk_token \"[UNK]\" is not in the"},
      {R"({"model":{"type":"WordPiece","vocab":{"[UNK]":0},"max_input_chars_per_word":5000}})",
       "max_input_chars_per_word is 5000, the limit is 1000"},
      {R"({"model":{"type":"BPE","vocab":{"a":0}}})", "model: merges must be an array"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a"]}})", "merges[0] is not two texts"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a a a"]}})", "merges[0] is not two"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[["a"]]}})",
       "merges[0] is not two texts"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[["a",1]]}})", "merges[0] is not two"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}})", "merges[0] has a part or a"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}})", "dropout is not"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"u"}})",
       "unk_token \"u\""},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[],"fuse_unk":1}})", "fuse_unk must be"},
      {R"({"model":{"type":"Unigram","vocab":[["a"]]}})", "vocab[0] is not a text and a finite"},
      {R"({"model":{"type":"Unigram","vocab":[["a",1e999]]}})", "vocab[0] is not a text and a"},
      {R"({"model":{"type":"Unigram","vocab":[[1,"a"]]}})", "vocab[0] is not a text and a finite"},
      {R"({"model":{"type":"Unigram","vocab":[["a",0]],"unk_id":1}})", "unk_id is beyond the"},
      {R"({"model":{"type":"Unigram","vocab":[["a",0],["a",0]]}})", "vocab has a token twice"},
      {model + R"("normalizer":{"type":"Magic"}})", "normalizer: the normalizer 'Magic' is not"},
      {model + R"("normalizer":{}})", "normalizer: the normalizer '' is not supported"},
      {model + R"("normalizer":7})", "normalizer: the normalizer '' is not supported"},
      {model + R"("normalizer":{"type":"Sequence","normalizers":[{"type":"Nmt"}]}})",
       "normalizer.normalizers: the normalizer 'Nmt' is not supported"},
      {model + R"("normalizer":{"type":"Sequence"}})", "normalizers must be an array"},
      {model + R"("normalizer":{"type":"Replace","content":""}})", "pattern must be {\"String\""},
      {model + R"("normalizer":{"type":"Replace","pattern":{"Regex":"("},"content":""}})",
       "normalizer: the regular expression does not compile: "},
      {model + R"("normalizer":{"type":"Replace","pattern":{"Regex":"[a&&b]"},"content":""}})",
       "regular expressions with && are not supported"},
      {model + R"("normalizer":{"type":"Precompiled","precompiled_charsmap":"?"}})", "not base64"},
      {model + R"("normalizer":{"type":"Precompiled","precompiled_charsmap":"AAA="}})",
       "less than 4"},
      {model + R"("normalizer":{"type":"Precompiled","precompiled_charsmap":"/////wAAAAA="}})",
       "the trie of the character map does not fit"},
      {model + R"("normalizer":{"type":"Prepend","prepend":")" + std::string(2000, 'x') + "\"}}",
       "prepend has 2000 bytes, the limit is 1024"},
      {model + R"("pre_tokenizer":{"type":"UnicodeScripts"}})",
       "pre_tokenizer: the pre-tokenizer 'UnicodeScripts' is not supported"},
      {model + R"("pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"Odd"}})",
       "behavior \"Odd\" is not supported"},
      {model + R"("pre_tokenizer":{"type":"Metaspace","replacement":"ab"}})", "one character"},
      {model + R"("pre_tokenizer":{"type":"Metaspace","prepend_scheme":"odd"}})", "\"odd\" is not"},
      {model + R"("post_processor":{"type":"Odd"}})", "the post-processor 'Odd' is not supported"},
      {model + R"("post_processor":{"type":"TemplateProcessing","single":[]}})", "no Sequence"},
      {model + R"("post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":
       "x"}}],"special_tokens":{}}})",
       "special_tokens has no ids for \"x\""},
      {model + R"("post_processor":{"type":"BertProcessing","cls":["a",1],"sep":["b",99]}})",
       "post_processor: id 99 is beyond the vocabulary of 5 tokens"},
      {model + R"("post_processor":{"type":"BertProcessing","cls":["a",1],"sep":["b",-1]}})",
       "sep must be a text and an id"},
      {model + R"("decoder":{"type":"Odd"}})", "decoder: the decoder 'Odd' is not supported"},
      {model + R"("added_tokens":{}})", "added_tokens: must be an array"},
      {model + R"("added_tokens":[{"content":"a"}]})", "added_tokens[0]: id is missing"},
      {model + R"("added_tokens":[{"id":-1,"content":"a"}]})", "id must be an integer from 0"},
      {model + R"("added_tokens":[{"id":2000000000,"content":"a"}]})", "far beyond the vocabulary"},
      {model + R"("added_tokens":[{"id":1,"content":7}]})", "content must be a string"},
      {model + R"("added_tokens":[{"id":8,"content":"a"},{"id":8,"content":"b"}]})",
       "have the id 8"},
      {model + R"("added_tokens":[{"id":8,"content":")" + std::string(600, 'x') + "\"}]}",
       "content has 600 bytes, the limit is 512"},
  };
  for (const auto& row : rows) {
    const std::string message = ErrorOf(row.json);
    EXPECT_TRUE(message.starts_with("tokenizer.json: ")) << row.json << "\n" << message;
    EXPECT_NE(message.find(row.message), std::string::npos) << row.json << "\n" << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
}

TEST(TokenizerJson, HostileStepsAreStopped) {
  std::string steps;
  for (int i = 0; i < 60; ++i) {
    steps += R"({"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaa"},)";
  }
  steps.pop_back();
  const auto t =
      FromJson(Words("\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[" + steps + "]}"));
  const auto tokens = t->Tokenize("aaaa", {});
  ASSERT_FALSE(tokens.ok());
  EXPECT_EQ(tokens.status().code(), StatusCode::kLimitExceeded);
  const auto slow = FromJson("{" + std::string(kWords) +
                             R"(,"pre_tokenizer":{"type":"Split","behavior":"Isolated","pattern":
                             {"Regex":"(a|aa)+$"}}})");
  const auto stopped = slow->Tokenize(std::string(100, 'a') + "b", {});
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.status().code(), StatusCode::kLimitExceeded);
}

TEST(TokenizerJson, DamagedFilesAreReadOrRefused) {
  const std::string good = Words(
      R"("normalizer":{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Replace","pattern":
      {"Regex":"[0-9]+"},"content":"1"}]},"decoder":{"type":"WordPiece","prefix":"##"},"added_tokens":
      [{"id":7,"content":"<x>","special":true,"lstrip":true}],"post_processor":{"type":
      "BertProcessing","sep":["b",2],"cls":["[CLS]",4]})");
  constexpr std::string_view kBytes = "{}[]\",:0123456789-.eabcdtrufalsn\\+*()?";
  std::mt19937 random(3);
  int good_ones = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string json = good;
    for (std::size_t edits = 1 + random() % 3; edits > 0; --edits) {
      json[random() % json.size()] = kBytes[random() % kBytes.size()];
    }
    const auto document = JsonDocument::Parse(json, "tokenizer.json");
    if (!document.ok()) continue;
    const auto tokenizer = CreateTokenizer(*document);
    if (!tokenizer.ok()) continue;
    ++good_ones;
    const auto tokens = (*tokenizer)->Tokenize("a <x> b é½ 12 c", {.parse_special = true});
    if (!tokens.ok()) continue;
    for (const Token& token : *tokens) {
      ASSERT_GE(token.id, 0);
      ASSERT_LT(static_cast<std::size_t>(token.id), (*tokenizer)->vocabulary_size());
      (*tokenizer)->DisplayPiece(token.id);
    }
  }
  EXPECT_GT(good_ones, 100);
}

TEST(TokenizerJson, ReadsTheTokenizerOfReactions) {
  const std::string path =
      std::string(FOVEA_REFERENCE_DIR) + "/models/albert-rxnmapper/tokenizer.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  const auto tokenizer = ReadTokenizerJson(path);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  const Tokenizer& t = **tokenizer;
  EXPECT_EQ(t.vocabulary_size(), 591U);
  EXPECT_EQ(t.bos_id(), 12);
  EXPECT_EQ(t.eos_id(), 13);
  std::vector<std::string> pieces;
  for (const std::int32_t id : IdsOf(t, "CC(=O)OCl>>Br[Na+] %12"))
    pieces.push_back(t.DisplayPiece(id));
  EXPECT_EQ(pieces, (std::vector<std::string>{"[CLS]", "␣C", "␣C", "␣(", "␣=", "␣O", "␣)", "␣O",
                                              "␣Cl", "␣>>", "␣Br", "␣[Na+]", "␣%12", "[SEP]"}));
  EXPECT_EQ(RangesOf(t, "C [Na+]"), "0-0 0-1 2-7 7-7");
}

TEST(TokenizerJson, GivesTheIdsOfTheReactionGoldens) {
  const std::filesystem::path folder =
      std::string(FOVEA_REFERENCE_DIR) + "/models/albert-rxnmapper";
  if (!std::filesystem::exists(folder / "golden")) GTEST_SKIP() << folder << " is not there";
  const auto tokenizer = ReadTokenizerJson((folder / "tokenizer.json").string());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  int goldens = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "golden")) {
    if (entry.path().extension() != ".npz") continue;
    std::string error;
    const auto arrays = fovea::testing::ReadNpz(entry.path().string(), &error);
    ASSERT_FALSE(arrays.empty()) << error;
    EXPECT_EQ(IdsOf(**tokenizer, arrays.at("prompt").Text(), {.parse_special = true}),
              arrays.at("tokens").Ints())
        << entry.path();
    ++goldens;
  }
  EXPECT_GE(goldens, 8);
}

}  // namespace
}  // namespace fovea::text
