// SentencePiece files: what they say, and hostile bytes.
#include "engine/format/sentence_piece_file.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

namespace fovea::format {
namespace {

std::string Varint(std::uint64_t value) {
  std::string bytes;
  for (; value > 127; value >>= 7U) bytes += static_cast<char>((value & 127U) | 128U);
  return bytes + static_cast<char>(value);
}

std::string Number(std::uint32_t field, std::uint64_t value) {
  return Varint(field << 3U) + Varint(value);
}

std::string Bytes(std::uint32_t field, std::string_view bytes) {
  return Varint(field << 3U | 2U) + Varint(bytes.size()) + std::string(bytes);
}

std::string Float(std::uint32_t field, float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  std::string bytes = Varint(field << 3U | 5U);
  for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(bits >> shift);
  return bytes;
}

std::string Piece(std::string_view text, float score, int type) {
  return Bytes(1, Bytes(1, text) + Float(2, score) + Number(3, static_cast<std::uint64_t>(type)));
}

std::string SmallFile() {
  return Piece("<unk>", 0, 2) + Piece("</s>", 0, 3) + Bytes(1, Bytes(1, "▁a") + Float(2, -1.5F)) +
         Bytes(2, Bytes(1, "corpus.txt") + Number(3, 2) + Number(35, 1)) +
         Bytes(3, Bytes(1, "nmt_nfkc") + Bytes(2, "map") + Number(3, 0) + Number(4, 0)) +
         Bytes(4, Bytes(1, "samples"));
}

Result<SentencePieceFile> Parse(std::string_view bytes) {
  return SentencePieceFile::Parse(std::as_bytes(std::span(bytes.data(), bytes.size())), "x.model");
}

std::string ErrorOf(std::string_view bytes) {
  const auto file = Parse(bytes);
  if (file.ok()) return "";
  EXPECT_EQ(file.status().message().find("x.model: "), 0U);
  EXPECT_EQ(file.status().message().find('\n'), std::string::npos);
  return file.status().message().substr(9);
}

TEST(SentencePieceFile, SaysPiecesAndSettings) {
  const std::string bytes = SmallFile();
  const auto file = Parse(bytes);
  ASSERT_TRUE(file.ok()) << file.status().message();
  ASSERT_EQ(file->pieces().size(), 3U);
  EXPECT_EQ(file->pieces()[0].type, SentencePiece::Type::kUnknown);
  EXPECT_EQ(file->pieces()[2].text, "▁a");
  EXPECT_EQ(file->pieces()[2].score, -1.5F);
  EXPECT_EQ(file->pieces()[2].type, SentencePiece::Type::kNormal);
  EXPECT_EQ(file->model(), SentencePieceFile::Model::kBpe);
  EXPECT_TRUE(file->byte_fallback());
  EXPECT_FALSE(file->treat_whitespace_as_suffix());
  EXPECT_EQ(file->character_map(), "map");
  EXPECT_FALSE(file->add_dummy_prefix());
  EXPECT_FALSE(file->remove_extra_whitespaces());
  EXPECT_TRUE(file->escape_whitespaces());
}

TEST(SentencePieceFile, SettingsHaveDefaults) {
  const std::string bytes = Piece("a", 0, 1);
  const auto file = Parse(bytes);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->model(), SentencePieceFile::Model::kUnigram);
  EXPECT_FALSE(file->byte_fallback());
  EXPECT_TRUE(file->character_map().empty());
  EXPECT_TRUE(file->add_dummy_prefix());
  EXPECT_TRUE(file->remove_extra_whitespaces());
}

TEST(SentencePieceFile, UnknownFieldsAreLeftAlone) {
  const std::string fixed64 = Varint(9U << 3U | 1U) + std::string(8, 'x');
  const std::string bytes = Number(99, 5) + Piece("a", 0, 1) + Bytes(77, "x") + fixed64 +
                            Bytes(1, Bytes(1, "b") + Bytes(50, "y") + Number(200, 1));
  const auto file = Parse(bytes);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->pieces().size(), 2U);
}

