#include "tools/attention-dump/heads/head_table.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "tools/attention-dump/base/numbers_text.h"
#include "tools/attention-dump/render/label_text.h"
#include "tools/attention-dump/render/panel.h"

namespace fovea::dump {
namespace {

using Needs = HeadColumn::Needs;

constexpr std::array<HeadColumn, 11> kColumns = {{
    {"entropy", "entropy", Needs::kNothing, 3, false, 4,
     [](const HeadRow& row) { return row.statistics.entropy; }},
    {"distance", "dist", Needs::kNothing, 1, false, 5,
     [](const HeadRow& row) { return row.statistics.mean_distance; }},
    {"confidence", "conf", Needs::kNothing, 3, false, 6,
     [](const HeadRow& row) { return row.statistics.confidence; }},
    {"previous", "prev", Needs::kNothing, 3, false, 2,
     [](const HeadRow& row) { return row.statistics.previous_token; }},
    {"self", "self", Needs::kNothing, 3, false, 7,
     [](const HeadRow& row) { return row.statistics.self; }},
    {"first", "first", Needs::kNothing, 3, false, 3,
     [](const HeadRow& row) { return row.statistics.first_token; }},
    {"duplicate", "dupl", Needs::kProbe, 3, false, 1,
     [](const HeadRow& row) { return row.statistics.duplicate_token; }},
    {"induction", "induct", Needs::kProbe, 3, false, 0,
     [](const HeadRow& row) { return row.statistics.induction; }},
    {"loss_change", "loss", Needs::kAblation, 4, true, -3,
     [](const HeadRow& row) { return row.effect.loss_change; }},
    {"divergence", "KL", Needs::kAblation, 4, false, -2,
     [](const HeadRow& row) { return row.effect.divergence; }},
    {"top1_change", "top-1", Needs::kAblation, 3, false, 1,
     [](const HeadRow& row) { return row.effect.top1_change; }},
}};

/// One column of the terminal's table, as text.
struct TextColumn {
  int rank = 0;
  bool left = false;
  std::vector<std::string> cells;  // the heading first
  std::size_t width = 0;

  void Measure() {
    for (const std::string& cell : cells) width = std::max(width, cell.size());
  }
};

std::vector<TextColumn> MakeTextColumns(const HeadTable& table) {
  constexpr int kKvRank = 8;
  TextColumn name = {.rank = -9, .left = true, .cells = {"head"}};
  TextColumn kv_head = {.rank = kKvRank, .cells = {"kv"}};
  TextColumn type = {.rank = -1, .left = true, .cells = {"type"}};
  for (const HeadRow& row : table.rows) {
    name.cells.push_back(HeadName(row.statistics.layer, row.statistics.head));
    kv_head.cells.push_back(std::to_string(row.statistics.kv_head));
    type.cells.emplace_back(HeadType(row.statistics));
  }
  std::vector<TextColumn> columns = {std::move(name), std::move(kv_head)};
  for (const HeadColumn* column : ColumnsOf(table)) {
    TextColumn text = {.rank = column->rank, .cells = {std::string(column->heading)}};
    for (const HeadRow& row : table.rows) {
      const double value = column->value(row);
      text.cells.push_back(column->sign ? SignedNumber(value, column->decimals)
                                        : FixedNumber(value, column->decimals));
    }
    columns.push_back(std::move(text));
  }
  columns.push_back(std::move(type));
  for (TextColumn& column : columns) column.Measure();
  return columns;
}

std::size_t WidthOf(const std::vector<TextColumn>& columns) {
  std::size_t width = columns.size() - 1;  // a space between two
  for (const TextColumn& column : columns) width += column.width;
  return width;
}

}  // namespace

const HeadColumn* FindHeadColumn(std::string_view name) {
  const auto found = std::find_if(kColumns.begin(), kColumns.end(),
                                  [&](const HeadColumn& column) { return column.name == name; });
  return found == kColumns.end() ? nullptr : &*found;
}

std::string HeadColumnNames() {
  std::string names;
  for (const HeadColumn& column : kColumns) {
    if (!names.empty()) names += ", ";
    names += column.name;
  }
  return names;
}

std::vector<const HeadColumn*> ColumnsOf(const HeadTable& table) {
  std::vector<const HeadColumn*> columns;
  for (const HeadColumn& column : kColumns) {
    if (column.needs == Needs::kProbe && !table.probed) continue;
    if (column.needs == Needs::kAblation && !table.ablated) continue;
    columns.push_back(&column);
  }
  return columns;
}

void SortRows(std::string_view column, std::size_t top, HeadTable* table) {
  const auto by_position = [](const HeadRow& a, const HeadRow& b) {
    return std::pair(a.statistics.layer, a.statistics.head) <
           std::pair(b.statistics.layer, b.statistics.head);
  };
  const HeadColumn* const key = FindHeadColumn(column);
  std::sort(table->rows.begin(), table->rows.end(), [&](const HeadRow& a, const HeadRow& b) {
    if (key != nullptr && key->value(a) != key->value(b)) return key->value(a) > key->value(b);
    return by_position(a, b);
  });
  if (top < table->rows.size()) table->rows.resize(top);
}

std::string HeadTableText(const HeadTable& table, const TerminalOptions& options) {
  std::vector<TextColumn> columns = MakeTextColumns(table);
  bool left_out = false;
  while (WidthOf(columns) > options.columns && columns.size() > 2) {
    columns.erase(
        std::max_element(columns.begin(), columns.end(),
                         [](const TextColumn& a, const TextColumn& b) { return a.rank < b.rank; }));
    left_out = true;
  }
  std::string text;
  for (std::size_t line = 0; line <= table.rows.size(); ++line) {
    std::string row;
    for (const TextColumn& column : columns) {
      const std::string& cell = column.cells[line];
      const std::string space(column.width - cell.size(), ' ');
      if (!row.empty()) row += ' ';
      row += column.left ? cell + space : space + cell;
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + "\n";
  }
  if (left_out) {
    text += CutToWidth("More columns: a wider terminal, or -o heads.csv", options.columns,
                       options.unicode ? Alphabet::kUnicode : Alphabet::kAscii) +
            "\n";
  }
  return text;
}

std::string HeadTableCsv(const HeadTable& table) {
  const std::vector<const HeadColumn*> columns = ColumnsOf(table);
  std::string csv = "layer,head,kv_head";
  for (const HeadColumn* column : columns) csv += "," + std::string(column->name);
  csv += ",type\n";
  for (const HeadRow& row : table.rows) {
    const HeadStatistics& head = row.statistics;
    csv += std::to_string(head.layer) + "," + std::to_string(head.head) + "," +
           std::to_string(head.kv_head);
    for (const HeadColumn* column : columns) csv += "," + ExactNumber(column->value(row));
    csv += "," + std::string(HeadType(head)) + "\n";
  }
  return csv;
}

std::string HeadTableJson(const HeadTable& table) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const HeadRow& row : table.rows) {
    const HeadStatistics& head = row.statistics;
    nlohmann::ordered_json object = {
        {"layer", head.layer}, {"head", head.head}, {"kv_head", head.kv_head}};
    for (const HeadColumn* column : ColumnsOf(table)) object[column->name] = column->value(row);
    object["type"] = HeadType(head);
    rows.push_back(std::move(object));
  }
  return rows.dump();
}

}  // namespace fovea::dump
