#include "engine/model/load/read_stack.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace fovea::model {
namespace {

/// Rows [begin, begin + count) of a fused projection.
Linear SliceRows(const Linear& fused, std::size_t begin, std::size_t count) {
  Linear part;
  if (fused.weight) part.weight = fused.weight.Slice(begin, count);
  if (!fused.bias.empty()) {
    const auto first = fused.bias.begin() + static_cast<std::ptrdiff_t>(begin);
    part.bias.assign(first, first + static_cast<std::ptrdiff_t>(count));
  }
  return part;
}

/// Reads the tensors of one stack, whose names begin with `prefix`.
class StackReader {
 public:
  StackReader(TensorReader& reader, Hyperparameters& hp, const StackInfo& info, std::string prefix)
      : reader_(reader), hp_(hp), family_(*hp.family), info_(info), prefix_(std::move(prefix)) {}

  /// cross: every layer also attends to an encoder's output.
  Stack Read(bool cross) {
    Stack stack;
    if (family_.positions == PositionKind::kLearned) {
      const std::string name = prefix_ + "position_embd.weight";
      stack.position_embedding = reader_.Matrix(name, 0, hp_.embedding_size);
      if (stack.position_embedding) {
        hp_.info.context = std::min(hp_.info.context, stack.position_embedding.rows);
      }
    }
    if (family_.embedding_norm) {
      stack.embedding_norm =
          reader_.ReadNorm(prefix_ + "token_embd_norm", hp_.embedding_size, true);
    }
    if (family_.positions == PositionKind::kRelativeBuckets) ReadDistanceBuckets(stack);
    for (std::size_t i = 0; i < info_.layers && reader_.status().ok(); ++i) {
      stack.layers.push_back(ReadLayer(family_.shared_layers ? 0 : i, cross));
    }
    if (family_.output_norm) {
      stack.output_norm = reader_.ReadNorm(prefix_ + "output_norm", info_.hidden_size, true);
    }
    return stack;
  }

 private:
  std::string NameOf(std::size_t layer, const std::string& tensor) const {
    return prefix_ + "blk." + std::to_string(layer) + "." + tensor;
  }
  Norm ReadNorm(std::size_t layer, const std::string& tensor, bool required) {
    return reader_.ReadNorm(NameOf(layer, tensor), info_.hidden_size, required);
  }

  void ReadDistanceBuckets(Stack& stack) {
    const std::size_t values = hp_.distance_buckets * info_.heads;
    stack.distance_buckets = reader_.Floats(NameOf(0, "attn_rel_b.weight"), values, true);
    for (const float bias : stack.distance_buckets) {
      // An infinite one would hide keys, or whole rows, without a trace in the output.
      if (!std::isfinite(bias)) reader_.Fail(NameOf(0, "attn_rel_b.weight"), "is not finite");
    }
    // Some files repeat the table in other layers, or have one for cross-attention, which does not
    // use it.
    for (std::size_t i = 0; i < info_.layers; ++i) {
      if (i > 0) reader_.Floats(NameOf(i, "attn_rel_b.weight"), values, false);
      reader_.Floats(NameOf(i, "cross_attn_rel_b.weight"), values, false);
    }
  }

  LayerWeights ReadLayer(std::size_t layer, bool cross) {
    LayerWeights weights;
    weights.sublayers.push_back(ReadSelfAttention(layer));
    if (cross) weights.sublayers.push_back(ReadCrossAttention(layer));
    weights.sublayers.push_back(ReadFeedForward(layer));
    Sublayer& feed_forward = weights.sublayers.back();
    // A feed-forward network without a norm of its own shares attention's, so it is parallel.
    feed_forward.shares_input =
        family_.ffn_norm_optional && !static_cast<bool>(feed_forward.norm_before);
    weights.sublayers[weights.sublayers.size() - 2].parallel_with_next =
        hp_.parallel_residual || feed_forward.shares_input;
    return weights;
  }

