// Attention and its observation: masks, the observer that receives exact maps while a session runs,
// and attention as an operator of its own with the classic scoring functions.
//
// Maps are [query, key]: row = query, column = key, unmasked rows sum to 1. Heads are query heads;
// under grouped-query attention `kv_head` says which key/value head a query head reads.
#ifndef FOVEA_ATTENTION_H_
#define FOVEA_ATTENTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "fovea/isa.h"
#include "fovea/resources.h"
#include "fovea/status.h"

namespace fovea {

/// Which keys a query attends to. Positions count from 0 within the key sequence.
struct Mask {
  /// The shape of the mask.
  enum class Kind : std::uint8_t {
    kNone,           ///< Every valid key.
    kCausal,         ///< key <= query.
    kSlidingWindow,  ///< key <= query and query - key < window.
    /// |query - key| <= window / 2, rounded down (ModernBERT, EmbeddingGemma).
    kSymmetricWindow,
  };
  Kind kind = Kind::kCausal;  ///< Causal by default.
  /// Keys that a query of a sliding window attends to, its own position included; of a symmetric
  /// window one more if the number is even. > 0 for both.
  std::size_t window = 0;
  /// Position of the first query row: among the keys (the cached positions before this call), or in
  /// the queries' own sequence if the keys are those of another one, which takes kNone.
  std::size_t first_query = 0;
  /// Padding mask: no query attends to a key with key_valid[key] == 0. Empty: all keys are valid. A
  /// query that attends to no key at all gets a row of zeros and a zero output.
  std::span<const std::uint8_t> key_valid = {};

  /// The half-open range [begin, end) of the keys that query row `query` (counted from 0 within
  /// this call) attends to among `keys` keys, padding aside.
  struct Range {
    std::size_t begin = 0;  ///< The first key.
    std::size_t end = 0;    ///< One beyond the last key.
  };
  /// See Range.
  Range KeyRange(std::size_t query, std::size_t keys) const;
};

/// "none", "causal", "sliding_window" or "symmetric_window".
std::string_view MaskKindName(Mask::Kind kind);

/// Which attention stream a row belongs to.
enum class AttentionStream : std::uint8_t {
  kSelf,     ///< Self-attention of the decoder, or of the model's only stack.
  kEncoder,  ///< Self-attention of the encoder before a decoder.
  kCross,    ///< The decoder's queries, the encoder's keys.
};

/// What is added to scores, by head and distance: ALiBi (Press et al. 2022) and relative position
/// buckets (Raffel et al. 2020) are both such tables. The score of query position p and key k of a
/// head is softcap(q · k * scale) + table[head * head_stride + zero + k - p].
struct AttentionBias {
  std::span<const float> table = {};  ///< [heads, head_stride]; empty: nothing is added.
  std::size_t head_stride = 0;        ///< Floats between heads; the distances -zero and up.
  std::size_t zero = 0;               ///< Index of distance 0, below head_stride.

