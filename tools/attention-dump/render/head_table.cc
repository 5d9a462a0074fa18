// The table that says which heads are worth a look.
#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "tools/attention-dump/render/label_text.h"
#include "tools/attention-dump/render/panel.h"
#include "tools/attention-dump/render/render.h"

namespace fovea::dump {
namespace {

// From here on a score makes a head nameable, for the order of the table only.
constexpr double kNameable = 0.3;

struct Interest {
  int tier = 0;  // smaller first
  double score = 0.0;
};

Interest InterestOf(const HeadStatistics& head) {
  const std::array<double, 5> scores = {head.induction, head.previous_token, head.duplicate_token,
                                        head.first_token, head.self};
  const auto largest = std::max_element(scores.begin(), scores.end());
  if (*largest >= kNameable) return {static_cast<int>(largest - scores.begin()), *largest};
  return {static_cast<int>(scores.size()), head.confidence};
}

// "0.123", right-aligned.
std::string Number(double value, std::size_t columns, int decimals) {
  std::string text = "nan";
  if (std::isfinite(value) && std::abs(value) < 1e9) {
    const long long scale = decimals == 1 ? 10 : 1000;
    const long long units = std::llround(std::abs(value) * static_cast<double>(scale));
    std::string fraction = std::to_string(units % scale);
    fraction.insert(0, static_cast<std::size_t>(decimals) - fraction.size(), '0');
    text = (value < 0.0 && units > 0 ? "-" : "") + std::to_string(units / scale) + "." + fraction;
  }
  if (text.size() < columns) text.insert(0, columns - text.size(), ' ');
  return text;
}

struct Column {
  std::string_view name;
  double HeadStatistics::*value;
  int decimals;
};

constexpr std::array<Column, 8> kColumns = {{{"entropy", &HeadStatistics::entropy, 3},
                                             {"distance", &HeadStatistics::mean_distance, 1},
                                             {"previous", &HeadStatistics::previous_token, 3},
                                             {"first", &HeadStatistics::first_token, 3},
                                             {"self", &HeadStatistics::self, 3},
                                             {"conf", &HeadStatistics::confidence, 3},
                                             {"induct", &HeadStatistics::induction, 3},
                                             {"dupl", &HeadStatistics::duplicate_token, 3}}};

// Columns of a number: its name or "0.123", whichever is wider, and a space before it.
std::size_t Room(const Column& column) {
  return std::max<std::size_t>(column.name.size(), 5) + 1;
}

}  // namespace

std::string RenderHeadTable(const std::vector<HeadStatistics>& heads,
                            const TerminalOptions& options, std::size_t max_rows) {
  constexpr std::size_t kTypeColumns = 18;  // "first token (sink)"
  const std::size_t columns = std::max<std::size_t>(options.columns, 20);

  std::vector<HeadStatistics> order = heads;
  std::sort(order.begin(), order.end(), [](const HeadStatistics& a, const HeadStatistics& b) {
    const Interest left = InterestOf(a);
    const Interest right = InterestOf(b);
    if (left.tier != right.tier) return left.tier < right.tier;
    if (left.score != right.score) return left.score > right.score;
    return a.layer != b.layer ? a.layer < b.layer : a.head < b.head;
  });

  std::size_t name_columns = 4;
  bool repeats = false;
  for (const HeadStatistics& head : heads) {
    name_columns = std::max(name_columns, HeadName(head.layer, head.head).size());
    repeats = repeats || head.induction > 0.0 || head.duplicate_token > 0.0;
  }
  // As many numbers as leave space for the type.
  std::size_t used = name_columns + 4;
  std::size_t shown = 0;
  while (shown < (repeats ? kColumns.size() : kColumns.size() - 2) &&
         used + Room(kColumns[shown]) + 2 + kTypeColumns <= columns) {
    used += Room(kColumns[shown++]);
  }

  std::string header = FitToWidth("head", name_columns) + "  kv";
  for (std::size_t i = 0; i < shown; ++i) {
    header += std::string(Room(kColumns[i]) - kColumns[i].name.size(), ' ');
    header += kColumns[i].name;
  }
  std::string out = CutToWidth(header + "  type", columns) + "\n";
  const std::size_t rows = std::min(max_rows, order.size());
  for (std::size_t row = 0; row < rows; ++row) {
    const HeadStatistics& head = order[row];
    std::string line = FitToWidth(HeadName(head.layer, head.head), name_columns);
    const std::string kv_head = std::to_string(head.kv_head);
    line += std::string(4 - std::min<std::size_t>(3, kv_head.size()), ' ') + kv_head;
    for (std::size_t i = 0; i < shown; ++i) {
      line += Number(head.*(kColumns[i].value), Room(kColumns[i]), kColumns[i].decimals);
    }
    line += "  ";
    line += HeadType(head);
    const Alphabet alphabet = options.unicode ? Alphabet::kUnicode : Alphabet::kAscii;
    out += (DisplayWidth(line) <= columns ? line : CutToWidth(line, columns, alphabet)) + "\n";
  }
  if (rows < order.size()) {
    out += CutToWidth("and " + std::to_string(order.size() - rows) + " more", columns) + "\n";
  }
  return out;
}

}  // namespace fovea::dump
