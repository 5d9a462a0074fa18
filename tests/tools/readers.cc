#include "tests/tools/readers.h"

#include <zlib.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace fovea::dump {
namespace {

void Require(bool condition, const std::string& rule) {
  if (!condition) throw std::runtime_error(rule);
}

std::uint64_t Integer(const std::string& bytes, std::size_t at, std::size_t size) {
  Require(at + size <= bytes.size(), "truncated");
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) {
    value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

/// Half precision by its definition: sign, exponent, fraction.
float HalfValue(std::uint64_t bits) {
  const int exponent = static_cast<int>(bits >> 10U & 0x1FU);
  const auto fraction = static_cast<float>(bits & 0x3FFU);
  const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1.0F + fraction / 1024.0F, exponent - 15);
}

std::string Quoted(const std::string& text, const std::string& key) {
  const std::size_t at = text.find("'" + key + "': '");
  Require(at != std::string::npos, "no " + key);
  const std::size_t begin = at + key.size() + 5;
  return text.substr(begin, text.find('\'', begin) - begin);
}

std::uint64_t ElementSize(const std::string& type) {
  if (type == "<f2") return 2;
  if (type == "<f4" || type == "<i4") return 4;
  Require(type.starts_with("<U"), "unknown type " + type);
  return 4 * std::stoull(type.substr(2));
}

/// Sizes and offset of a ZIP entry, ZIP64 field included where the 32-bit ones point to it.
struct Entry {
  std::uint64_t crc, packed, size, offset;
};

void ApplyZip64(const std::string& extra, Entry* entry) {
  if (extra.empty()) return;
  Require(Integer(extra, 0, 2) == 1, "extra field is not ZIP64");
  Require(Integer(extra, 2, 2) == extra.size() - 4, "length of the ZIP64 field");
  std::size_t at = 4;
  for (std::uint64_t* value : {&entry->size, &entry->packed, &entry->offset}) {
    if (*value != 0xFFFFFFFFU) continue;
    *value = Integer(extra, at, 8);
    at += 8;
  }
  Require(at == extra.size(), "ZIP64 field has more than is needed");
}

}  // namespace

std::vector<float> ReadArray::Floats() const {
  std::vector<float> values;
  const std::size_t size = static_cast<std::size_t>(ElementSize(type));
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    const std::uint64_t bits = Integer(bytes, at, size);
    values.push_back(size == 2 ? HalfValue(bits)
                               : std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  return values;
}

std::vector<std::int32_t> ReadArray::Integers() const {
  Require(type == "<i4", "not int32");
  std::vector<std::int32_t> values;
  for (std::size_t at = 0; at < bytes.size(); at += 4) {
    values.push_back(static_cast<std::int32_t>(Integer(bytes, at, 4)));
  }
  return values;
}

std::string ReadArray::Text() const {
  Require(type.starts_with("<U") && shape.empty(), "not a 0-d string");
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 4) {
    const std::uint64_t c = Integer(bytes, at, 4);
    const auto tail = [&](unsigned shift) {
      text += static_cast<char>(0x80U | (c >> shift & 0x3FU));
    };
    if (c < 0x80) {
      text += static_cast<char>(c);
    } else if (c < 0x800) {
      text += static_cast<char>(0xC0U | c >> 6U), tail(0);
    } else if (c < 0x10000) {
      text += static_cast<char>(0xE0U | c >> 12U), tail(6), tail(0);
    } else {
      text += static_cast<char>(0xF0U | c >> 18U), tail(12), tail(6), tail(0);
    }
  }
  return text;
}

ReadArray ReadNpy(const std::string& bytes, std::size_t* at) {
  Require(bytes.compare(*at, 8, std::string("\x93NUMPY\x01\x00", 8)) == 0, "npy magic");
  const std::uint64_t length = Integer(bytes, *at + 8, 2);
  Require((10 + length) % 64 == 0, "npy header alignment");
  const std::string header = bytes.substr(*at + 10, static_cast<std::size_t>(length));
  Require(header.size() == length && header.back() == '\n', "npy header end");
  Require(header.find("'fortran_order': False") != std::string::npos, "npy order");
  ReadArray array;
  array.type = Quoted(header, "descr");
  const std::size_t open = header.find("'shape': (") + 10;
  std::string lengths = header.substr(open, header.find(')', open) - open);
  std::uint64_t count = 1;
  while (!lengths.empty()) {
    std::size_t used = 0;
    array.shape.push_back(std::stoull(lengths, &used));
    count *= array.shape.back();
    lengths.erase(0, used);
    while (!lengths.empty() && (lengths.front() == ',' || lengths.front() == ' '))
      lengths.erase(0, 1);
  }
  *at += 10 + static_cast<std::size_t>(length);
  const auto size = static_cast<std::size_t>(count * ElementSize(array.type));
  Require(*at + size <= bytes.size(), "npy data is truncated");
  array.bytes = bytes.substr(*at, size);
  *at += size;
  return array;
}