  /// What is added. Every distance that a query attends to must be in the table.
  float At(std::size_t head, std::size_t query, std::size_t key) const {
    return table[head * head_stride + (zero + key - query)];
  }
};

/// Finished rows of one head's map. Pointers are valid during the call only.
struct AttentionRows {
  AttentionStream stream = AttentionStream::kSelf;  ///< Which attention this is.
  std::size_t layer = 0;                            ///< Counted from 0.
  std::size_t head = 0;                             ///< Query head.
  std::size_t kv_head = 0;                          ///< Key/value head that it reads.
  std::size_t query_begin = 0;                      ///< Position of the first row in its sequence.
  std::size_t query_count = 0;                      ///< Number of rows.
  std::size_t key_count = 0;                        ///< Columns 0 … key_count - 1 are delivered.
  /// Normalised weights, row r at weights + r * stride; masked cells are exactly 0.
  const float* weights = nullptr;
  /// Pre-softmax scores (after scale, softcap and bias), masked cells -inf; same stride. Null
  /// unless the selection asked for scores.
  const float* scores = nullptr;
  std::size_t stride = 0;  ///< Floats between rows, >= key_count.
  /// ln of the softmax denominator of each row (natural log-sum-exp of its scores), [query_count].
  const float* log_sum_exp = nullptr;
  Mask::Kind mask = Mask::Kind::kCausal;  ///< Which keys the queries attend to.
  std::size_t window = 0;                 ///< As Mask::window.
};

/// What is needed to rebuild any row of one layer's maps later:
/// weight = exp(softcap(q · k * scale) + bias - log_sum_exp). Pointers are valid during the call
/// only. Queries and keys have ranges of their own: each key comes once, with the first call that
/// attends to it.
struct AttentionTrace {
  AttentionStream stream = AttentionStream::kSelf;  ///< Which attention this is.
  std::size_t layer = 0;                            ///< Counted from 0.
  std::size_t query_begin = 0;   ///< Position of the first query given here, in its sequence.
  std::size_t query_count = 0;   ///< Number of queries.
  std::size_t key_begin = 0;     ///< Position of the first key given here, in its sequence.
  std::size_t key_count = 0;     ///< Number of keys; may be 0 in cross-attention.
  std::size_t heads = 0;         ///< Query heads.
  std::size_t kv_heads = 0;      ///< Key/value heads.
  std::size_t head_dim = 0;      ///< Width of a query or key head.
  const float* query = nullptr;  ///< [query_count, heads, head_dim], after positions were applied.
  /// [key_count, kv_heads, head_dim], as read back from the KV cache (so rounded to f16 if the
  /// cache is f16).
  const float* key = nullptr;
  const float* log_sum_exp = nullptr;  ///< [heads, query_count]
  float scale = 1.0F;                  ///< Multiplies q · k.
  float softcap = 0.0F;                ///< 0: none.
  AttentionBias bias = {};             ///< Of all query heads; the same in every call of a layer.
  Mask::Kind mask = Mask::Kind::kCausal;  ///< Which keys the queries attend to.
  std::size_t window = 0;                 ///< As Mask::window.
  /// Of the kernels that computed them: Attend with the same ones rebuilds a map.
  Isa isa = Isa::kScalar;
};

/// The values that come with one call, of all KV heads of a layer: those of the call's own tokens,
/// or of the whole other sequence in cross-attention. Pointers are valid during the call only.
struct AttentionValues {
  AttentionStream stream = AttentionStream::kSelf;  ///< Which attention this is.
  std::size_t layer = 0;                            ///< Counted from 0.
  std::size_t begin = 0;                            ///< Position of the first value.
  std::size_t count = 0;                            ///< Number of positions.
  std::size_t kv_heads = 0;                         ///< Key/value heads.
  std::size_t value_dim = 0;                        ///< Width of a value head.
  /// [count, kv_heads, value_dim], as read back from the KV cache (so rounded to f16 if it is f16).
  const float* value = nullptr;
};

/// Which streams, layers and heads an observer wants; unselected heads run the plain path.
struct AttentionSelection {
  std::vector<AttentionStream> streams = {};  ///< Empty: all.
  std::vector<std::size_t> layers = {};       ///< Empty: all.
  std::vector<std::size_t> heads = {};  ///< Query heads, the same for every layer. Empty: all.
  bool rows = true;                     ///< Deliver finished rows (OnRows).
  bool scores = false;                  ///< Also deliver pre-softmax scores with the rows.
  bool trace = false;                   ///< Deliver queries, keys and log-sum-exp (OnTrace).
  bool values = false;  ///< Also deliver the values of the selected layers, all KV heads.

  /// Whether the stream is selected.
  bool HasStream(AttentionStream stream) const;
  /// Whether the layer is selected.
  bool HasLayer(std::size_t layer) const;
  /// Whether the query head is selected.
  bool HasHead(std::size_t head) const;
};

/// Listens to a running session. It never changes what is computed and costs nothing when absent.
///
/// Calls come on the session's worker threads. By default the session makes one call at a time; an
/// observer whose methods are safe for different heads at once says so with `concurrent()`. Rows of
/// one (stream, layer, head) come in ascending order, each position once; heads come in any order.
class AttentionObserver {
 public:
  virtual ~AttentionObserver() = default;

  /// Asked once at the start of each Prefill or Decode.
  virtual const AttentionSelection& selection() const = 0;
  /// True if the methods may be called for different heads at the same time.
  virtual bool concurrent() const { return false; }

  /// Rows of one head are finished. Called for every selected stream, layer and head if the
  /// selection has rows.
  virtual void OnRows(const AttentionRows& rows) = 0;
  /// Queries and new keys of a layer: once per selected stream, layer and prefill batch, if the
  /// selection has trace.
  virtual void OnTrace(const AttentionTrace& trace) { static_cast<void>(trace); }
  /// Once per selected stream, layer and prefill batch that brings values, before that batch's rows
  /// of the layer.
  virtual void OnValues(const AttentionValues& values) { static_cast<void>(values); }
};

/// Keeps maps of all streams in memory: the simplest observer. Memory: 4 bytes for each cell,
/// square maps of self-attention and [target, source] rectangles of cross-attention, and up to
/// three times that while a generation makes them grow. One session at a time; not to be read while
/// one runs.
///
/// Example:
/// @code
/// AttentionRecorder maps({.layers = {0, 1}});
/// auto logits = session.Prefill(ids, {.observer = &maps});
/// if (!logits) return logits.status();
/// auto map = maps.Map(/*layer=*/1, /*head=*/3);
/// float w = map.At(/*query=*/5, /*key=*/2);
/// @endcode
class AttentionRecorder : public AttentionObserver {
 public:
  /// The allocator gives the memory for maps; not owned. Null: the C library.
  explicit AttentionRecorder(AttentionSelection selection = {}, Allocator* allocator = nullptr);
  ~AttentionRecorder() override;

