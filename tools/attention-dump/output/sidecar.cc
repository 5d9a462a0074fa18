#include "tools/attention-dump/output/sidecar.h"

#include <nlohmann/json.hpp>

namespace fovea::dump {
namespace {

using Json = nlohmann::ordered_json;

Json TrustStamp(const DumpInfo& info) {
  const ModelInfo& model = info.model;
  Json rope = {{"position", PositionKindName(model.position)},
               {"base", model.rope_base},
               {"scaling", RopeScalingName(model.rope_scaling)},
               {"factor", model.rope_factor}};
  return {{"model_file", model.path},
          {"model_hash", "xxh3-128:" + info.model_hash},
          {"family", model.family},
          {"model_name", model.name},
          {"weight_type", model.weight_type},
          {"kv_type", info.kv_type},
          {"kernel", "tiled online softmax"},
          {"arithmetic", info.arithmetic},
          {"isa", info.isa},
          {"threads", info.threads},
          {"rope", std::move(rope)},
          {"attention_scale", model.attention_scale},
          {"attention_softcap", model.attention_softcap},
          {"logit_softcap", model.logit_softcap},
          {"precision", info.half ? "f16" : "f32"},
          {"row_sum_error", info.row_sum_error},
          {"learned_sink_share", info.learned_sink_share},
          {"version", info.version}};
}

Json Lossy(const DumpInfo& info) {
  Json parts = Json::array();
  for (const LossyPart& part : info.lossy) {
    if (part.kind == LossyPart::Kind::kTopK) {
      parts.push_back({{"kind", "top-k"},
                       {"k", part.size},
                       {"worst_residual", part.worst_residual},
                       {"mean_residual", part.mean_residual}});
    } else {
      parts.push_back({{"kind", "pool"}, {"block", part.size}});
    }
  }
  return parts;
}

}  // namespace

std::string SidecarJson(const DumpInfo& info) {
  const DumpTokens& tokens = info.tokens;
  Json offsets = Json::array();
  Json generated_ids = Json::array();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    offsets.push_back({tokens.text_begin[i], tokens.text_end[i]});
    if (tokens.generated[i]) generated_ids.push_back(tokens.ids[i]);
  }
  Json sidecar = {{"format", "fovea-attention"},
                  {"format_version", 1},
                  {"axes", {"layer", "head", "query", "key"}},
                  {"quantity", QuantityName(info.quantity)},
                  {"text", info.text},
                  {"token_ids", tokens.ids},
                  {"token_strings", tokens.pieces},
                  {"byte_offsets", std::move(offsets)},
                  {"word_ids", tokens.word},
                  {"special", tokens.special},
                  {"generated", tokens.generated},
                  {"greedy_tokens", std::move(generated_ids)},
                  {"layers", info.layers},
                  {"heads", info.heads},
                  {"kv_head", info.kv_head},
                  {"mask", info.mask},
                  {"windows", info.windows},
                  {"lossy", Lossy(info)},
                  {"trust_stamp", TrustStamp(info)}};
  if (const DumpTokens& source = info.source_tokens; source.size() > 0) {
    Json source_offsets = Json::array();
    for (std::size_t i = 0; i < source.size(); ++i) {
      source_offsets.push_back({source.text_begin[i], source.text_end[i]});
    }
    sidecar["source"] = {
        {"text", info.source_text},       {"token_ids", source.ids},
        {"token_strings", source.pieces}, {"byte_offsets", std::move(source_offsets)},
        {"word_ids", source.word},        {"special", source.special}};
  }
  if (!info.ablation_json.empty()) sidecar["ablation"] = Json::parse(info.ablation_json);
  return sidecar.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string TrustStampJson(const DumpInfo& info) {
  return TrustStamp(info).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace fovea::dump
