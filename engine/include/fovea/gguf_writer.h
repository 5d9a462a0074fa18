// Writing GGUF files (version 3, little-endian) that any reader of the format loads: keys, then the
// descriptions of all tensors, then their bytes one after another, so that a file of any size needs
// no more memory than the piece at hand.
#ifndef FOVEA_GGUF_WRITER_H_
#define FOVEA_GGUF_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "fovea/data_type.h"
#include "fovea/status.h"

namespace fovea {

/// In this order: Create, Add* and Describe (keys and tensors in any order), Append for the bytes
/// of every tensor, Finish. The file appears under its name when Finish succeeds, not before; a
/// writer that is destroyed earlier leaves nothing behind. After an error only the destructor may
/// follow.
///
/// Example:
/// @code
/// auto writer = GgufWriter::Create("out.gguf");
/// if (!writer) return writer.status();
/// Status status = writer->AddText("general.architecture", "llama");
/// if (status.ok()) status = writer->Describe("norm.weight", DataType::kF32, {norm.size()});
/// if (status.ok()) status = writer->Append(std::as_bytes(std::span(norm)));
/// return status.ok() ? writer->Finish() : status;
/// @endcode
class GgufWriter {
 public:
  /// Data of tensors begin at multiples of `alignment`, a power of two from 8 to 65536. One other
  /// than 32 also becomes the key "general.alignment".
  static Result<GgufWriter> Create(const std::string& path, std::size_t alignment = 32);

  /// The other is empty afterwards and may only be destroyed or assigned to.
  GgufWriter(GgufWriter&&) noexcept;
  /// The other is empty afterwards and may only be destroyed or assigned to.
  GgufWriter& operator=(GgufWriter&&) noexcept;
  ~GgufWriter();

  /// A number: bool, any integer of fixed width, float or double; its type in the file is T.
  template <typename T>
  Status AddNumber(std::string_view key, T value) {
    return AddRaw(key, NumberType<T>(), Bytes(&value, 1));
  }
  /// A text, which may hold any bytes but is meant to be UTF-8.
  Status AddText(std::string_view key, std::string_view text);
  /// An array of numbers; T as for AddNumber.
  template <typename T>
  Status AddNumbers(std::string_view key, const std::vector<T>& values) {
    static_assert(!std::is_same_v<T, bool>, "vector<bool> has no array of bool");
    return AddArray(key, NumberType<T>(), values.size(), Bytes(values.data(), values.size()));
  }
  /// An array of texts.
  Status AddTexts(std::string_view key, std::span<const std::string> texts);
  /// A value as the file stores it: GGUF's number for its type (array included) and its bytes,
  /// which are not looked at.
  Status AddRaw(std::string_view key, std::uint32_t type, std::span<const std::byte> value);

  /// One more tensor. shape[0] is the contiguous dimension (columns) and must be a multiple of the
  /// type's block; 1 to 4 dimensions, none of them 0.
  Status Describe(std::string_view name, DataType type, const std::vector<std::uint64_t>& shape);

  /// The next bytes of the tensors' data, in the order of their descriptions; a piece may end
  /// anywhere inside a tensor, but not in the next one. Padding between tensors is added by itself.
  Status Append(std::span<const std::byte> bytes);

  /// Gives the file its name. kInvalidArgument if bytes of a tensor are missing.
  Status Finish();

  /// Bytes written so far, padding included.
  std::uint64_t size() const;

 private:
  struct Impl;
  explicit GgufWriter(std::unique_ptr<Impl> impl);

  Status AddArray(std::string_view key, std::uint32_t type, std::size_t count,
                  std::span<const std::byte> values);

  template <typename T>
  static std::span<const std::byte> Bytes(const T* values, std::size_t count) {
    return std::as_bytes(std::span(values, count));
  }
  /// GGUF's number for a type of number.
  template <typename T>
  static constexpr std::uint32_t NumberType() {
    static_assert(std::is_arithmetic_v<T>);
    if constexpr (std::is_same_v<T, bool>) return 7;
    if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? 6 : 12;
    constexpr std::uint32_t kSigned = std::is_signed_v<T> ? 1 : 0;
    if constexpr (sizeof(T) == 1) return 0 + kSigned;
    if constexpr (sizeof(T) == 2) return 2 + kSigned;
    if constexpr (sizeof(T) == 4) return 4 + kSigned;
    return 10 + kSigned;
  }

  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea

#endif  // FOVEA_GGUF_WRITER_H_
