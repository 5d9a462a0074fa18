// Maps grow as rows arrive. Nothing here throws: a failed allocation is kept in status().
#include <algorithm>
#include <new>
#include <utility>

#include "fovea/attention.h"
#include "platform/aligned_buffer.h"
#include "platform/checked_math.h"

namespace fovea {
namespace {

using platform::AlignedBuffer;
using platform::CheckedSize;

/// One head's map: rows [0, rows) of `stride` floats, everything not delivered is 0.
struct HeadMap {
  AttentionStream stream = AttentionStream::kSelf;
  std::size_t layer = 0;
  std::size_t head = 0;
  std::size_t rows = 0;
  std::size_t keys = 0;  // Of the last row, which attends to no fewer than those before it.
  std::size_t stride = 0;
  std::size_t row_capacity = 0;
  AlignedBuffer cells;

  float* Row(std::size_t row) const { return cells.As<float>() + row * stride; }

  /// Grows to at least [rows_needed, keys_needed]; false if there is no memory (nothing is lost).
  bool Grow(std::size_t rows_needed, std::size_t keys_needed,
            const platform::MemorySource& source) {
    if (rows_needed <= row_capacity && keys_needed <= stride) return true;
    const std::size_t more_rows = Larger(row_capacity, rows_needed);
    const std::size_t larger = Larger(stride, keys_needed);
    const CheckedSize bytes = CheckedSize(more_rows) * larger * sizeof(float);
    if (!bytes.ok()) return false;
    AlignedBuffer grown =
        AlignedBuffer::Allocate(bytes.value(), AlignedBuffer::Pages::kUsual, source);
    if (!grown) return false;
    for (std::size_t r = 0; r < rows; ++r) {
      std::copy_n(Row(r), stride, grown.As<float>() + r * larger);
    }
    cells = std::move(grown);
    stride = larger;
    row_capacity = more_rows;
    return true;
  }

  /// By half, so that a generation of n tokens copies O(n) rows in total.
  static std::size_t Larger(std::size_t now, std::size_t needed) {
    return needed <= now ? now : std::max(needed, now + now / 2);
  }

  void Append(const AttentionRows& delivered) {
    for (std::size_t r = 0; r < delivered.query_count; ++r) {
      float* row = Row(delivered.query_begin + r);
      std::copy_n(delivered.weights + r * delivered.stride, delivered.key_count, row);
      std::fill(row + delivered.key_count, row + stride, 0.0F);
    }
    // After a truncation, new rows replace the old ones.
    rows = delivered.query_begin + delivered.query_count;
    keys = delivered.key_count;
  }
};

}  // namespace

struct AttentionRecorder::State {
  AttentionSelection selection;
  platform::MemorySource memory;
  Status status;
  std::unique_ptr<HeadMap[]> maps;
  std::size_t count = 0;
  std::size_t capacity = 0;

  HeadMap* Find(AttentionStream stream, std::size_t layer, std::size_t head) const {
    for (std::size_t i = 0; i < count; ++i) {
      const HeadMap& map = maps[i];
      if (map.stream == stream && map.layer == layer && map.head == head) return &maps[i];
    }
    return nullptr;
  }

  HeadMap* FindOrAdd(AttentionStream stream, std::size_t layer, std::size_t head) {
    if (HeadMap* found = Find(stream, layer, head)) return found;
    if (count == capacity) {
      const std::size_t larger = std::max<std::size_t>(16, 2 * capacity);
      std::unique_ptr<HeadMap[]> grown(new (std::nothrow) HeadMap[larger]);
      if (grown == nullptr) return nullptr;
      std::move(maps.get(), maps.get() + count, grown.get());
      maps = std::move(grown);
      capacity = larger;
    }
    maps[count].stream = stream;
    maps[count].layer = layer;
    maps[count].head = head;
    return &maps[count++];
  }
};

AttentionRecorder::AttentionRecorder(AttentionSelection selection, Allocator* allocator)
    : state_(std::make_unique<State>()) {
  state_->memory = platform::SourceOf(allocator);
  state_->selection = std::move(selection);
}

AttentionRecorder::~AttentionRecorder() = default;

AttentionRecorder::View AttentionRecorder::Map(std::size_t layer, std::size_t head,
                                               AttentionStream stream) const {
  const HeadMap* map = state_->Find(stream, layer, head);
  if (map == nullptr || map->rows == 0) return {};
  return {.queries = map->rows, .keys = map->keys, .weights = map->Row(0), .stride = map->stride};
}

std::size_t AttentionRecorder::tokens(AttentionStream stream) const {
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < state_->count; ++i) {
    if (state_->maps[i].stream == stream) tokens = std::max(tokens, state_->maps[i].rows);
  }
  return tokens;
}

const Status& AttentionRecorder::status() const {
  return state_->status;
}

void AttentionRecorder::Clear() {
  state_->maps.reset();
  state_->count = 0;
  state_->capacity = 0;
  state_->status = Status();
}

const AttentionSelection& AttentionRecorder::selection() const {
  return state_->selection;
}

void AttentionRecorder::OnRows(const AttentionRows& rows) {
  if (!state_->status.ok()) return;
  const std::size_t end = rows.query_begin + rows.query_count;
  const bool square = rows.stream != AttentionStream::kCross;
  // A square map grows to as many rows as it has columns, and the other way round.
  const std::size_t rows_needed = square ? std::max(end, rows.key_count) : end;
  const std::size_t keys_needed = square ? rows_needed : rows.key_count;
  HeadMap* map = state_->FindOrAdd(rows.stream, rows.layer, rows.head);
  if (map == nullptr || !map->Grow(rows_needed, keys_needed, state_->memory)) {
    state_->status = Status(StatusCode::kOutOfMemory, "no memory for an attention map");
    return;
  }
  map->Append(rows);
}

}  // namespace fovea