  void ReadNorms(std::size_t layer, const char* before, bool before_required, const char* after,
                 const char* residual, Sublayer& sublayer) {
    if (family_.norm_place == NormPlace::kAfterResidual) {
      sublayer.norm_residual = ReadNorm(layer, residual, true);
      return;
    }
    sublayer.norm_before = ReadNorm(layer, before, before_required);
    if (family_.post_norms && after != nullptr) sublayer.norm_after = ReadNorm(layer, after, true);
  }

  Sublayer ReadSelfAttention(std::size_t layer) {
    Sublayer sublayer;
    ReadNorms(layer, "attn_norm", !family_.attention_norm_optional, "post_attention_norm",
              "attn_output_norm", sublayer);
    AttentionWeights& attention = sublayer.attention;
    const std::size_t query_rows = info_.heads * info_.head_dim;
    const std::size_t key_rows = info_.kv_heads * info_.head_dim;
    const std::size_t value_rows = info_.kv_heads * info_.value_dim;
    if (reader_.Has(NameOf(layer, "attn_qkv.weight"))) {
      const Linear fused = reader_.ReadLinear(
          NameOf(layer, "attn_qkv"), query_rows + key_rows + value_rows, info_.hidden_size);
      attention.query = SliceRows(fused, 0, query_rows);
      attention.key = SliceRows(fused, query_rows, key_rows);
      attention.value = SliceRows(fused, query_rows + key_rows, value_rows);
    } else {
      attention.query = reader_.ReadLinear(NameOf(layer, "attn_q"), query_rows, info_.hidden_size);
      attention.key = reader_.ReadLinear(NameOf(layer, "attn_k"), key_rows, info_.hidden_size);
      attention.value = reader_.ReadLinear(NameOf(layer, "attn_v"), value_rows, info_.hidden_size);
    }
    attention.output =
        reader_.ReadLinear(NameOf(layer, family_.named_stacks ? "attn_o" : "attn_output"),
                           info_.hidden_size, info_.heads * info_.value_dim);

    // One weight for all heads (Qwen 3, Gemma 3), or one per head (StableLM 2 12B).
    attention.norms_of_rows = family_.head_norms == HeadNorms::kOptionalOfRows ||
                              family_.head_norms == HeadNorms::kRequiredOfRows;
    const auto head_norm = [&](const std::string& name, std::size_t heads) {
      const bool per_head = family_.norm == NormKind::kLayer || attention.norms_of_rows;
      return reader_.ReadNorm(NameOf(layer, name), info_.head_dim * (per_head ? heads : 1),
                              family_.head_norms == HeadNorms::kRequired ||
                                  family_.head_norms == HeadNorms::kRequiredOfRows);
    };
    attention.query_norm = head_norm("attn_q_norm", info_.heads);
    attention.key_norm = head_norm("attn_k_norm", info_.kv_heads);
    if (family_.norm_place == NormPlace::kAfterResidual) {
      sublayer.norm_again = ReadNorm(layer, "attn_norm_2", false);
    }
    return sublayer;
  }

  Sublayer ReadCrossAttention(std::size_t layer) {
    Sublayer sublayer;
    sublayer.kind = SublayerKind::kCrossAttention;
    ReadNorms(layer, "cross_attn_norm", true, nullptr, "cross_attn_output_norm", sublayer);
    AttentionWeights& attention = sublayer.attention;
    attention.query = reader_.ReadLinear(NameOf(layer, "cross_attn_q"),
                                         info_.heads * info_.head_dim, info_.hidden_size);
    attention.key = reader_.ReadLinear(NameOf(layer, "cross_attn_k"),
                                       info_.kv_heads * info_.head_dim, info_.hidden_size);
    attention.value = reader_.ReadLinear(NameOf(layer, "cross_attn_v"),
                                         info_.kv_heads * info_.value_dim, info_.hidden_size);
    attention.output = reader_.ReadLinear(NameOf(layer, "cross_attn_o"), info_.hidden_size,
                                          info_.heads * info_.value_dim);
    return sublayer;
  }

