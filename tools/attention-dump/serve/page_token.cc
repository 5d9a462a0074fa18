#include "tools/attention-dump/serve/page_token.h"

#include <unistd.h>

#include <array>

namespace fovea::dump {

Result<std::string> NewPageToken() {
  std::array<unsigned char, kPageTokenLength / 2> bytes = {};
  if (::getentropy(bytes.data(), bytes.size()) != 0) {
    return Status(StatusCode::kIoError, "the operating system gave no random numbers");
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string token;
  for (const unsigned char byte : bytes) {
    token.push_back(kDigits[byte >> 4U]);
    token.push_back(kDigits[byte & 15U]);
  }
  return token;
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;  // volatile: no compiler may leave the loop early
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

}  // namespace fovea::dump
