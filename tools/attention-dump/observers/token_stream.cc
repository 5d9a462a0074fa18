#include "tools/attention-dump/observers/token_stream.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "tools/attention-dump/observers/visible_keys.h"
#include "tools/attention-dump/output/sidecar.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kCandidates = 5;
constexpr std::size_t kMaxWaitingBytes = std::size_t{128} << 20U;

std::string Quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::size_t StreamBatch(const DumpShape& shape, std::size_t usual_batch) {
  // In 64 bits: rows of some shapes do not fit into the addresses of a 32-bit machine.
  const std::uint64_t heads = std::uint64_t{shape.layers.size()} * shape.heads.size();
  const std::uint64_t per_row = shape.top_k > 0 ? std::uint64_t{shape.top_k} * sizeof(WeightedKey)
                                                : std::uint64_t{shape.tokens} * sizeof(float);
  const std::uint64_t per_token = std::max<std::uint64_t>(heads * per_row, 1);
  return static_cast<std::size_t>(
      std::clamp<std::uint64_t>(kMaxWaitingBytes / per_token, 1, usual_batch));
}

TokenStream::TokenStream(const DumpShape& shape, std::size_t first_position,
                         const Tokenizer* tokenizer, LineSink* sink)
    : shape_(shape),
      first_position_(first_position),
      tokenizer_(tokenizer),
      sink_(sink),
      selection_({.layers = shape.layers, .heads = shape.heads}),
      index_(shape.layers, shape.heads),
      number_(shape.half, "null"),
      waiting_(shape.layers.size() * shape.heads.size()) {}

void TokenStream::OnRows(const AttentionRows& rows) {
  const std::size_t map = index_.Map(rows);
  if (map == HeadIndex::kNone || failed()) return;
  try {
    KeepRows(rows, map);
  } catch (const std::bad_alloc&) {
    out_of_memory_.store(true, std::memory_order_relaxed);
  }
}

void TokenStream::KeepRows(const AttentionRows& rows, std::size_t map) {
  for (std::size_t r = 0; r < rows.query_count; ++r) {
    const std::size_t position = rows.query_begin + r;
    if (position < first_position_) continue;
    const Mask::Range visible = VisibleKeys(rows, r);
    const float* weights = rows.weights + r * rows.stride;
    Row row = {.position = position, .weights = {}, .top = {}, .residual = 0.0F};
    if (shape_.top_k > 0) {
      row.residual = static_cast<float>(
          KeepLargest(weights, visible.begin, visible.end, shape_.top_k, &row.top));
    } else {
      row.weights.assign(weights, weights + visible.end);
    }
    waiting_[map].push_back(std::move(row));
  }
}

Status TokenStream::status() const {
  if (sink_->failed()) return sink_->status();
  if (!failed()) return Status::Ok();
  return {StatusCode::kOutOfMemory, "--stream: not enough memory for the rows of a token"};
}

void TokenStream::Begin(const DumpInfo& info, std::size_t generate) {
  std::string line = "{\"format\":\"fovea-attention-stream\",\"format_version\":1,\"rows\":";
  line += shape_.top_k > 0 ? "\"top\",\"k\":" + std::to_string(shape_.top_k) : "\"weights\"";
  line += ",\"first_position\":" + std::to_string(first_position_);
  line += ",\"generate\":" + std::to_string(generate);
  line += ",\"metadata\":" + SidecarJson(info) + "}";
  sink_->Write(line);
}

std::string TokenStream::Piece(std::int32_t token) const {
  return Quoted(tokenizer_ != nullptr ? tokenizer_->DisplayPiece(token)
                                      : "#" + std::to_string(token));
}

/// [[piece, probability], …], the most likely first.
void TokenStream::AppendNext(std::span<const float> logits, std::string* line) const {
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto count = static_cast<std::ptrdiff_t>(std::min(kCandidates, order.size()));
  const auto logit = [&](std::int32_t id) { return logits[static_cast<std::size_t>(id)]; };
  std::partial_sort(order.begin(), order.begin() + count, order.end(),
                    [&](std::int32_t a, std::int32_t b) {
                      return logit(a) != logit(b) ? logit(a) > logit(b) : a < b;
                    });
  const float largest = order.empty() ? 0.0F : logit(order.front());
  double sum = 0.0;
  for (const float value : logits) sum += std::exp(static_cast<double>(value - largest));
  const NumberWriter number(false, "null");
  *line += '[';
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const std::int32_t id = order[static_cast<std::size_t>(i)];
    *line += (i == 0 ? "[" : ",[") + Piece(id) + ',';
    number.Append(static_cast<float>(std::exp(static_cast<double>(logit(id) - largest)) / sum),
                  line);
    *line += ']';
  }
  *line += ']';
}

void TokenStream::AppendRow(std::size_t map, std::size_t position, std::string* line) {
  std::vector<Row>& waiting = waiting_[map];
  const auto row = std::find_if(waiting.begin(), waiting.end(),
                                [&](const Row& r) { return r.position == position; });
  if (row == waiting.end()) return;  // the layer was skipped, or the run is being stopped
  if (line->back() == '}') *line += ',';
  const std::size_t heads = shape_.heads.size();
  *line += "{\"layer\":" + std::to_string(shape_.layers[map / heads]) +
           ",\"head\":" + std::to_string(shape_.heads[map % heads]);
  bool first = true;
  const auto separate = [&] {
    if (!first) *line += ',';
    first = false;
  };
  if (shape_.top_k > 0) {
    *line += ",\"top\":[";
    for (const WeightedKey& entry : row->top) {
      separate();
      *line += '[' + std::to_string(entry.key) + ',';
      number_.Append(entry.weight, line);
      *line += ']';
    }
    *line += "],\"residual\":";
    NumberWriter(false, "null").Append(row->residual, line);
  } else {
    *line += ",\"weights\":[";
    for (const float weight : row->weights) {
      separate();
      number_.Append(weight, line);
    }
    *line += ']';
  }
  *line += '}';
  if (row + 1 == waiting.end()) waiting.clear();  // the last one of its call
}

void TokenStream::OnToken(std::size_t position, std::int32_t token, bool generated,
                          std::span<const float> logits) {
  if (failed()) return;
  std::string line = "{\"position\":" + std::to_string(position) +
                     ",\"token\":" + std::to_string(token) + ",\"piece\":" + Piece(token) +
                     ",\"generated\":" + (generated ? "true" : "false") + ",\"next\":";
  AppendNext(logits, &line);
  line += ",\"rows\":[";
  for (std::size_t map = 0; map < waiting_.size(); ++map) AppendRow(map, position, &line);
  line += "]}";
  sink_->Write(line);
}

void TokenStream::End(const DumpInfo& info) {
  const auto generated = static_cast<std::size_t>(
      std::count(info.tokens.generated.begin(), info.tokens.generated.end(), true));
  const bool ended = generated < shape_.generated;
  sink_->Write("{\"end\":{\"tokens\":" + std::to_string(info.tokens.size()) +
               ",\"generated\":" + std::to_string(generated) +
               ",\"reason\":" + (ended ? "\"end of generation\"" : "\"limit\"") + "}}");
}

}  // namespace fovea::dump
