#include "tools/attention-dump/page/text_code.h"

#include <array>
#include <cstdint>

namespace fovea::dump {
namespace {

constexpr std::uint32_t kBits = 13;
constexpr std::uint32_t kSymbols = 91;

constexpr std::array<char, kSymbols> kSymbol = [] {
  std::array<char, kSymbols> symbols = {};
  std::size_t count = 0;
  for (char c = '!'; c <= '~'; ++c) {
    if (c != '&' && c != '<' && c != '\\') symbols[count++] = c;
  }
  return symbols;
}();

}  // namespace

void AppendTextCode(std::string_view bytes, std::string* text) {
  std::size_t position = text->size();
  text->resize(position + TextCodeLength(bytes.size()));
  char* out = text->data();
  std::uint32_t held = 0;  // bits not yet written
  std::uint32_t count = 0;
  const auto put = [&](std::uint32_t value) {
    out[position++] = kSymbol[value % kSymbols];
    out[position++] = kSymbol[value / kSymbols];
  };
  for (const char byte : bytes) {
    held |= static_cast<std::uint32_t>(static_cast<unsigned char>(byte)) << count;
    count += 8;
    if (count < kBits) continue;
    put(held & ((1U << kBits) - 1));
    held >>= kBits;
    count -= kBits;
  }
  if (count > 0) put(held);
}

}  // namespace fovea::dump
