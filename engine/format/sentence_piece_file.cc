#include "engine/format/sentence_piece_file.h"

#include <bit>
#include <cmath>
#include <utility>

#include "engine/format/message.h"
#include "engine/format/small_file.h"
#include "engine/format/wire_reader.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea::format {
namespace {

using Kind = WireField::Kind;

// Field numbers of sentencepiece_model.proto.
namespace file_field {
constexpr std::uint32_t kPiece = 1;
constexpr std::uint32_t kTrainer = 2;
constexpr std::uint32_t kNormalizer = 3;
}  // namespace file_field
namespace piece_field {
constexpr std::uint32_t kText = 1;
constexpr std::uint32_t kScore = 2;
constexpr std::uint32_t kType = 3;
}  // namespace piece_field
namespace trainer_field {
constexpr std::uint32_t kModelType = 3;
constexpr std::uint32_t kWhitespaceAsSuffix = 24;
constexpr std::uint32_t kByteFallback = 35;
}  // namespace trainer_field
namespace normalizer_field {
constexpr std::uint32_t kCharacterMap = 2;
constexpr std::uint32_t kAddDummyPrefix = 3;
constexpr std::uint32_t kRemoveExtraWhitespaces = 4;
constexpr std::uint32_t kEscapeWhitespaces = 5;
}  // namespace normalizer_field

std::string_view TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Status SentencePieceFile::Error(StatusCode code, std::string_view message) const {
  return {code, Concat({path_, ": ", message})};
}

Status SentencePieceFile::Malformed(std::string_view what) const {
  return Error(StatusCode::kMalformed, what);
}

Result<SentencePieceFile> SentencePieceFile::Read(const std::string& path) {
  auto bytes = ReadSmallFile(path, kMaxSentencePieceBytes);
  FOVEA_RETURN_IF_ERROR(bytes);
  auto file = Parse(bytes->bytes(), path);
  FOVEA_RETURN_IF_ERROR(file);
  file->storage_ = std::move(bytes).value();  // Views stay valid when it moves.
  return file;
}

Result<SentencePieceFile> SentencePieceFile::Parse(std::span<const std::byte> bytes,
                                                   std::string path) {
  SentencePieceFile file;
  file.path_ = std::move(path);
  const Status status = platform::IfMemoryLasts(
      [&] { return file.ParseAll(bytes); },
      [&] { return file.Error(StatusCode::kOutOfMemory, "not enough memory for its pieces"); });
  FOVEA_RETURN_IF_ERROR(status);
  return file;
}

Status SentencePieceFile::ParseAll(std::span<const std::byte> bytes) {
  WireReader reader(bytes);
  while (!reader.AtEnd()) {
    const std::size_t at = bytes.size() - reader.remaining();
    const auto wrong = [&](std::string_view what) {
      return Malformed(Concat({"byte ", Number(std::uint64_t{at}), ": ", what}));
    };
    WireField field;
    if (!reader.Next(&field)) {
      return wrong("no field of a SentencePiece file begins here, or it is cut off");
    }
    Status status;
    switch (field.number) {
      case file_field::kPiece:
      case file_field::kTrainer:
      case file_field::kNormalizer:
        if (field.kind != Kind::kBytes) return wrong("a message has the type of a number");
        status = field.number == file_field::kPiece     ? ParsePiece(field.bytes)
                 : field.number == file_field::kTrainer ? ParseTrainer(field.bytes)
                                                        : ParseNormalizer(field.bytes);
        FOVEA_RETURN_IF_ERROR(status);
        break;
      default: break;  // Test samples, and what later versions add.
    }
  }
  if (pieces_.empty()) return Malformed("it has no pieces");
  return {};
}

Status SentencePieceFile::ParsePiece(std::span<const std::byte> bytes) {
  const auto wrong = [&](std::string_view what) {
    return Malformed(Concat({"piece ", Number(std::uint64_t{pieces_.size()}), " ", what}));
  };
  if (pieces_.size() == kMaxSentencePieces) {
    return Error(
        StatusCode::kLimitExceeded,
        Concat({"it has more than ", Number(std::uint64_t{kMaxSentencePieces}), " pieces"}));
  }
  SentencePiece piece;
  for (WireReader reader(bytes); !reader.AtEnd();) {
    WireField field;
    if (!reader.Next(&field)) return wrong("is damaged");
    if (field.number == piece_field::kText) {
      if (field.kind != Kind::kBytes) return wrong("has a number as its text");
      if (field.bytes.size() > kMaxSentencePieceTextBytes) {
        return wrong(
            Concat({"has ", Number(std::uint64_t{field.bytes.size()}), " bytes, the limit is ",
                    Number(std::uint64_t{kMaxSentencePieceTextBytes})}));
      }
      piece.text = TextOf(field.bytes);
    } else if (field.number == piece_field::kScore) {
      if (field.kind != Kind::kFixed32) return wrong("has a score that is no float");
      piece.score = std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
      if (std::isnan(piece.score)) return wrong("has a score that is not a number");
    } else if (field.number == piece_field::kType) {
      if (field.kind != Kind::kVarint || field.value < 1 || field.value > 6) {
        return wrong("has an unknown type");
      }
      piece.type = static_cast<SentencePiece::Type>(field.value);
    }
  }
  pieces_.push_back(piece);
  return {};
}

Status SentencePieceFile::ParseTrainer(std::span<const std::byte> bytes) {
  for (WireReader reader(bytes); !reader.AtEnd();) {
    WireField field;
    if (!reader.Next(&field)) return Malformed("its trainer_spec is damaged");
    const bool known = field.number == trainer_field::kModelType ||
                       field.number == trainer_field::kWhitespaceAsSuffix ||
                       field.number == trainer_field::kByteFallback;
    if (!known) continue;
    if (field.kind != Kind::kVarint) return Malformed("trainer_spec has a setting of a wrong type");
    if (field.number == trainer_field::kModelType) {
      if (field.value < 1 || field.value > 4) {
        return Malformed(
            Concat({"trainer_spec.model_type is ", Number(field.value), ", not 1 to 4"}));
      }
      model_ = static_cast<Model>(field.value);
    } else if (field.number == trainer_field::kByteFallback) {
      byte_fallback_ = field.value != 0;
    } else {
      treat_whitespace_as_suffix_ = field.value != 0;
    }
  }
  return {};
}

Status SentencePieceFile::ParseNormalizer(std::span<const std::byte> bytes) {
  for (WireReader reader(bytes); !reader.AtEnd();) {
    WireField field;
    if (!reader.Next(&field)) return Malformed("its normalizer_spec is damaged");
    bool* flag = nullptr;
    switch (field.number) {
      case normalizer_field::kAddDummyPrefix: flag = &add_dummy_prefix_; break;
      case normalizer_field::kRemoveExtraWhitespaces: flag = &remove_extra_whitespaces_; break;
      case normalizer_field::kEscapeWhitespaces: flag = &escape_whitespaces_; break;
      default: break;
    }
    const bool is_map = field.number == normalizer_field::kCharacterMap;
    if ((flag != nullptr && field.kind != Kind::kVarint) ||
        (is_map && field.kind != Kind::kBytes)) {
      return Malformed("normalizer_spec has a setting of a wrong type");
    }
    if (flag != nullptr) *flag = field.value != 0;
    if (is_map) character_map_ = TextOf(field.bytes);
  }
  return {};
}

}  // namespace fovea::format
