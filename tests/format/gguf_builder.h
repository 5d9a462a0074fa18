// Builds GGUF files in memory for tests: right ones, and wrong ones on purpose. For tests of any
// room.
#ifndef FOVEA_TESTS_FORMAT_GGUF_BUILDER_H_
#define FOVEA_TESTS_FORMAT_GGUF_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/format/gguf_types.h"
#include "engine/tensor/dequantize.h"
#include "fovea/data_type.h"

namespace fovea::testing {

using Bytes = std::vector<std::byte>;

/// Appends numbers and strings as GGUF writes them.
class ByteWriter {
 public:
  template <typename T>
  ByteWriter& Put(T value) {
    static_assert(std::is_arithmetic_v<T>);
    const auto* from = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), from, from + sizeof(T));
    return *this;
  }
  ByteWriter& Raw(std::string_view text) {
    const auto* from = reinterpret_cast<const std::byte*>(text.data());
    bytes_.insert(bytes_.end(), from, from + text.size());
    return *this;
  }
  ByteWriter& Raw(const Bytes& bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  ByteWriter& String(std::string_view text) { return Put(std::uint64_t{text.size()}).Raw(text); }
  ByteWriter& PadTo(std::size_t alignment) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
    return *this;
  }
  std::size_t size() const { return bytes_.size(); }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

template <typename T>
constexpr format::GgufValueType ValueTypeOf() {
  using Type = format::GgufValueType;
  if constexpr (std::is_same_v<T, bool>) return Type::kBool;
  if constexpr (std::is_same_v<T, float>) return Type::kFloat32;
  if constexpr (std::is_same_v<T, double>) return Type::kFloat64;
  if constexpr (std::is_same_v<T, std::uint8_t>) return Type::kUint8;
  if constexpr (std::is_same_v<T, std::int8_t>) return Type::kInt8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return Type::kUint16;
  if constexpr (std::is_same_v<T, std::int16_t>) return Type::kInt16;
  if constexpr (std::is_same_v<T, std::uint32_t>) return Type::kUint32;
  if constexpr (std::is_same_v<T, std::int32_t>) return Type::kInt32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return Type::kUint64;
  return Type::kInt64;
}

/// Example: `GgufBuilder().Add("general.architecture", "llama").AddTensor("a", DataType::kF32, {4})
/// .Build()`. Tensor data follow one another; nothing comes after the last tensor's bytes.
class GgufBuilder {
 public:
  /// A tensor as it will be described; public so that tests can make it wrong.
  struct Tensor {
    std::string name;
    std::uint32_t type = 0;
    std::vector<std::uint64_t> shape;
    Bytes data;
    std::optional<std::uint32_t> rank;    ///< Instead of shape.size().
    std::optional<std::uint64_t> offset;  ///< Instead of the right one.
  };

  std::uint32_t version = 3;
  std::size_t alignment = 32;  ///< Used for layout; add the key "general.alignment" yourself.
  std::optional<std::uint64_t> entry_count;   ///< Instead of the right one.
  std::optional<std::uint64_t> tensor_count;  ///< Instead of the right one.
  std::vector<Tensor> tensors;

  template <typename T, typename = std::enable_if_t<std::is_arithmetic_v<T>>>
  GgufBuilder& Add(std::string_view key, T value) {
    return AddRaw(key, static_cast<std::uint32_t>(ValueTypeOf<T>()),
                  ByteWriter().Put(value).bytes());
  }
  GgufBuilder& Add(std::string_view key, std::string_view text) {
    return AddRaw(key, kString, ByteWriter().String(text).bytes());
  }
  GgufBuilder& Add(std::string_view key, const char* text) {
    return Add(key, std::string_view(text));
  }
  template <typename T>
  GgufBuilder& Add(std::string_view key, const std::vector<T>& values) {
    ByteWriter value;
    if constexpr (std::is_arithmetic_v<T>) {
      value.Put(static_cast<std::uint32_t>(ValueTypeOf<T>())).Put(std::uint64_t{values.size()});
      for (const T item : values) value.Put(item);
    } else {
      value.Put(kString).Put(std::uint64_t{values.size()});
      for (const auto& item : values) value.String(item);
    }
    return AddRaw(key, kArray, value.bytes());
  }
  /// Any type number with any payload.
  GgufBuilder& AddRaw(std::string_view key, std::uint32_t type, const Bytes& payload) {
    entries_.String(key).Put(type).Raw(payload);
    ++entries_added_;
    return *this;
  }

  /// shape[0] is the contiguous dimension. Without data: zeros of the right size.
  GgufBuilder& AddTensor(std::string name, DataType type, std::vector<std::uint64_t> shape,
                         Bytes data = {}) {
    std::size_t rows = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) rows *= static_cast<std::size_t>(shape[i]);
    if (data.empty() && !shape.empty()) {
      data.resize(rows * RowBytes(type, static_cast<std::size_t>(shape[0])));
    }
    tensors.push_back({std::move(name), static_cast<std::uint32_t>(type), std::move(shape),
                       std::move(data), std::nullopt, std::nullopt});
    return *this;
  }

  Bytes Build() const {
    ByteWriter file;
    file.Raw("GGUF").Put(version);
    file.Put(tensor_count.value_or(tensors.size())).Put(entry_count.value_or(entries_added_));
    file.Raw(entries_.bytes());
    ByteWriter data;
    for (const Tensor& tensor : tensors) {
      data.PadTo(alignment);
      file.String(tensor.name);
      file.Put(tensor.rank.value_or(static_cast<std::uint32_t>(tensor.shape.size())));
      for (const std::uint64_t size : tensor.shape) file.Put(size);
      file.Put(tensor.type).Put(tensor.offset.value_or(data.size()));
      data.Raw(tensor.data);
    }
    if (!tensors.empty()) file.PadTo(alignment).Raw(data.bytes());
    return file.bytes();
  }

 private:
  static constexpr auto kString = static_cast<std::uint32_t>(format::GgufValueType::kString);
  static constexpr auto kArray = static_cast<std::uint32_t>(format::GgufValueType::kArray);

  ByteWriter entries_;
  std::uint64_t entries_added_ = 0;
};

}  // namespace fovea::testing

#endif  // FOVEA_TESTS_FORMAT_GGUF_BUILDER_H_
