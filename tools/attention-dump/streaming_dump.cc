#include "tools/attention-dump/streaming_dump.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "tools/attention-dump/half.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kNone = ArrayFile::npos;

std::vector<std::size_t> IndexOf(const std::vector<std::size_t>& numbers) {
  std::vector<std::size_t> index;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] >= index.size()) index.resize(numbers[i] + 1, kNone);
    index[numbers[i]] = i;
  }
  return index;
}

std::size_t LookUp(const std::vector<std::size_t>& index, std::size_t number) {
  return number < index.size() ? index[number] : kNone;
}

/// In double, with enough partial sums for the compiler to use vectors.
double Sum(const float* values, std::size_t count) {
  constexpr std::size_t kLanes = 8;
  double partial[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      partial[lane] += static_cast<double>(values[i + lane]);
    }
  }
  double sum = 0.0;
  for (; i < count; ++i) sum += static_cast<double>(values[i]);
  for (const double lane : partial) sum += lane;
  return sum;
}

}  // namespace

class StreamingDump::Buffer {
 public:
  Buffer(StreamingDump* owner, std::size_t bytes) : owner_(owner) {
    {
      const std::lock_guard<std::mutex> lock(owner_->mutex_);
      if (!owner_->free_buffers_.empty()) {
        bytes_ = std::move(owner_->free_buffers_.back());
        owner_->free_buffers_.pop_back();
      }
    }
    if (bytes_.size() < bytes) bytes_.resize(bytes);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    const std::lock_guard<std::mutex> lock(owner_->mutex_);
    owner_->free_buffers_.push_back(std::move(bytes_));
  }
  std::byte* data() { return bytes_.data(); }

 private:
  StreamingDump* owner_;
  std::vector<std::byte> bytes_;
};

StreamingDump::StreamingDump(DumpShape shape, std::vector<ArrayFile*> files, MapSet* maps,
                             std::vector<KeptTrace>* traces)
    : shape_(std::move(shape)), files_(std::move(files)), maps_(maps), traces_(traces) {
  selection_ = {.layers = shape_.layers,
                .heads = shape_.heads,
                .rows = true,
                .scores = shape_.scores,
                .trace = shape_.trace || traces_ != nullptr};
  layer_index_ = IndexOf(shape_.layers);
  head_index_ = IndexOf(shape_.heads);
  for (std::size_t i = 0; i < shape_.kv_heads; ++i) all_kv_heads_.push_back(i);
  for (const ArrayFile* file : files_) {
    Slots slots{file->Find("attention"), file->Find("scores"), file->Find("logits"), {}, {}, {}};
    for (const std::size_t layer : shape_.layers) {
      slots.query.push_back(file->Find(QueryName(layer)));
      slots.key.push_back(file->Find(KeyName(layer)));
      slots.log_sum_exp.push_back(file->Find(LogSumExpName(layer)));
    }
    slots_.push_back(std::move(slots));
  }
  const std::size_t layers = shape_.layers.size();
  const std::size_t heads = shape_.heads.size();
  if (maps_ != nullptr) {
    maps_->tokens = shape_.tokens;
    maps_->layers = shape_.layers;
    maps_->heads = shape_.heads;
    maps_->weights.assign(layers * heads * shape_.tokens * shape_.tokens, 0.0F);
  }
  if (traces_ != nullptr) {
    const std::size_t per_head = shape_.tokens * shape_.head_dim;
    traces_->clear();
    for (const std::size_t layer : shape_.layers) {
      traces_->push_back({.layer = layer,
                          .query = std::vector<float>(heads * per_head),
                          .key = std::vector<float>(shape_.kv_heads * per_head)});
    }
  }
}

void StreamingDump::Fail(std::size_t file, Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (failed()) return;
  status_ = std::move(status);
  failed_file_ = file;
  failed_.store(true, std::memory_order_relaxed);
}

void StreamingDump::Write(std::size_t file, std::size_t slot, std::uint64_t offset,
                          const void* data, std::size_t bytes) {
  if (slot == kNone || failed()) return;
  Status status = files_[file]->WriteAt(slot, offset, data, bytes);
  if (!status.ok()) Fail(file, std::move(status));
}

void StreamingDump::OnRows(const AttentionRows& rows) {
  if (failed()) return;
  if (LookUp(layer_index_, rows.layer) == kNone || LookUp(head_index_, rows.head) == kNone) return;
  try {
    NoteRowSums(rows);
    if (maps_ != nullptr) KeepRows(rows);
    WriteRows(rows, rows.weights, 0.0F, &Slots::attention);
    if (rows.scores != nullptr) {
      WriteRows(rows, rows.scores, -std::numeric_limits<float>::infinity(), &Slots::scores);
    }
  } catch (const std::bad_alloc&) {
    Fail(0, Status(StatusCode::kOutOfMemory, "not enough memory for a tile of rows"));
  }
}

void StreamingDump::NoteRowSums(const AttentionRows& rows) {
  double worst = 0.0;
  for (std::size_t r = 0; r < rows.query_count; ++r) {
    // A row that sees no key has nothing to sum to 1.
    if (rows.log_sum_exp != nullptr && std::isinf(rows.log_sum_exp[r])) continue;
    const double error = std::abs(Sum(rows.weights + r * rows.stride, rows.key_count) - 1.0);
    if (!(error <= worst)) worst = error;  // keeps a NaN
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!(worst <= row_sum_error_)) row_sum_error_ = worst;
}

