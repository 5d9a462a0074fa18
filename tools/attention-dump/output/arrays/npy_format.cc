#include "tools/attention-dump/output/arrays/npy_format.h"

#include "tools/attention-dump/base/little_endian.h"
#include "tools/attention-dump/base/utf8.h"

namespace fovea::dump {
namespace {

const char* TypeCode(ElementType type) {
  switch (type) {
    case ElementType::kF16: return "<f2";
    case ElementType::kF32: return "<f4";
    case ElementType::kI32: return "<i4";
  }
  return "";
}

}  // namespace

std::string NpyHeader(ElementType type, const Shape& shape) {
  return tools::NpyHeader(TypeCode(type), shape);
}

std::string NpyString(const std::string& utf8) {
  std::string elements;
  elements.reserve(utf8.size() * 4);
  std::uint64_t characters = 0;
  for (std::size_t i = 0; i < utf8.size(); ++characters) {
    const CodePoint c = DecodeUtf8(utf8, i);
    AppendLittleEndian(static_cast<std::uint32_t>(c.value), &elements);
    i += c.bytes;
  }
  return tools::NpyHeader("<U" + std::to_string(characters), {}) + elements;
}

}  // namespace fovea::dump
