// The vocabulary file of SentencePiece (spiece.model, tokenizer.model, …), a protocol buffer:
// untrusted bytes in, checked pieces and settings out.
#ifndef FOVEA_FORMAT_SENTENCE_PIECE_FILE_H_
#define FOVEA_FORMAT_SENTENCE_PIECE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/status.h"
#include "platform/file_bytes.h"

namespace fovea::format {

/// Limits: the largest files of real models have 5 MB and 262,144 pieces.
inline constexpr std::size_t kMaxSentencePieceBytes = std::size_t{128} << 20;
inline constexpr std::size_t kMaxSentencePieces = std::size_t{1} << 22;
inline constexpr std::size_t kMaxSentencePieceTextBytes = std::size_t{1} << 14;

struct SentencePiece {
  enum class Type : std::uint8_t {
    kNormal = 1,
    kUnknown = 2,
    kControl = 3,
    kUserDefined = 4,
    kUnused = 5,
    kByte = 6,
  };
  std::string_view text;  ///< Lives in the file's bytes.
  float score = 0.0F;     ///< A number.
  Type type = Type::kNormal;
};

class SentencePieceFile {
 public:
  enum class Model : std::uint8_t { kUnigram = 1, kBpe = 2, kWord = 3, kCharacter = 4 };

  /// kNotFound or kIoError if it cannot be read; kMalformed and kLimitExceeded name the file and
  /// what is wrong. The file's bytes are kept.
  static Result<SentencePieceFile> Read(const std::string& path);
  /// The same for bytes of the caller, which must outlive the file. path: for messages.
  static Result<SentencePieceFile> Parse(std::span<const std::byte> bytes, std::string path);

  const std::string& path() const { return path_; }
  /// By id; at least one.
  const std::vector<SentencePiece>& pieces() const { return pieces_; }

  Model model() const { return model_; }
  bool byte_fallback() const { return byte_fallback_; }
  bool treat_whitespace_as_suffix() const { return treat_whitespace_as_suffix_; }

  std::string_view character_map() const { return character_map_; }  ///< Empty: none.
  bool add_dummy_prefix() const { return add_dummy_prefix_; }
  bool remove_extra_whitespaces() const { return remove_extra_whitespaces_; }
  bool escape_whitespaces() const { return escape_whitespaces_; }

  /// "<path>: <message>".
  Status Error(StatusCode code, std::string_view message) const;

 private:
  Status ParseAll(std::span<const std::byte> bytes);
  Status ParsePiece(std::span<const std::byte> bytes);
  Status ParseTrainer(std::span<const std::byte> bytes);
  Status ParseNormalizer(std::span<const std::byte> bytes);
  Status Malformed(std::string_view what) const;

  std::string path_;
  platform::FileBytes storage_;
  std::vector<SentencePiece> pieces_;
  Model model_ = Model::kUnigram;
  bool byte_fallback_ = false;
  bool treat_whitespace_as_suffix_ = false;
  std::string_view character_map_;
  bool add_dummy_prefix_ = true;
  bool remove_extra_whitespaces_ = true;
  bool escape_whitespaces_ = true;
};

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_SENTENCE_PIECE_FILE_H_
