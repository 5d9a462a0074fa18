#include "engine/text/aligned_text.h"

#include "engine/text/utf8.h"

namespace fovea::text {

AlignedText AlignedText::Of(std::string_view text, std::size_t offset) {
  AlignedText aligned;
  aligned.text_ = text;
  aligned.sources_.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = CharacterBytes(text[i]);
    const ByteRange source = {static_cast<std::uint32_t>(offset + i),
                              static_cast<std::uint32_t>(offset + i + size)};
    i += size;
    aligned.sources_.resize(i, source);
  }
  return aligned;
}

void AlignedText::Append(char32_t code_point, ByteRange source) {
  AppendUtf8(code_point, &text_);
  sources_.resize(text_.size(), source);
}

}  // namespace fovea::text
