#include "engine/text/tokenizer_json/splitter.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/text/byte_alphabet.h"
#include "engine/text/tokenizer_json/unicode.h"
#include "engine/text/utf8.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

enum class Behavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

struct BehaviorName {
  std::string_view name;
  Behavior behavior;
};
constexpr BehaviorName kBehaviors[] = {{"Removed", Behavior::kRemoved},
                                       {"Isolated", Behavior::kIsolated},
                                       {"MergedWithPrevious", Behavior::kMergedWithPrevious},
                                       {"MergedWithNext", Behavior::kMergedWithNext},
                                       {"Contiguous", Behavior::kContiguous}};

/// A stretch of a piece: a match, or what lies between matches.
struct Stretch {
  ByteRange range;
  bool match = false;
};

std::vector<Stretch> Stretches(const std::vector<ByteRange>& matches, std::size_t size) {
  std::vector<Stretch> stretches;
  std::uint32_t done = 0;
  for (const ByteRange& match : matches) {
    if (done < match.begin) stretches.push_back({{done, match.begin}, false});
    stretches.push_back({match, true});
    done = match.end;
  }
  const auto last = static_cast<std::uint32_t>(size);
  if (done < last) stretches.push_back({{done, last}, false});
  return stretches;
}

/// Joins each stretch with the one before it where `joins(previous is a match, this is a match)`.
template <typename Joins>
std::vector<ByteRange> Join(const std::vector<Stretch>& stretches, const Joins& joins) {
  std::vector<ByteRange> joined;
  bool previous = false;
  for (const Stretch& stretch : stretches) {
    if (!joined.empty() && joins(previous, stretch.match)) {
      joined.back() = {std::min(joined.back().begin, stretch.range.begin),
                       std::max(joined.back().end, stretch.range.end)};
    } else {
      joined.push_back(stretch.range);
    }
    previous = stretch.match;
  }
  return joined;
}

std::vector<ByteRange> Arrange(std::vector<Stretch> stretches, Behavior behavior) {
  const auto match_after_other = [](bool previous, bool match) { return match && !previous; };
  switch (behavior) {
    case Behavior::kRemoved:
      std::erase_if(stretches, [](const Stretch& stretch) { return stretch.match; });
      break;
    case Behavior::kIsolated: break;
    case Behavior::kMergedWithPrevious: return Join(stretches, match_after_other);
    case Behavior::kMergedWithNext: {
      std::reverse(stretches.begin(), stretches.end());
      std::vector<ByteRange> joined = Join(stretches, match_after_other);
      std::reverse(joined.begin(), joined.end());
      return joined;
    }
    case Behavior::kContiguous:
      return Join(stretches, [](bool previous, bool match) { return previous == match; });
  }
  return Join(stretches, [](bool, bool) { return false; });
}

/// Splits every piece by the matches that find(piece) gives.
template <typename Find>
Status SplitPieces(const Find& find, Behavior behavior, bool invert, CutText* cut) {
  std::vector<ByteRange> pieces;
  for (const ByteRange& piece : cut->pieces) {
    const std::string_view text = cut->Piece(piece);
    const Result<std::vector<ByteRange>> matches = find(text);
    FOVEA_RETURN_IF_ERROR(matches);
    std::vector<Stretch> stretches = Stretches(*matches, text.size());
    if (invert) {
      for (Stretch& stretch : stretches) stretch.match = !stretch.match;
    }
    for (const ByteRange& range : Arrange(std::move(stretches), behavior)) {
      if (range.begin < range.end) {
        pieces.push_back({piece.begin + range.begin, piece.begin + range.end});
      }
    }
  }
  cut->pieces = std::move(pieces);
  return {};
}

/// A step that splits at single characters.
template <typename Matches>
SplitterStep AtCharacters(const Matches& matches, Behavior behavior) {
  return [matches, behavior](CutText* cut) {
    const auto find = [&matches](std::string_view text) -> Result<std::vector<ByteRange>> {
      std::vector<ByteRange> found;
      ForEachCharacter(text, [&](char32_t c, std::size_t begin, std::size_t end) {
        if (!matches(c)) return;
        found.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
      });
      return found;
    };
    return SplitPieces(find, behavior, false, cut);
  };
}

