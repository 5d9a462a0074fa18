#include "engine/format/file_kind.h"

#include <algorithm>

namespace fovea::format {
namespace {

using std::string_view_literals::operator""sv;

struct Signature {
  std::string_view start;
  std::string_view kind;
};

// Longer signatures before shorter ones that they begin with. The old ggml magics are numbers,
// stored little-endian, so that they read backwards.
constexpr Signature kSignatures[] = {
    {"FUGG"sv, "a GGUF file of swapped byte order, which is not supported"},
    {"tjgg"sv, "a GGJT file (an older ggml format); convert it to GGUF"},
    {"fmgg"sv, "a GGMF file (an older ggml format); convert it to GGUF"},
    {"lmgg"sv, "a GGML file (an older ggml format); convert it to GGUF"},
    {"algg"sv, "a GGLA adapter (an older ggml format)"},
    {"PK\x03\x04"sv, "a zip archive, perhaps a PyTorch checkpoint or a .npz file"},
    {"\x93NUMPY"sv, "a NumPy array"},
    {"\x89HDF\r\n\x1A\n"sv, "an HDF5 file"},
    {"\x7F"
     "ELF"sv,
     "a program (ELF)"},
    {"\x1F\x8B"sv, "a gzip archive"},
    {"\x28\xB5\x2F\xFD"sv, "a zstd archive"},
    {"\xFD"
     "7zXZ\0"sv,
     "an xz archive"},
    {"\x80\x02"sv, "a Python pickle, perhaps a PyTorch checkpoint"},
    {"\x80\x04"sv, "a Python pickle, perhaps a PyTorch checkpoint"},
    {"version https://git-lfs"sv, "a Git LFS pointer: the real file was not downloaded"},
    {"<!DOCTYPE"sv, "an HTML page: perhaps an error page saved as a file"},
    {"<!doctype"sv, "an HTML page: perhaps an error page saved as a file"},
    {"<html"sv, "an HTML page: perhaps an error page saved as a file"},
    {"{"sv, "a JSON text"},
};

constexpr std::size_t kSafetensorsHeader = 8;  // a length, then the JSON's opening brace
constexpr std::size_t kProbe = 256;

bool IsTextByte(std::byte byte) {
  const auto c = std::to_integer<unsigned>(byte);
  return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

std::string_view GuessFileKind(std::span<const std::byte> bytes) {
  if (bytes.empty()) return "an empty file";
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const Signature& signature : kSignatures) {
    if (text.starts_with(signature.start)) return signature.kind;
  }
  if (text.size() > kSafetensorsHeader && text[kSafetensorsHeader] == '{') {
    return "a safetensors file; give the folder that has it and config.json";
  }
  const auto probe = bytes.first(std::min(bytes.size(), kProbe));
  if (std::ranges::all_of(probe, [](std::byte b) { return b == std::byte{0}; })) {
    return "a file that begins with zeros, perhaps an unfinished download";
  }
  if (std::ranges::all_of(probe, IsTextByte)) return "a text";
  return "an unknown kind of file";
}

}  // namespace fovea::format