void StreamingDump::KeepRows(const AttentionRows& rows) {
  const std::size_t tokens = shape_.tokens;
  const std::size_t map = layer_index_[rows.layer] * shape_.heads.size() + head_index_[rows.head];
  for (std::size_t r = 0; r < rows.query_count; ++r) {
    std::copy_n(rows.weights + r * rows.stride, std::min(rows.key_count, tokens),
                maps_->weights.begin() +
                    static_cast<std::ptrdiff_t>((map * tokens + rows.query_begin + r) * tokens));
  }
}

void StreamingDump::WriteRows(const AttentionRows& rows, const float* values, float masked,
                              std::size_t Slots::*slot) {
  if (std::none_of(slots_.begin(), slots_.end(),
                   [&](const Slots& slots) { return slots.*slot != kNone; })) {
    return;
  }
  const std::size_t tokens = shape_.tokens;
  const std::size_t element = ElementBytes(shape_.weight_type());
  const std::size_t row_bytes = tokens * element;
  const std::size_t keys = std::min(rows.key_count, tokens);
  Buffer buffer(this, rows.query_count * row_bytes);
  for (std::size_t r = 0; r < rows.query_count; ++r) {
    const float* row = values + r * rows.stride;
    if (shape_.half) {
      auto* out = reinterpret_cast<std::uint16_t*>(buffer.data() + r * row_bytes);
      HalvesFromFloats(row, keys, out);
      std::fill(out + keys, out + tokens, HalfFromFloat(masked));
    } else {
      auto* out = reinterpret_cast<float*>(buffer.data() + r * row_bytes);
      std::copy_n(row, keys, out);
      std::fill(out + keys, out + tokens, masked);
    }
  }
  const std::uint64_t map = layer_index_[rows.layer] * shape_.heads.size() + head_index_[rows.head];
  const std::uint64_t offset = (map * tokens + rows.query_begin) * row_bytes;
  for (std::size_t file = 0; file < files_.size(); ++file) {
    Write(file, slots_[file].*slot, offset, buffer.data(), rows.query_count * row_bytes);
  }
}

void StreamingDump::OnTrace(const AttentionTrace& trace) {
  if (failed()) return;
  const std::size_t layer = LookUp(layer_index_, trace.layer);
  if (layer == kNone) return;
  KeptTrace* kept = traces_ == nullptr ? nullptr : &(*traces_)[layer];
  if (kept != nullptr) {
    kept->scale = trace.scale;
    kept->softcap = trace.softcap;
  }
  try {
    WriteTraceHeads(trace.query, trace.heads, trace, shape_.heads, layer, &Slots::query,
                    kept == nullptr ? nullptr : &kept->query);
    WriteTraceHeads(trace.key, trace.kv_heads, trace, all_kv_heads_, layer, &Slots::key,
                    kept == nullptr ? nullptr : &kept->key);
  } catch (const std::bad_alloc&) {
    Fail(0, Status(StatusCode::kOutOfMemory, "not enough memory for a tile of queries"));
  }
  for (std::size_t head = 0; head < shape_.heads.size(); ++head) {
    const float* values = trace.log_sum_exp + shape_.heads[head] * trace.query_count;
    const std::uint64_t offset =
        (static_cast<std::uint64_t>(head) * shape_.tokens + trace.query_begin) * sizeof(float);
    for (std::size_t file = 0; file < files_.size(); ++file) {
      Write(file, slots_[file].log_sum_exp[layer], offset, values,
            trace.query_count * sizeof(float));
    }
  }
}

/// values [token, heads_in_row, head_dim] become [head, token, head_dim] of the chosen heads.
void StreamingDump::WriteTraceHeads(const float* values, std::size_t heads_in_row,
                                    const AttentionTrace& trace,
                                    const std::vector<std::size_t>& heads, std::size_t layer_index,
                                    std::vector<std::size_t> Slots::*slot,
                                    std::vector<float>* kept) {
  const std::size_t dim = trace.head_dim;
  const std::size_t row_bytes = dim * sizeof(float);
  Buffer buffer(this, trace.query_count * row_bytes);
  for (std::size_t head = 0; head < heads.size(); ++head) {
    for (std::size_t token = 0; token < trace.query_count; ++token) {
      std::memcpy(buffer.data() + token * row_bytes,
                  values + (token * heads_in_row + heads[head]) * dim, row_bytes);
    }
    const std::size_t row = head * shape_.tokens + trace.query_begin;
    const std::size_t bytes = trace.query_count * row_bytes;
    if (kept != nullptr) std::memcpy(kept->data() + row * dim, buffer.data(), bytes);
    for (std::size_t file = 0; file < files_.size(); ++file) {
      Write(file, (slots_[file].*slot)[layer_index], static_cast<std::uint64_t>(row) * row_bytes,
            buffer.data(), bytes);
    }
  }
}

void StreamingDump::OnLogits(std::size_t position, std::span<const float> logits) {
  for (std::size_t file = 0; file < files_.size(); ++file) {
    Write(file, slots_[file].logits,
          static_cast<std::uint64_t>(position) * shape_.vocabulary * sizeof(float), logits.data(),
          logits.size_bytes());
  }
}

}  // namespace fovea::dump