SplitterStep AtPattern(Pattern pattern, Behavior behavior, bool invert) {
  const auto shared = std::make_shared<const Pattern>(std::move(pattern));
  return [shared, behavior, invert](CutText* cut) {
    return SplitPieces([&](std::string_view text) { return shared->FindAll(text); }, behavior,
                       invert, cut);
  };
}

/// Rewrites every piece: write(piece's text, its range, out).
template <typename Write>
SplitterStep Rewritten(const Write& write) {
  return [write](CutText* cut) {
    CutText out;
    for (const ByteRange& piece : cut->pieces) {
      const std::size_t begin = out.text.size();
      write(*cut, piece, &out.text);
      out.EndPiece(begin);
    }
    *cut = std::move(out);
    return Status::Ok();
  };
}

Status ReadBehavior(const Fields& fields, Behavior* behavior) {
  std::string name;
  FOVEA_RETURN_IF_ERROR(fields.Read("behavior", &name));
  if (name.empty()) return {};
  for (const BehaviorName& row : kBehaviors) {
    if (row.name != name) continue;
    *behavior = row.behavior;
    return {};
  }
  return fields.Error(StatusCode::kUnsupported, "behavior \"" + name + "\" is not supported");
}

Status ReadSplit(const Fields& fields, std::vector<SplitterStep>* steps) {
  auto pattern = fields.ReadPattern("pattern");
  FOVEA_RETURN_IF_ERROR(pattern);
  Behavior behavior = Behavior::kIsolated;
  bool invert = false;
  FOVEA_RETURN_IF_ERROR(ReadBehavior(fields, &behavior));
  FOVEA_RETURN_IF_ERROR(fields.Read("invert", &invert));
  steps->push_back(AtPattern(std::move(pattern).value(), behavior, invert));
  return {};
}

Status ReadByteLevel(const Fields& fields, std::vector<SplitterStep>* steps) {
  ByteLevelSplitter options;
  FOVEA_RETURN_IF_ERROR(fields.Read("add_prefix_space", &options.add_prefix_space));
  FOVEA_RETURN_IF_ERROR(fields.Read("use_regex", &options.use_regex));
  return AddByteLevelSplitter(options, steps);
}

Status ReadMetaspace(const Fields& fields, std::vector<SplitterStep>* steps) {
  std::string mark = "\xE2\x96\x81";  // "▁"
  std::string scheme;
  bool add_prefix_space = true;  // Older files have this instead of prepend_scheme.
  bool split = true;
  FOVEA_RETURN_IF_ERROR(fields.Read("replacement", &mark));
  FOVEA_RETURN_IF_ERROR(fields.Read("add_prefix_space", &add_prefix_space));
  FOVEA_RETURN_IF_ERROR(fields.Read("prepend_scheme", &scheme));
  FOVEA_RETURN_IF_ERROR(fields.Read("split", &split));
  if (mark.empty() || mark.size() != CharacterBytes(mark[0])) {
    return fields.Malformed("replacement must be one character");
  }
  if (scheme.empty()) scheme = add_prefix_space ? "always" : "never";
  if (scheme != "always" && scheme != "never" && scheme != "first") {
    return fields.Error(StatusCode::kUnsupported,
                        "prepend_scheme \"" + scheme + "\" is not supported");
  }
  steps->push_back(
      Rewritten([mark, scheme](const CutText& cut, const ByteRange& piece, AlignedText* out) {
        const std::string_view text = cut.Piece(piece);
        const std::uint32_t start = cut.text.Source(piece.begin, piece.begin + 1U).begin;
        const bool wanted = scheme == "always" || (scheme == "first" && start == 0);
        if (wanted && !text.starts_with(' ') && !text.starts_with(mark)) {
          out->Append(mark, {start, start});
        }
        for (std::size_t i = piece.begin; i < piece.end; ++i) {
          if (cut.text.text()[i] == ' ') {
            out->Append(mark, cut.text.Source(i, i + 1));
          } else {
            out->AppendFrom(cut.text, i, i + 1);
          }
        }
      }));
  if (split) {
    steps->push_back(AtPattern(Pattern::Fixed(mark), Behavior::kMergedWithNext, false));
  }
  return {};
}

