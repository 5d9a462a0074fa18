// Random attention problems with a plain double-precision answer and error bounds derived from the
// sizes of the numbers, shared by the tests of attention.
#ifndef FOVEA_TESTS_ATTENTION_ATTENTION_PROBLEM_H_
#define FOVEA_TESTS_ATTENTION_ATTENTION_PROBLEM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/attention/tiled_attention.h"
#include "fovea/attention.h"

namespace fovea::attention {

struct ProblemShape {
  std::size_t tokens = 1;
  std::size_t heads = 1;
  std::size_t kv_heads = 1;
  std::size_t head_dim = 8;
  std::size_t value_dim = 8;
  std::size_t first_query = 0;
  Mask::Kind mask = Mask::Kind::kCausal;
  std::size_t window = 0;
  std::size_t other_keys = 0;  ///< With Mask::Kind::kNone: keys of another sequence; 0: the same.
  DataType kv_type = DataType::kF32;
  bool half_keys = false;   ///< kF16 keys beside kQ8_0 values.
  bool float_rows = false;  ///< Keys and values are float32 rows, not blocks.
  float softcap = 0.0F;
  bool biased = false;        ///< An additive bias by distance, NaN where no query attends.
  bool padded = false;        ///< Hides some keys, among them the first ones.
  float query_factor = 1.0F;  ///< Makes scores large.
  std::string ToString() const;
};

/// What a run gave, or should give.
struct Answer {
  std::vector<double> out;      ///< [tokens, heads, value_dim]
  std::vector<double> weights;  ///< [heads, tokens, positions]
  std::vector<double> scores;   ///< [heads, tokens, positions], -inf where masked
  std::vector<double> lse;      ///< [heads, tokens]
  /// Bounds of the error of float arithmetic: relative for weights (per row, [heads, tokens]),
  /// absolute for scores and lse, absolute for each output.
  std::vector<double> weight_bound, score_bound, lse_bound, out_bound;
};

class Problem {
 public:
  Problem(const ProblemShape& shape, std::uint64_t seed);

  const ProblemShape& shape() const { return shape_; }
  std::size_t positions() const {
    return shape_.other_keys > 0 ? shape_.other_keys : shape_.first_query + shape_.tokens;
  }

  /// The call for tokens [begin, end) writing to `out` [tokens, heads, value_dim] (all tokens'
  /// rows).
  Call MakeCall(std::size_t begin, std::size_t end, float* out) const;
  Answer Solve() const;

  std::vector<float> query;       ///< [tokens, heads, head_dim]
  std::vector<float> key, value;  ///< [kv_heads, positions, dim], as the cache holds them.
  std::vector<std::uint8_t> key_valid;
  AttentionBias bias;  ///< Empty if the shape has none.

  /// After changing key or value: writes them to the cache again.
  void Store();

 private:
  void MakeBias();
  /// Half precision beside 8-bit values if the shape says so.
  DataType key_type() const { return shape_.half_keys ? DataType::kF16 : shape_.kv_type; }

  ProblemShape shape_;
  std::vector<std::byte> key_cache_, value_cache_;
  std::vector<float> bias_table_;
};

/// Runs tokens [begin, end) with fresh scratch sized for it.
void RunCall(const kernels::KernelTable& kernels, platform::Parallel& parallel, const Call& call);

/// All tokens at once, plain. Returns out [tokens, heads, value_dim].
std::vector<float> RunPlain(const kernels::KernelTable& kernels, const Problem& problem);

}  // namespace fovea::attention

#endif  // FOVEA_TESTS_ATTENTION_ATTENTION_PROBLEM_H_
