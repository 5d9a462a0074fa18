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

/// numpy.lib.format: magic, version, length of the dictionary, the dictionary padded with spaces
/// and ended by a newline.
std::string Header(const std::string& type_code, const Shape& shape) {
  std::string dictionary = "{'descr': '" + type_code + "', 'fortran_order': False, 'shape': (";
  for (const std::uint64_t length : shape) dictionary += std::to_string(length) + ",";
  if (shape.size() > 1) dictionary.pop_back();
  dictionary += "), }";
  constexpr std::size_t kPrefix = 10;
  dictionary.resize(kNpyHeaderBytes - kPrefix, ' ');
  dictionary.back() = '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  AppendLittleEndian(static_cast<std::uint16_t>(dictionary.size()), &header);
  return header + dictionary;
}

}  // namespace

// The longest dictionary has 4 lengths of 20 digits: 49 + 4 * 21 characters, so 192 bytes hold it.
std::string NpyHeader(ElementType type, const Shape& shape) {
  return Header(TypeCode(type), shape);
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
  return Header("<U" + std::to_string(characters), {}) + elements;
}

}  // namespace fovea::dump
