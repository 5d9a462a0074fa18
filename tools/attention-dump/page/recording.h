// What is kept of one text's run for a page, and how much memory that takes: decided before the
// model runs.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_RECORDING_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_RECORDING_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/page/head_record.h"

namespace fovea::dump {

/// Longer texts get a pyramid.
inline constexpr std::size_t kMaxTokensWithoutPyramid = 1024;

/// Bytes that a page may take when the user names no number.
constexpr std::uint64_t DefaultPageBytes(std::size_t tokens) {
  return tokens <= 2048 ? 19'500'000 : 50'000'000;
}

/// How a text will be recorded.
struct RecordingPlan {
  std::size_t tokens = 0;                  ///< Prompt and all tokens that may be generated.
  std::vector<std::size_t> layers, heads;  ///< Original numbers, ascending.
  std::vector<std::size_t> windows;        ///< Per entry of `layers`, 0: none.
  std::size_t model_heads = 1;
  std::size_t heads_per_kv_head = 1;
  std::size_t head_dim = 0;
  bool causal = true;
  std::size_t pyramid_block = 0;  ///< 0: no pyramid.
  bool weights = false;           ///< Weights are stored as they are …
  bool half = true;               ///< … as float16.
  bool trace = true;              ///< Queries and keys are kept.

  std::size_t KvHead(std::size_t head) const { return head / heads_per_kv_head; }
  /// Original numbers of the KV heads that `heads` read, ascending.
  std::vector<std::size_t> KvHeads() const;
  /// Index of a KV head in KvHeads().
  std::size_t KvIndex(std::size_t kv_head) const;
  /// Cells that the mask shows, of all heads.
  double VisibleCells() const;
  /// Memory that the recording will take.
  double Bytes() const;
};

/// `page_bytes`: of the file, of which `texts` texts share. `also_without_mask`: the page will also
/// show the maps without the causal mask.
RecordingPlan PlanRecording(const DumpShape& shape, const ModelInfo& model,
                            std::uint64_t page_bytes, std::size_t texts, bool also_without_mask);

/// Queries and keys of one layer.
struct RecordedTrace {
  std::vector<float> query;  ///< [selected heads, planned tokens, dim]
  std::vector<float> key;    ///< [KvHeads(), planned tokens, dim]
  float scale = 1.0F;
  float softcap = 0.0F;
  Isa isa = Isa::kScalar;  ///< Of the kernels that computed them.
};

/// The most likely next tokens after a position.
struct Candidates {
  struct Next {
    std::int32_t id = 0;
    double probability = 0.0;
  };
  std::size_t position = 0;  ///< Of the row whose logits these are.
  std::vector<Next> next;    ///< Most likely first.
};

struct Recording {
  RecordingPlan plan;
  std::vector<HeadRecord> heads;      ///< [layers, heads]
  std::vector<RecordedTrace> traces;  ///< [layers]; empty if the plan keeps none.
  /// Norms of value vectors behind the output projection, per layer [selected heads, planned
  /// tokens]; empty if they were not asked for.
  std::vector<std::vector<float>> value_norms = {};
  std::vector<double> loss;  ///< -ln p of each token but the first, or empty.
  std::vector<Candidates> candidates;

  const HeadRecord& Head(std::size_t layer_index, std::size_t head_index) const {
    return heads[layer_index * plan.heads.size() + head_index];
  }
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_RECORDING_H_