std::map<std::string, ReadArray> ReadNpz(const std::string& bytes) {
  Require(bytes.size() >= 22, "zip is too short");
  const std::size_t end = bytes.size() - 22;
  Require(Integer(bytes, end, 4) == 0x06054B50, "zip end record");
  std::uint64_t count = Integer(bytes, end + 10, 2);
  std::uint64_t directory = Integer(bytes, end + 16, 4);
  if (count == 0xFFFF || directory == 0xFFFFFFFF) {
    Require(Integer(bytes, end - 20, 4) == 0x07064B50, "zip64 locator");
    const auto record = static_cast<std::size_t>(Integer(bytes, end - 12, 8));
    Require(Integer(bytes, record, 4) == 0x06064B50, "zip64 end record");
    count = Integer(bytes, record + 32, 8);
    directory = Integer(bytes, record + 48, 8);
  }
  std::map<std::string, ReadArray> arrays;
  auto at = static_cast<std::size_t>(directory);
  std::size_t expected_offset = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    Require(Integer(bytes, at, 4) == 0x02014B50, "zip directory entry");
    const auto name_size = static_cast<std::size_t>(Integer(bytes, at + 28, 2));
    const auto extra_size = static_cast<std::size_t>(Integer(bytes, at + 30, 2));
    Entry entry = {Integer(bytes, at + 16, 4), Integer(bytes, at + 20, 4),
                   Integer(bytes, at + 24, 4), Integer(bytes, at + 42, 4)};
    const std::string name = bytes.substr(at + 46, name_size);
    ApplyZip64(bytes.substr(at + 46 + name_size, extra_size), &entry);
    at += 46 + name_size + extra_size;

    const auto local = static_cast<std::size_t>(entry.offset);
    Require(local == expected_offset, "members follow each other");
    Require(Integer(bytes, local, 4) == 0x04034B50, "zip local header");
    Require(Integer(bytes, local + 8, 2) == 0, "stored");
    Entry in_local = {Integer(bytes, local + 14, 4), Integer(bytes, local + 18, 4),
                      Integer(bytes, local + 22, 4), 0};
    const auto local_name = static_cast<std::size_t>(Integer(bytes, local + 26, 2));
    const auto local_extra = static_cast<std::size_t>(Integer(bytes, local + 28, 2));
    Require(bytes.substr(local + 30, local_name) == name, "local name");
    ApplyZip64(bytes.substr(local + 30 + local_name, local_extra), &in_local);
    Require(in_local.crc == entry.crc && in_local.size == entry.size &&
                in_local.packed == entry.size && entry.packed == entry.size,
            "local header agrees with the directory");
    const std::size_t begin = local + 30 + local_name + local_extra;
    const std::string member = bytes.substr(begin, static_cast<std::size_t>(entry.size));
    Require(member.size() == entry.size, "member is truncated");
    expected_offset = begin + member.size();
    const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(member.data()), member.size());
    Require(crc == entry.crc, "check sum of " + name);
    Require(name.ends_with(".npy"), "member name");
    std::size_t inside = 0;
    arrays[name.substr(0, name.size() - 4)] = ReadNpy(member, &inside);
    Require(inside == member.size(), "bytes after the array " + name);
  }
  Require(expected_offset == directory, "directory follows the members");
  return arrays;
}

ReadTensors ReadSafetensors(const std::string& bytes) {
  const std::uint64_t length = Integer(bytes, 0, 8);
  Require(length % 8 == 0 && 8 + length <= bytes.size(), "header length");
  Require(bytes[8] == '{', "header begins with a brace");
  const auto begin = static_cast<std::size_t>(8 + length);
  const nlohmann::json header =
      nlohmann::json::parse(bytes.substr(8, static_cast<std::size_t>(length)));
  ReadTensors tensors;
  std::map<std::uint64_t, std::uint64_t> ranges;
  std::size_t empty = 0;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      tensors.metadata = value.get<std::map<std::string, std::string>>();
      continue;
    }
    ReadArray array;
    const std::string dtype = value["dtype"];
    array.type = dtype == "F16" ? "<f2" : dtype == "F32" ? "<f4" : "<i4";
    array.shape = value["shape"].get<std::vector<std::uint64_t>>();
    const auto from = value["data_offsets"][0].get<std::uint64_t>();
    const auto to = value["data_offsets"][1].get<std::uint64_t>();
    std::uint64_t size = ElementSize(array.type);
    for (const std::uint64_t n : array.shape) size *= n;
    Require(to - from == size, "shape and offsets of " + name);
    Require((begin + from) % ElementSize(array.type) == 0, "alignment of " + name);
    Require(begin + to <= bytes.size(), "truncated");
    if (from == to) {
      ++empty;
    } else {
      ranges[from] = to;
    }
    array.bytes =
        bytes.substr(begin + static_cast<std::size_t>(from), static_cast<std::size_t>(size));
    tensors.arrays[name] = std::move(array);
  }
  std::uint64_t expected = 0;
  for (const auto& [from, to] : ranges) {
    Require(from == expected, "no gaps, no overlap");
    expected = to;
  }
  Require(begin + expected == bytes.size(), "the arrays fill the file");
  Require(ranges.size() + empty == tensors.arrays.size(), "distinct ranges");
  return tensors;
}

}  // namespace fovea::dump
