#include "tools/attention-dump/observers/streaming_dump.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "fovea/half.h"

namespace fovea::dump {

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

StreamingDump::StreamingDump(DumpShape shape, ArrayWriter* writer, MapSet* maps,
                             std::vector<KeptTrace>* traces)
    : shape_(std::move(shape)),
      writer_(writer),
      attention_(writer->Find("attention")),
      scores_(writer->Find("scores")),
      logits_(writer->Find("logits")),
      embeddings_(writer->Find("embeddings")),
      hidden_(writer->Find("hidden")),
      maps_(maps),
      traces_(traces),
      index_(shape_.layers, shape_.heads) {
  selection_ = {.layers = shape_.layers,
                .heads = shape_.heads,
                .rows = maps_ != nullptr || ArrayWriter::IsWanted(attention_),
                .scores = shape_.scores,
                .trace = shape_.trace || traces_ != nullptr};
  for (std::size_t i = 0; i < shape_.kv_heads; ++i) all_kv_heads_.push_back(i);
  for (const std::size_t layer : shape_.layers) {
    query_.push_back(writer->Find(QueryName(layer)));
    key_.push_back(writer->Find(KeyName(layer)));
    log_sum_exp_.push_back(writer->Find(LogSumExpName(layer)));
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

void StreamingDump::OnRows(const AttentionRows& rows) {
  if (writer_->failed() || index_.Map(rows) == HeadIndex::kNone) return;
  try {
    if (maps_ != nullptr) KeepRows(rows);
    WriteRows(rows, rows.weights, 0.0F, attention_);
    if (rows.scores != nullptr) {
      WriteRows(rows, rows.scores, -std::numeric_limits<float>::infinity(), scores_);
    }
  } catch (const std::bad_alloc&) {
    writer_->Fail(0, Status(StatusCode::kOutOfMemory, "not enough memory for a tile of rows"));
  }
}

void StreamingDump::KeepRows(const AttentionRows& rows) {
  const std::size_t tokens = shape_.tokens;
  const std::size_t map = index_.Map(rows);
  for (std::size_t r = 0; r < rows.query_count; ++r) {
    std::copy_n(rows.weights + r * rows.stride, std::min(rows.key_count, tokens),
                maps_->weights.begin() +
                    static_cast<std::ptrdiff_t>((map * tokens + rows.query_begin + r) * tokens));
  }
}

void StreamingDump::WriteRows(const AttentionRows& rows, const float* values, float masked,
                              const Slots& slots) {
  if (!ArrayWriter::IsWanted(slots)) return;
  const std::size_t tokens = shape_.tokens;
  const std::size_t element = ElementBytes(shape_.weight_type());
  const std::size_t row_bytes = tokens * element;
  const std::size_t keys = std::min(rows.key_count, tokens);
  Buffer buffer(this, rows.query_count * row_bytes);
  for (std::size_t r = 0; r < rows.query_count; ++r) {
    const float* row = values + r * rows.stride;
    if (shape_.half) {
      auto* out = reinterpret_cast<std::uint16_t*>(buffer.data() + r * row_bytes);
      FloatsToHalves(row, keys, out);
      std::fill(out + keys, out + tokens, FloatToHalf(masked));
    } else {
      auto* out = reinterpret_cast<float*>(buffer.data() + r * row_bytes);
      std::copy_n(row, keys, out);
      std::fill(out + keys, out + tokens, masked);
    }
  }
  const std::uint64_t offset =
      (static_cast<std::uint64_t>(index_.Map(rows)) * tokens + rows.query_begin) * row_bytes;
  writer_->Write(slots, offset, buffer.data(), rows.query_count * row_bytes);
}

void StreamingDump::OnTrace(const AttentionTrace& trace) {
  const std::size_t layer = index_.Layer(trace.layer);
  if (writer_->failed() || layer == HeadIndex::kNone) return;
  KeptTrace* kept = traces_ == nullptr ? nullptr : &(*traces_)[layer];
  if (kept != nullptr) {
    kept->scale = trace.scale;
    kept->softcap = trace.softcap;
    kept->isa = trace.isa;
  }
  try {
    if (kept != nullptr) {
      kept->bias_table.assign(trace.bias.table.begin(), trace.bias.table.end());
      kept->bias_stride = trace.bias.head_stride;
      kept->bias_zero = trace.bias.zero;
    }
    WriteTraceHeads({trace.query, trace.query_begin, trace.query_count, trace.heads},
                    trace.head_dim, shape_.heads, query_[layer],
                    kept == nullptr ? nullptr : &kept->query);
    WriteTraceHeads({trace.key, trace.key_begin, trace.key_count, trace.kv_heads}, trace.head_dim,
                    all_kv_heads_, key_[layer], kept == nullptr ? nullptr : &kept->key);
  } catch (const std::bad_alloc&) {
    writer_->Fail(0, Status(StatusCode::kOutOfMemory, "not enough memory for a tile of queries"));
  }
  for (std::size_t head = 0; head < shape_.heads.size(); ++head) {
    const float* values = trace.log_sum_exp + shape_.heads[head] * trace.query_count;
    const std::uint64_t offset =
        (static_cast<std::uint64_t>(head) * shape_.tokens + trace.query_begin) * sizeof(float);
    writer_->Write(log_sum_exp_[layer], offset, values, trace.query_count * sizeof(float));
  }
}

/// The values become [head, token, dim] of the chosen heads.
void StreamingDump::WriteTraceHeads(const TracePart& part, std::size_t dim,
                                    const std::vector<std::size_t>& heads, const Slots& slots,
                                    std::vector<float>* kept) {
  const std::size_t row_bytes = dim * sizeof(float);
  Buffer buffer(this, part.count * row_bytes);
  for (std::size_t head = 0; head < heads.size(); ++head) {
    for (std::size_t token = 0; token < part.count; ++token) {
      std::memcpy(buffer.data() + token * row_bytes,
                  part.values + (token * part.heads_in_row + heads[head]) * dim, row_bytes);
    }
    const std::size_t row = head * shape_.tokens + part.begin;
    const std::size_t bytes = part.count * row_bytes;
    if (kept != nullptr) std::memcpy(kept->data() + row * dim, buffer.data(), bytes);
    writer_->Write(slots, static_cast<std::uint64_t>(row) * row_bytes, buffer.data(), bytes);
  }
}

void StreamingDump::OnLogits(std::size_t position, std::span<const float> logits) {
  writer_->Write(logits_, static_cast<std::uint64_t>(position) * shape_.vocabulary * sizeof(float),
                 logits.data(), logits.size_bytes());
}

void StreamingDump::OnOutput(std::size_t position, std::span<const float> rows) {
  const std::uint64_t row_bytes = shape_.hidden_size * sizeof(float);
  writer_->Write(embeddings_, position * row_bytes, rows.data(), rows.size_bytes());
}

void StreamingDump::OnHidden(std::size_t layer, std::size_t position, std::span<const float> rows) {
  const std::uint64_t row_bytes = shape_.hidden_size * sizeof(float);
  writer_->Write(hidden_, (layer * shape_.tokens + position) * row_bytes, rows.data(),
                 rows.size_bytes());
}

}  // namespace fovea::dump
