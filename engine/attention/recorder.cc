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
  std::size_t layer = 0;
  std::size_t head = 0;
  std::size_t rows = 0;
  std::size_t stride = 0;
  std::size_t row_capacity = 0;
  AlignedBuffer cells;

  float* Row(std::size_t row) const { return cells.As<float>() + row * stride; }

  /// Grows to a square map of at least `size` tokens; false if there is no memory (nothing is
  /// lost).
  bool Grow(std::size_t size, const platform::MemorySource& source) {
    if (size <= stride && size <= row_capacity) return true;
    // By half, so that a generation of n tokens copies O(n²) cells in total.
    const std::size_t larger = std::max(size, stride + stride / 2);
    const CheckedSize bytes = CheckedSize(larger) * larger * sizeof(float);
    if (!bytes.ok()) return false;
    AlignedBuffer grown =
        AlignedBuffer::Allocate(bytes.value(), AlignedBuffer::Pages::kUsual, source);
    if (!grown) return false;
    for (std::size_t r = 0; r < rows; ++r) {
      std::copy_n(Row(r), stride, grown.As<float>() + r * larger);
    }
    cells = std::move(grown);
    stride = larger;
    row_capacity = larger;
    return true;
  }

  void Append(const AttentionRows& delivered) {
    for (std::size_t r = 0; r < delivered.query_count; ++r) {
      float* row = Row(delivered.query_begin + r);
      std::copy_n(delivered.weights + r * delivered.stride, delivered.key_count, row);
      std::fill(row + delivered.key_count, row + stride, 0.0F);
    }
    // After a truncation, new rows replace the old ones.
    rows = delivered.query_begin + delivered.query_count;
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

  HeadMap* Find(std::size_t layer, std::size_t head) const {
    for (std::size_t i = 0; i < count; ++i) {
      if (maps[i].layer == layer && maps[i].head == head) return &maps[i];
    }
    return nullptr;
  }

  HeadMap* FindOrAdd(std::size_t layer, std::size_t head) {
    if (HeadMap* found = Find(layer, head)) return found;
    if (count == capacity) {
      const std::size_t larger = std::max<std::size_t>(16, 2 * capacity);
      std::unique_ptr<HeadMap[]> grown(new (std::nothrow) HeadMap[larger]);
      if (grown == nullptr) return nullptr;
      std::move(maps.get(), maps.get() + count, grown.get());
      maps = std::move(grown);
      capacity = larger;
    }
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

AttentionRecorder::View AttentionRecorder::Map(std::size_t layer, std::size_t head) const {
  const HeadMap* map = state_->Find(layer, head);
  if (map == nullptr || map->rows == 0) return {};
  return {.tokens = map->rows, .weights = map->Row(0), .stride = map->stride};
}

std::size_t AttentionRecorder::tokens() const {
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < state_->count; ++i) tokens = std::max(tokens, state_->maps[i].rows);
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
  if (rows.stream == AttentionStream::kCross || !state_->status.ok()) return;
  const std::size_t size = std::max(rows.query_begin + rows.query_count, rows.key_count);
  HeadMap* map = state_->FindOrAdd(rows.layer, rows.head);
  if (map == nullptr || !map->Grow(size, state_->memory)) {
    state_->status = Status(StatusCode::kOutOfMemory, "no memory for an attention map");
    return;
  }
  map->Append(rows);
}

}  // namespace fovea
