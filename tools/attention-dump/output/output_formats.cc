#include <algorithm>
#include <cstddef>
#include <utility>

#include "tools/attention-dump/output/arrays/npy_file.h"
#include "tools/attention-dump/output/arrays/npz_file.h"
#include "tools/attention-dump/output/arrays/safetensors_file.h"
#include "tools/attention-dump/output/map_pictures.h"
#include "tools/attention-dump/output/map_text.h"
#include "tools/attention-dump/output/output_format.h"

namespace fovea::dump {
namespace {

/// One row for each format. The order is that of lists in messages and in the help.
constexpr OutputFormat kFormats[] = {
    {.ending = ".npz",
     .content = OutputContent::kArrays,
     .open = [](platform::AtomicFile file, const DumpShape& shape,
                std::uint64_t) { return MakeNpz(std::move(file), AllSpecs(shape)); }},
    {.ending = ".npy",
     .content = OutputContent::kMaps,
     .open = [](platform::AtomicFile file, const DumpShape& shape,
                std::uint64_t) { return MakeNpy(std::move(file), AttentionSpec(shape)); }},
    {.ending = ".safetensors",
     .content = OutputContent::kArrays,
     .open =
         [](platform::AtomicFile file, const DumpShape& shape, std::uint64_t header_estimate) {
           return MakeSafetensors(std::move(file), AllSpecs(shape), header_estimate);
         }},
    {.ending = ".json",
     .content = OutputContent::kText,
     .table = TableFormat::kJson,
     .render = MapsAsJson,
     .estimate = MapsAsJsonBytes},
    {.ending = ".csv",
     .content = OutputContent::kText,
     .table = TableFormat::kCsv,
     .one_table = true,
     .render = MapsAsCsv,
     .estimate = MapsAsCsvBytes},
    {.ending = ".png", .content = OutputContent::kPicture, .render = MapsAsPng},
    {.ending = ".svg", .content = OutputContent::kPicture, .render = MapsAsSvg},
    {.ending = ".html",
     .content = OutputContent::kPage,
     .table = TableFormat::kPage,
     .render = [](const DumpInfo&, const DumpShape&,
                  const Drawn& drawn) { return RenderHtml(*drawn.page); }},
};

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string Joined(const std::vector<std::string_view>& words, std::string_view separator,
                   std::string_view last_separator) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? last_separator : separator;
    text += words[i];
  }
  return text;
}

}  // namespace

std::span<const OutputFormat> OutputFormats() {
  return kFormats;
}

const OutputFormat* FindOutputFormat(std::string_view path) {
  const std::size_t name = path.find_last_of('/') + 1;  // 0 if there is no slash
  for (const OutputFormat& format : kFormats) {
    const std::string_view ending = format.ending;
    // A file named ".npz" has no ending: it is hidden.
    if (path.size() - name <= ending.size()) continue;
    if (std::equal(ending.begin(), ending.end(),
                   path.end() - static_cast<std::ptrdiff_t>(ending.size()),
                   [](char a, char b) { return a == Lower(b); })) {
      return &format;
    }
  }
  return nullptr;
}

std::string OutputEndings() {
  std::vector<std::string_view> endings;
  for (const OutputFormat& format : kFormats) endings.push_back(format.ending);
  return Joined(endings, " ", " ");
}

std::string EndingsOf(std::initializer_list<OutputContent> contents,
                      std::string_view last_separator) {
  std::vector<std::string_view> endings;
  for (const OutputFormat& format : kFormats) {
    if (std::find(contents.begin(), contents.end(), format.content) != contents.end()) {
      endings.push_back(format.ending);
    }
  }
  return Joined(endings, ", ", last_separator);
}

std::string TableEndings() {
  std::vector<std::string_view> endings;
  for (const TableFormat table : {TableFormat::kPage, TableFormat::kCsv, TableFormat::kJson}) {
    for (const OutputFormat& format : kFormats) {
      if (format.table == table) endings.push_back(format.ending);
    }
  }
  return Joined(endings, ", ", " or ");
}

}  // namespace fovea::dump