  /// How this layer's gate is stored: kNone, kSeparate or kFused.
  Gate GateOf(std::size_t layer) {
    const bool has_gate = reader_.Has(NameOf(layer, "ffn_gate.weight"));
    if (family_.gate == Gate::kEither) return has_gate ? Gate::kSeparate : Gate::kFused;
    if (family_.gate != Gate::kIfStated) return family_.gate;
    if (!has_gate) hp_.activation = Activation::kRelu;
    return has_gate ? Gate::kSeparate : Gate::kNone;
  }

  Sublayer ReadFeedForward(std::size_t layer) {
    Sublayer sublayer;
    sublayer.kind = SublayerKind::kFeedForward;
    ReadNorms(layer, "ffn_norm", !family_.ffn_norm_optional, "post_ffw_norm", "layer_output_norm",
              sublayer);
    if (hp_.experts == 0) {
      sublayer.feed_forward.dense = ReadNetwork(layer, "", info_.ffn_size);
    } else {
      ReadExperts(layer, sublayer.feed_forward);
    }
    return sublayer;
  }

  /// suffix: what the names have behind ffn_gate, ffn_up and ffn_down.
  Network ReadNetwork(std::size_t layer, const std::string& suffix, std::size_t rows) {
    Network network;
    const std::size_t cols = info_.hidden_size;
    const Gate gate = GateOf(layer);
    if (gate == Gate::kFused) {
      const Linear fused = reader_.ReadLinear(NameOf(layer, "ffn_up" + suffix), 2 * rows, cols);
      network.gate = SliceRows(fused, 0, rows);
      network.up = SliceRows(fused, rows, rows);
    } else {
      if (gate == Gate::kSeparate) {
        network.gate = reader_.ReadLinear(NameOf(layer, "ffn_gate" + suffix), rows, cols);
      }
      network.up = reader_.ReadLinear(NameOf(layer, "ffn_up" + suffix), rows, cols);
    }
    network.down = reader_.ReadLinear(NameOf(layer, "ffn_down" + suffix), cols, rows);
    return network;
  }

  void ReadExperts(std::size_t layer, FeedForwardWeights& weights) {
    const std::size_t rows = hp_.expert_ffn_size;
    const std::size_t cols = info_.hidden_size;
    weights.router = reader_.ReadLinear(NameOf(layer, "ffn_gate_inp"), hp_.experts, cols);
    const auto all = [&](const char* name, std::size_t out, std::size_t in) {
      return reader_.Stacked(NameOf(layer, name), hp_.experts, out, in);
    };
    const MatrixView gate = all("ffn_gate_exps.weight", rows, cols);
    const MatrixView up = all("ffn_up_exps.weight", rows, cols);
    const MatrixView down = all("ffn_down_exps.weight", cols, rows);
    if (!gate || !up || !down) return;  // The reader keeps the error.
    for (std::size_t i = 0; i < hp_.experts; ++i) {
      Network expert;
      expert.gate.weight = gate.Slice(i * rows, rows);
      expert.up.weight = up.Slice(i * rows, rows);
      expert.down.weight = down.Slice(i * cols, cols);
      weights.experts.push_back(std::move(expert));
    }
    if (hp_.shared_ffn_size != 0) {
      weights.shared = ReadNetwork(layer, "_shexp", hp_.shared_ffn_size);
    }
  }

  TensorReader& reader_;
  Hyperparameters& hp_;
  const Family& family_;
  const StackInfo& info_;
  const std::string prefix_;
};

}  // namespace

Stack ReadStack(TensorReader& reader, Hyperparameters& hp, const StackInfo& info,
                const std::string& prefix, bool cross) {
  return StackReader(reader, hp, info, prefix).Read(cross);
}

}  // namespace fovea::model
