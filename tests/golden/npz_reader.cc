#include "tests/golden/npz_reader.h"

#include <zlib.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "engine/tensor/dequantize.h"

namespace fovea::testing {
namespace {

std::uint32_t Little(const std::vector<std::uint8_t>& data, std::size_t at, std::size_t bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes; i > 0; --i) value = value << 8 | data.at(at + i - 1);
  return value;
}

std::vector<std::uint8_t> Inflate(const std::uint8_t* data, std::size_t size,
                                  std::size_t out_size) {
  std::vector<std::uint8_t> out(out_size);
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return {};
  stream.next_in = const_cast<Bytef*>(data);
  stream.avail_in = static_cast<uInt>(size);
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  return result == Z_STREAM_END ? out : std::vector<std::uint8_t>();
}

NpyArray ParseNpy(const std::vector<std::uint8_t>& file) {
  const bool long_header = file.at(6) > 1;
  const std::size_t header_at = long_header ? 12 : 10;
  const std::size_t header_size = Little(file, 8, long_header ? 4 : 2);
  const std::string header(reinterpret_cast<const char*>(file.data()) + header_at, header_size);
  NpyArray array;
  std::size_t at = header.find("'descr': '") + std::strlen("'descr': '");
  array.dtype = header.substr(at, header.find('\'', at) - at);
  at = header.find("'shape': (") + std::strlen("'shape': (");
  const std::string shape = header.substr(at, header.find(')', at) - at);
  for (const char* p = shape.c_str(); *p != '\0';) {
    char* end = nullptr;
    const unsigned long long dim = std::strtoull(p, &end, 10);
    if (end == p) {
      ++p;
      continue;
    }
    array.shape.push_back(static_cast<std::size_t>(dim));
    p = end;
  }
  array.bytes.assign(file.begin() + static_cast<std::ptrdiff_t>(header_at + header_size),
                     file.end());
  return array;
}

}  // namespace

std::vector<float> NpyArray::Floats() const {
  const std::size_t width = dtype == "<f2" ? 2 : 4;
  std::vector<float> values(bytes.size() / width);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (width == 4) {
      std::memcpy(&values[i], bytes.data() + i * 4, 4);
    } else {
      std::uint16_t half = 0;
      std::memcpy(&half, bytes.data() + i * 2, 2);
      values[i] = HalfToFloat(half);
    }
  }
  return values;
}

std::vector<std::int32_t> NpyArray::Ints() const {
  std::vector<std::int32_t> values(bytes.size() / 4);
  std::memcpy(values.data(), bytes.data(), values.size() * 4);
  return values;
}

std::map<std::string, NpyArray> ReadNpz(const std::string& path, std::string* error) {
  std::ifstream stream(path, std::ios::binary);
  const std::vector<std::uint8_t> file((std::istreambuf_iterator<char>(stream)), {});
  std::map<std::string, NpyArray> arrays;
  if (file.size() < 22) {
    *error = path + ": cannot be read";
    return arrays;
  }
  std::size_t end = file.size() - 22;
  while (end > 0 && Little(file, end, 4) != 0x06054B50U) --end;
  const std::size_t entries = Little(file, end + 10, 2);
  std::size_t at = Little(file, end + 16, 4);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::uint32_t method = Little(file, at + 10, 2);
    const std::size_t packed = Little(file, at + 20, 4);
    const std::size_t size = Little(file, at + 24, 4);
    const std::size_t name_size = Little(file, at + 28, 2);
    std::string name(reinterpret_cast<const char*>(file.data()) + at + 46, name_size);
    const std::size_t local = Little(file, at + 42, 4);
    const std::size_t data = local + 30 + Little(file, local + 26, 2) + Little(file, local + 28, 2);
    std::vector<std::uint8_t> npy;
    if (method == 0) {
      npy.assign(file.begin() + static_cast<std::ptrdiff_t>(data),
                 file.begin() + static_cast<std::ptrdiff_t>(data + size));
    } else {
      npy = Inflate(file.data() + data, packed, size);
    }
    if (npy.size() < 10) {
      *error = path + ": " + name + " cannot be unpacked";
      return {};
    }
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    arrays[name] = ParseNpy(npy);
    at += 46 + name_size + Little(file, at + 30, 2) + Little(file, at + 32, 2);
  }
  return arrays;
}

}  // namespace fovea::testing
