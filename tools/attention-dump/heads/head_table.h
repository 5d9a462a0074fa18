// The table of `attention-dump heads`: its columns, the order of its rows, and the table as text
// for the terminal, as .csv and as .json.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_HEADS_HEAD_TABLE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_HEADS_HEAD_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/render/render.h"

namespace fovea::dump {

struct HeadRow {
  HeadStatistics statistics;
  HeadEffect effect;  ///< Zeros unless the table's `ablated`.
};

struct HeadTable {
  bool probed = false;   ///< duplicate_token and induction were measured.
  bool ablated = false;  ///< Effects were measured.
  std::vector<HeadRow> rows;
};

/// A column with numbers.
struct HeadColumn {
  enum class Needs : std::uint8_t { kNothing, kProbe, kAblation };

  std::string_view name;     ///< In files and for --sort.
  std::string_view heading;  ///< In the terminal, where space is short.
  Needs needs;
  int decimals;  ///< In the terminal.
  bool sign;     ///< A change: "+0.1".
  int rank;      ///< In a narrow terminal the columns with the largest ranks go first.
  double (*value)(const HeadRow& row);
};

inline constexpr std::string_view kSortByPosition = "position";

/// Null if there is none of that name.
const HeadColumn* FindHeadColumn(std::string_view name);

/// "entropy, distance, …": all columns.
std::string HeadColumnNames();

/// The columns that this table has, in their order.
std::vector<const HeadColumn*> ColumnsOf(const HeadTable& table);

/// Largest first, equals by position; kSortByPosition or an empty name: by layer and head. Then
/// keeps the first `top` rows.
void SortRows(std::string_view column, std::size_t top, HeadTable* table);

/// Lines of at most options.columns; what does not fit is left out, and a last line says so.
std::string HeadTableText(const HeadTable& table, const TerminalOptions& options);

/// layer,head,kv_head,entropy,…,type
std::string HeadTableCsv(const HeadTable& table);

/// [{"layer": 0, "head": 0, "kv_head": 0, "entropy": …, "type": "…"} …]
std::string HeadTableJson(const HeadTable& table);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_HEADS_HEAD_TABLE_H_
