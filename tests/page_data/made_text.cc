#include "tests/page_data/made_text.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <span>

#include "tools/attention-dump/page/page_recorder.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kChunk = 16;

std::vector<std::size_t> UpTo(std::size_t count) {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace

MadeText::MadeText(const MadeTextOptions& options) : options_(options) {
  const std::size_t tokens = options_.tokens;
  if (options_.prompt == 0) options_.prompt = tokens;
  if (options_.planned == 0) options_.planned = tokens;
  layers_ = options_.chosen_layers.empty() ? UpTo(options_.layers) : options_.chosen_layers;
  heads_ = options_.chosen_heads.empty() ? UpTo(options_.heads) : options_.chosen_heads;
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  query_.resize(options_.layers * tokens * options_.heads * options_.dim);
  key_.resize(options_.layers * tokens * options_.kv_heads * options_.dim);
  logits_.resize(tokens * kVocabulary);
  for (float& value : query_) value = normal(random);
  // Keys with a mean and with channels of unequal size, as models have them.
  for (std::size_t i = 0; i < key_.size(); ++i) {
    const auto channel = static_cast<float>(i % options_.dim);
    key_[i] = normal(random) * (0.1F + channel / 3.0F) + (channel == 2.0F ? 7.0F : 0.5F);
  }
  for (float& value : logits_) value = normal(random);
  for (std::size_t i = 0; i < options_.prompt; ++i) {
    ids_.push_back(static_cast<std::int32_t>(i * 5 % kVocabulary));
  }
  while (ids_.size() < tokens) {  // greedily
    const std::span row(logits_.data() + (ids_.size() - 1) * kVocabulary, kVocabulary);
    ids_.push_back(ArgMax(row));
  }
  info_.model.name = "made";
  info_.model.family = "llama";
  info_.mask = "causal";
  info_.half = options_.half;
  info_.layers = layers_;
  info_.heads = heads_;
  for (const std::size_t head : heads_) {
    info_.kv_head.push_back(head / (options_.heads / options_.kv_heads));
  }
  for (std::size_t i = 0; i < tokens; ++i) {
    const std::string& piece = options_.pieces[i % options_.pieces.size()];
    info_.tokens.ids.push_back(ids_[i]);
    info_.tokens.pieces.push_back(piece);
    info_.tokens.text_begin.push_back(info_.text.size());
    info_.text += piece;
    info_.tokens.text_end.push_back(info_.text.size());
    info_.tokens.word.push_back(static_cast<std::int32_t>(i));
    info_.tokens.special.push_back(i == 0);
    info_.tokens.generated.push_back(i >= options_.prompt);
  }
}

std::vector<double> MadeText::Map(std::size_t layer, std::size_t head, bool masked) const {
  const std::size_t tokens = options_.tokens;
  const std::size_t dim = options_.dim;
  const std::size_t kv_head = head / (options_.heads / options_.kv_heads);
  const std::size_t window = Window(layer);
  std::vector<double> map(tokens * tokens, 0.0);
  for (std::size_t q = 0; q < tokens; ++q) {
    double sum = 0.0;
    for (std::size_t k = 0; k < tokens; ++k) {
      if (masked && (k > q || (window > 0 && q - k >= window))) continue;
      double score = 0.0;
      for (std::size_t c = 0; c < dim; ++c) {
        score +=
            static_cast<double>(query_[((layer * tokens + q) * options_.heads + head) * dim + c]) *
            static_cast<double>(
                key_[((layer * tokens + k) * options_.kv_heads + kv_head) * dim + c]);
      }
      score *= static_cast<double>(kScale);
      const auto cap = static_cast<double>(options_.softcap);
      if (cap > 0.0) score = cap * std::tanh(score / cap);
      sum += map[q * tokens + k] = std::exp(score);
    }
    for (std::size_t k = 0; k < tokens; ++k) map[q * tokens + k] /= sum;
  }
  return map;
}

Recording MadeText::RecordWithValueNorms() const {
  Recording recording = Record();
  for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
    std::vector<float>& norms = recording.value_norms.emplace_back();
    norms.resize(heads_.size() * options_.planned);
    for (std::size_t i = 0; i < norms.size(); ++i) {
      norms[i] = 1.0F + static_cast<float>(heads_[i / options_.planned]) +
                 static_cast<float>(i % options_.planned) / 8.0F;
    }
  }
  return recording;
}

Recording MadeText::Record() const {
  const std::size_t tokens = options_.tokens;
  DumpShape shape;
  shape.tokens = options_.planned;
  shape.layers = layers_;
  shape.heads = heads_;
  shape.model_heads = options_.heads;
  shape.kv_heads = options_.kv_heads;
  shape.head_dim = options_.dim;
  shape.half = options_.half;
  ModelInfo model;
  model.windows.assign(options_.layers, 0);
  if (options_.layers > 1) model.windows[1] = options_.window;
  PageRecorder recorder(
      PlanRecording(shape, model, options_.page_bytes, 1, options_.also_without_mask),
      std::span(ids_).first(options_.prompt), Kernels::Best());
  const AttentionSelection& wanted = recorder.selection();
  const std::vector<float> unused(options_.heads * tokens, 0.0F);
  std::vector<std::vector<float>> maps;  // [layers, heads]
  for (std::size_t map = 0; map < options_.layers * options_.heads; ++map) {
    const std::vector<double> exact = Map(map / options_.heads, map % options_.heads);
    maps.emplace_back(exact.begin(), exact.end());
  }
  for (std::size_t begin = 0; begin < tokens;) {
    const std::size_t end =
        begin < options_.prompt ? std::min(begin + kChunk, options_.prompt) : begin + 1;
    for (std::size_t layer = 0; layer < options_.layers; ++layer) {
      if (!wanted.HasLayer(layer)) continue;
      const bool windowed = Window(layer) > 0;
      for (std::size_t head = options_.heads; head-- > 0;) {
        if (!wanted.HasHead(head)) continue;
        AttentionRows rows;
        rows.layer = layer;
        rows.head = head;
        rows.kv_head = head / (options_.heads / options_.kv_heads);
        rows.query_begin = begin;
        rows.query_count = end - begin;
        rows.key_count = end;
        rows.weights = maps[layer * options_.heads + head].data() + begin * tokens;
        rows.stride = tokens;
        rows.mask = windowed ? Mask::Kind::kSlidingWindow : Mask::Kind::kCausal;
        rows.window = Window(layer);
        recorder.OnRows(rows);
      }
      if (!wanted.trace) continue;
      AttentionTrace trace;
      trace.layer = layer;
      trace.query_begin = begin;
      trace.query_count = end - begin;
      trace.key_begin = begin;
      trace.key_count = end - begin;
      trace.heads = options_.heads;
      trace.kv_heads = options_.kv_heads;
      trace.head_dim = options_.dim;
      trace.query = query_.data() + (layer * tokens + begin) * options_.heads * options_.dim;
      trace.key = key_.data() + (layer * tokens + begin) * options_.kv_heads * options_.dim;
      trace.log_sum_exp = unused.data();
      trace.scale = kScale;
      trace.softcap = options_.softcap;
      trace.isa = BestIsa();
      recorder.OnTrace(trace);
    }
    for (std::size_t position = begin; position < end; ++position) {
      recorder.OnLogits(position, std::span(logits_.data() + position * kVocabulary, kVocabulary));
    }
    begin = end;
  }
  return recorder.Take();
}

}  // namespace fovea::dump
