#include "tools/attention-dump/page/packing.h"

#include <zlib.h>

#include <bit>
#include <vector>

namespace fovea::dump {
namespace {

std::vector<std::uint32_t> Bits(std::span<const float> numbers) {
  std::vector<std::uint32_t> bits;
  bits.reserve(numbers.size());
  for (const float number : numbers) bits.push_back(std::bit_cast<std::uint32_t>(number));
  return bits;
}

}  // namespace

std::string FloatPlanes(std::span<const float> numbers) {
  return BytePlanes<std::uint32_t>(Bits(numbers));
}

std::string FloatBytes(std::span<const float> numbers) {
  std::string bytes;
  bytes.reserve(numbers.size() * sizeof(float));
  for (const std::uint32_t number : Bits(numbers)) {
    for (std::uint32_t shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<char>((number >> shift) & 0xFFU));
    }
  }
  return bytes;
}

std::string Deflate(std::string_view bytes, PackEffort effort) {
  z_stream stream = {};
  const int level = effort == PackEffort::kFast ? Z_BEST_SPEED : Z_DEFAULT_COMPRESSION;
  if (deflateInit2(&stream, level, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
    return "";
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(result == Z_STREAM_END ? out.size() - stream.avail_out : 0);
  deflateEnd(&stream);
  return out;
}

}  // namespace fovea::dump