TEST(SentencePieceFile, WhatIsWrongIsNamed) {
  const std::string good = Piece("a", 0, 1);
  const std::string cut = "no field of a SentencePiece file begins here, or it is cut off";
  EXPECT_EQ(ErrorOf(""), "it has no pieces");
  EXPECT_EQ(ErrorOf(Bytes(4, "x")), "it has no pieces");
  EXPECT_EQ(ErrorOf(good + "\x0A"), "byte 12: " + cut);
  EXPECT_EQ(ErrorOf(std::string_view("\0\0", 2)), "byte 0: " + cut);
  EXPECT_EQ(ErrorOf("\x0B"), "byte 0: " + cut);  // A group.
  EXPECT_EQ(ErrorOf(Number(1, 7)), "byte 0: a message has the type of a number");
  EXPECT_EQ(ErrorOf(good + Bytes(1, "\x0A")), "piece 1 is damaged");
  EXPECT_EQ(ErrorOf(Bytes(1, Number(1, 7))), "piece 0 has a number as its text");
  EXPECT_EQ(ErrorOf(Bytes(1, Number(2, 7))), "piece 0 has a score that is no float");
  EXPECT_EQ(ErrorOf(Bytes(1, Number(3, 7))), "piece 0 has an unknown type");
  EXPECT_EQ(ErrorOf(Bytes(1, Number(3, 0))), "piece 0 has an unknown type");
  EXPECT_EQ(ErrorOf(Bytes(1, Float(3, 1))), "piece 0 has an unknown type");
  EXPECT_EQ(ErrorOf(Piece("a", std::numeric_limits<float>::quiet_NaN(), 1)),
            "piece 0 has a score that is not a number");
  EXPECT_EQ(ErrorOf(Piece(std::string(16'385, 'a'), 0, 1)),
            "piece 0 has 16385 bytes, the limit is 16384");
  EXPECT_EQ(ErrorOf(good + Bytes(2, "\x18")), "its trainer_spec is damaged");
  EXPECT_EQ(ErrorOf(good + Bytes(2, Bytes(3, "a"))), "trainer_spec has a setting of a wrong type");
  EXPECT_EQ(ErrorOf(good + Bytes(2, Number(3, 5))), "trainer_spec.model_type is 5, not 1 to 4");
  EXPECT_EQ(ErrorOf(good + Bytes(3, "\x12\x05")), "its normalizer_spec is damaged");
  EXPECT_EQ(ErrorOf(good + Bytes(3, Number(2, 1))),
            "normalizer_spec has a setting of a wrong type");
  EXPECT_EQ(ErrorOf(good + Bytes(3, Bytes(4, "a"))),
            "normalizer_spec has a setting of a wrong type");
}

TEST(SentencePieceFile, AbsurdLengthsAreRefused) {
  for (const std::uint64_t length :
       {std::uint64_t{6}, std::uint64_t{1} << 31U, std::uint64_t{1} << 32U, std::uint64_t{1} << 63U,
        ~std::uint64_t{0}}) {
    EXPECT_NE(ErrorOf("\x0A" + Varint(length) + "abcde"), "") << length;
    EXPECT_NE(ErrorOf(Bytes(1, "\x0A" + Varint(length) + "abcde")), "") << length;
    EXPECT_NE(ErrorOf(Piece("a", 0, 1) + Bytes(3, "\x12" + Varint(length) + "abcde")), "");
  }
  const std::string endless(100, '\xFF');
  EXPECT_NE(ErrorOf(endless), "");
  EXPECT_NE(ErrorOf("\x0A" + endless), "");
  // Eleven bytes, and ten whose value needs 65 bits.
  EXPECT_NE(ErrorOf("\x08" + std::string(10, '\x80') + "\x01"), "");
  EXPECT_NE(ErrorOf("\x08" + std::string(9, '\x80') + "\x02"), "");
}

TEST(SentencePieceFile, EveryTruncationAndEveryChangedByteIsReadOrRefused) {
  const std::string good = SmallFile();
  int refused = 0;
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::string cut = good.substr(0, size);  // Its own memory: sanitizers see its end.
    if (!ErrorOf(cut).empty()) ++refused;
  }
  EXPECT_GT(refused, static_cast<int>(good.size()) / 2);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (unsigned value = 0; value < 256; ++value) {
      std::string bad = good;
      bad[i] = static_cast<char>(value);
      const auto file = Parse(bad);
      if (!file.ok()) {
        ASSERT_EQ(file.status().message().find("x.model: "), 0U);
        continue;
      }
      ASSERT_FALSE(file->pieces().empty());
      const char* begin = bad.data();
      for (const SentencePiece& piece : file->pieces()) {
        ASSERT_FALSE(std::isnan(piece.score));
        if (piece.text.empty()) continue;
        ASSERT_GE(piece.text.data(), begin);
        ASSERT_LE(piece.text.data() + piece.text.size(), begin + bad.size());
      }
    }
  }
}

TEST(SentencePieceFile, ReadsAndRefusesFiles) {
  const auto missing = SentencePieceFile::Read("/no/such.model");
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_EQ(SentencePieceFile::Read("/").ok(), false);
}

}  // namespace
}  // namespace fovea::format