Status ReadSequence(const Fields& fields, std::vector<SplitterStep>* steps) {
  const auto list = fields.Find("pretokenizers");
  if (!list || !list->IsArray()) return fields.Malformed("pretokenizers must be an array");
  for (const auto& [key, item] : list->members()) {
    FOVEA_RETURN_IF_ERROR(ReadSplitter(fields.Below(item, "pretokenizers"), steps));
  }
  return {};
}

}  // namespace

Status AddByteLevelSplitter(const ByteLevelSplitter& options, std::vector<SplitterStep>* steps) {
  if (options.add_prefix_space) {
    steps->push_back(Rewritten([](const CutText& cut, const ByteRange& piece, AlignedText* out) {
      const std::uint32_t start = cut.text.Source(piece.begin, piece.begin + 1U).begin;
      if (!cut.Piece(piece).starts_with(' ')) out->Append(" ", {start, start});
      out->AppendFrom(cut.text, piece.begin, piece.end);
    }));
  }
  if (options.use_regex) {
    auto words = Pattern::Regex(
        R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)");
    FOVEA_RETURN_IF_ERROR(words);
    steps->push_back(AtPattern(std::move(words).value(), Behavior::kIsolated, false));
  }
  const auto alphabet = std::make_shared<const ByteAlphabet>();
  steps->push_back(
      Rewritten([alphabet](const CutText& cut, const ByteRange& piece, AlignedText* out) {
        for (std::size_t i = piece.begin; i < piece.end; ++i) {
          const auto byte = static_cast<std::uint8_t>(cut.text.text()[i]);
          out->Append(alphabet->Letter(byte), cut.text.Source(i, i + 1));
        }
      }));
  return {};
}

void AddBertSplitter(std::vector<SplitterStep>* steps) {
  steps->push_back(AtCharacters(IsWhiteSpace, Behavior::kRemoved));
  steps->push_back(AtCharacters(IsPunctuation, Behavior::kIsolated));
}

Status ReadSplitter(const Fields& fields, std::vector<SplitterStep>* steps) {
  const std::string_view type = fields.type();
  if (type == "Sequence") return ReadSequence(fields, steps);
  if (type == "Split") return ReadSplit(fields, steps);
  if (type == "ByteLevel") return ReadByteLevel(fields, steps);
  if (type == "Metaspace") return ReadMetaspace(fields, steps);
  if (type == "WhitespaceSplit") {
    steps->push_back(AtCharacters(IsWhiteSpace, Behavior::kRemoved));
    return {};
  }
  if (type == "Whitespace") {
    auto words = Pattern::Regex(R"(\w+|[^\w\s]+)");
    FOVEA_RETURN_IF_ERROR(words);
    steps->push_back(AtPattern(std::move(words).value(), Behavior::kRemoved, true));
    return {};
  }
  if (type == "BertPreTokenizer") {
    AddBertSplitter(steps);
    return {};
  }
  if (type == "Punctuation") {
    Behavior behavior = Behavior::kIsolated;
    FOVEA_RETURN_IF_ERROR(ReadBehavior(fields, &behavior));
    steps->push_back(AtCharacters(IsPunctuation, behavior));
    return {};
  }
  if (type == "Digits") {
    bool individual = false;
    FOVEA_RETURN_IF_ERROR(fields.Read("individual_digits", &individual));
    steps->push_back(
        AtCharacters(IsNumeric, individual ? Behavior::kIsolated : Behavior::kContiguous));
    return {};
  }
  if (type == "CharDelimiterSplit") {
    std::string delimiter;
    FOVEA_RETURN_IF_ERROR(fields.Read("delimiter", &delimiter));
    if (delimiter.empty()) return fields.Malformed("delimiter must be one character");
    steps->push_back(AtPattern(Pattern::Fixed(delimiter), Behavior::kRemoved, false));
    return {};
  }
  return fields.UnknownType("the pre-tokenizer");
}

}  // namespace fovea::text
