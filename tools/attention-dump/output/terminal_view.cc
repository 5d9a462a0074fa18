#include "tools/attention-dump/output/terminal_view.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "tools/attention-dump/render/telling_head.h"
#include "tools/common/numbers.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kTableRows = 10;
constexpr std::size_t kMaxColumns = 1000;

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::size_t Columns() {
  struct winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const auto columns = tools::ParseNumber(Variable("COLUMNS"));
  if (columns && *columns > 0) {
    return static_cast<std::size_t>(std::min<std::uint64_t>(*columns, kMaxColumns));
  }
  return TerminalOptions().columns;
}

bool LocaleIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = Variable(name);
    if (value.empty()) continue;
    for (const std::string_view spelling : {"UTF-8", "utf-8", "UTF8", "utf8"}) {
      if (value.find(spelling) != std::string_view::npos) return true;
    }
    return false;
  }
  return false;
}

/// Index of the head whose maps are farthest apart.
std::size_t MostChanged(const MapSet& a, const MapSet& b) {
  const std::size_t cells = a.tokens * a.tokens;
  std::size_t most = 0;
  double largest = -1.0;
  for (std::size_t head = 0; head < a.layers.size() * a.heads.size(); ++head) {
    double change = 0.0;
    for (std::size_t cell = head * cells; cell < (head + 1) * cells; ++cell) {
      change +=
          std::abs(static_cast<double>(a.weights[cell]) - static_cast<double>(b.weights[cell]));
    }
    if (change <= largest) continue;
    largest = change;
    most = head;
  }
  return most;
}

}  // namespace

TerminalOptions DetectTerminal() {
  TerminalOptions options;
  options.columns = Columns();
  const std::string_view term = Variable("TERM");
  options.color = ::isatty(STDOUT_FILENO) == 1 && !term.empty() && term != "dumb" &&
                  Variable("NO_COLOR").empty();
  options.unicode = options.color && LocaleIsUtf8();
  const std::string_view depth = Variable("COLORTERM");
  options.true_color = options.color && (depth == "truecolor" || depth == "24bit");
  return options;
}

std::string TerminalView(const DumpInfo& info, const KeptMaps& kept,
                         const TerminalOptions& options) {
  const MapSet& maps = kept.ForPictures();
  const bool before = kept.before && kept.before->weights.size() == maps.weights.size();
  const std::size_t shown = before ? MostChanged(maps, *kept.before) : MostTelling(kept.statistics);
  const std::size_t layer = shown / maps.heads.size();
  const std::size_t head = shown % maps.heads.size();
  std::string text = RenderTerminal(info, maps, layer, head, options);
  if (kept.bidirectional) {
    text += "\nThe same head without the causal mask:\n\n";
    text += RenderTerminal(info, *kept.bidirectional, layer, head, options);
  }
  if (before) {
    text += "\nThe same head with all heads in place:\n\n";
    text += RenderTerminal(info, *kept.before, layer, head, options);
  }
  return text + "\n" + RenderHeadTable(kept.statistics, options, kTableRows);
}

}  // namespace fovea::dump