  /// One head's map; empty (queries == 0) if nothing was recorded for it. Valid until the next run
  /// or Clear.
  struct View {
    std::size_t queries = 0;         ///< Rows.
    std::size_t keys = 0;            ///< Columns; as many as rows in self-attention.
    const float* weights = nullptr;  ///< Row-major [queries, keys]; row stride is `stride`.
    std::size_t stride = 0;          ///< Floats between rows.
    /// One weight; the indices must be below `queries` and `keys`. [query, key]
    float At(std::size_t query, std::size_t key) const { return weights[query * stride + key]; }
  };
  /// One head's map, by layer and query head counted from 0.
  View Map(std::size_t layer, std::size_t head,
           AttentionStream stream = AttentionStream::kSelf) const;

  /// Rows of a stream recorded so far. A generation is stitched: prompt rows first, then one row
  /// per token; in cross-attention a row over all source tokens for each target token.
  std::size_t tokens(AttentionStream stream = AttentionStream::kSelf) const;
  /// kOutOfMemory if rows had to be dropped because a map could not grow; Clear() forgets it.
  const Status& status() const;
  /// Forgets all rows and frees their memory.
  void Clear();

  const AttentionSelection& selection() const override;
  /// Rows of one head are finished. Called for every selected stream, layer and head if the
  /// selection has rows.
  void OnRows(const AttentionRows& rows) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// ---------------------------------------------------------------------------------------------
// Attention as an operator.

/// How a query and a key are compared.
enum class ScoringFunction : std::uint8_t {
  kScaledDot,  ///< q · k / sqrt(key width)                     (Vaswani et al. 2017)
  kDot,        ///< q · k                                        (Luong et al. 2015)
  kGeneral,    ///< q · (W k), W [query_width, key_width]        (Luong et al. 2015)
  kAdditive,   ///< v · tanh(W q + U k)                          (Bahdanau et al. 2015)
};

/// Learned parameters of a scoring function; row-major, not owned. Unused ones stay empty.
struct ScoringWeights {
  std::span<const float> general = {};         ///< kGeneral: W [query_width, key_width].
  std::span<const float> additive_query = {};  ///< kAdditive: W [additive_size, query_width].
  std::span<const float> additive_key = {};    ///< kAdditive: U [additive_size, key_width].
  std::span<const float> additive_v = {};      ///< kAdditive: v [additive_size].
};

/// Inputs of one attention operation. Queries may come from another sequence than keys and values
/// (cross-attention). All arrays are row-major float32 and stay owned by the caller.
struct AttendInputs {
  std::size_t queries = 0;            ///< Rows of `query`.
  std::size_t keys = 0;               ///< Rows of `key` and `value`.
  std::size_t heads = 1;              ///< Query heads.
  std::size_t kv_heads = 1;           ///< Divides heads (GQA; 1 is MQA).
  std::size_t query_width = 0;        ///< Per head.
  std::size_t key_width = 0;          ///< Per head; equals query_width for dot and scaled dot.
  std::size_t value_width = 0;        ///< Per head.
  std::span<const float> query = {};  ///< [queries, heads, query_width]
  std::span<const float> key = {};    ///< [keys, kv_heads, key_width]
  std::span<const float> value = {};  ///< [keys, kv_heads, value_width]
  Mask mask = {.kind = Mask::Kind::kNone};                ///< Which keys the queries attend to.
  ScoringFunction scoring = ScoringFunction::kScaledDot;  ///< How a query and a key are compared.
  ScoringWeights weights = {};  ///< Learned parameters of general and additive scoring.
  /// Multiplies dot and general scores; 0: the scoring function's own. Must be 0 for kAdditive.
  float scale = 0.0F;
  float softcap = 0.0F;  ///< > 0: scores become softcap * tanh(score / softcap) (Gemma 2).
  /// Added to scores by distance, with mask.first_query as the position of the first query. Must
  /// have every distance that a query attends to.
  AttentionBias bias = {};
  /// False: the scores themselves are the weights (a weighted sum without softmax; masked cells 0).
  bool softmax = true;
  /// Kernels to use; nothing: the best that this CPU has. kUnsupported if the CPU lacks it. Scores
  /// that are no dot products, and weights without softmax, are computed by plain C++ in double
  /// precision whatever it says.
  std::optional<Isa> isa = std::nullopt;
};

/// Results; sized by Attend.
struct AttendOutputs {
  std::vector<float> output;   ///< [queries, heads, value_width]
  std::vector<float> weights;  ///< [heads, queries, keys]
  /// [heads, queries]; -inf for a row that attends to no key. Empty without softmax.
  std::vector<float> log_sum_exp;
};

/// Computes weights and outputs. kInvalidArgument names the shape
/// that does not fit, kLimitExceeded a size that no memory holds. Thread-safe. Example:
/// @code
/// std::vector<float> q(4 * 8), k(4 * 8), v(4 * 8);
/// auto r = Attend({.queries = 4, .keys = 4, .query_width = 8, .key_width = 8, .value_width = 8,
///                  .query = q, .key = k, .value = v});
/// if (!r) return r.status();
/// @endcode
Result<AttendOutputs> Attend(const AttendInputs& inputs);

}  // namespace fovea

#endif  // FOVEA_ATTENTION_H_
