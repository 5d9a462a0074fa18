#include "engine/model/load/folder/metadata.h"

#include <array>
#include <charconv>

#include "engine/format/message.h"

namespace fovea::model {
namespace {

std::string FloatText(float value) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end.ptr};
}

struct Describer {
  std::string operator()(std::uint64_t value) const { return format::Number(value); }
  std::string operator()(float value) const { return FloatText(value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(const std::string& text) const { return format::Escaped(text); }
  std::string operator()(const Metadata::Texts& texts) const { return Count(texts, " strings]"); }
  std::string operator()(const Metadata::Floats& values) const { return Count(values, " floats]"); }
  std::string operator()(const Metadata::Integers& values) const {
    return Count(values, " integers]");
  }
  template <typename List>
  static std::string Count(const List& list, std::string_view what) {
    return format::Concat({"[", format::Number(std::uint64_t{list.size()}), what});
  }
};

}  // namespace

const Metadata::Value* Metadata::Find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

std::size_t Metadata::heap_bytes() const {
  // A node of the map has four words besides its value.
  std::size_t bytes = 0;
  for (const auto& [key, value] : values_) {
    bytes += 4 * sizeof(void*) + sizeof(key) + sizeof(value) + key.capacity();
    if (const auto* texts = std::get_if<Texts>(&value)) {
      for (const std::string& text : *texts) bytes += sizeof(text) + text.capacity();
    }
  }
  return bytes;
}

std::string_view Metadata::TypeName(const Value& value) {
  static constexpr std::string_view kNames[] = {"an integer",
                                                "a float",
                                                "a bool",
                                                "a string",
                                                "an array of strings",
                                                "an array of floats",
                                                "an array of integers"};
  return kNames[value.index()];
}

std::string Metadata::Describe(const Value& value) {
  return std::visit(Describer(), value);
}

}  // namespace fovea::model
