// One running sequence over a model: KV cache, scratch memory, worker threads.
#ifndef FOVEA_SESSION_H_
#define FOVEA_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "fovea/arithmetic.h"
#include "fovea/attention.h"
#include "fovea/data_type.h"
#include "fovea/isa.h"
#include "fovea/model.h"
#include "fovea/resources.h"
#include "fovea/status.h"

namespace fovea {

/// Sizes, precision, threads and memory of a session.
struct SessionOptions {
  /// Positions the KV cache holds; 0: the model's context. May exceed the model's context only for
  /// models without learned positions.
  std::size_t context_size = 0;
  /// Tokens that the encoder of an encoder–decoder takes at most; 0: the model's context.
  std::size_t encoder_context_size = 0;
  /// Tokens that prefill runs at once; the result does not depend on it.
  std::size_t prefill_batch = 256;
  /// Element type of cached keys and values: kF32, kF16, kBF16, or kQ8_0 for 8-bit integers with
  /// one scale per row.
  DataType kv_type = DataType::kF16;
  Arithmetic arithmetic = Arithmetic::kFast;  ///< How products with weights are computed.
  /// Threads that compute, the caller's included; 1 starts none. Results are bit-equal for any
  /// count.
  std::size_t threads = 1;
  /// Leave steps to the calling thread that are too small to gain from threads: single tokens of
  /// models with a few million weights, say. Otherwise every step uses all threads.
  bool adaptive_threads = true;
  /// Kernels to use; nothing: the best that this CPU has. kUnsupported if the CPU lacks it.
  std::optional<Isa> isa = std::nullopt;
  /// Refuse (kLimitExceeded, before allocating) if KV cache and scratch need more; 0: no limit.
  std::size_t max_memory = 0;
  /// Gives the memory for KV cache, scratch and observed rows; not owned. Null: the C library.
  Allocator* allocator = nullptr;
  /// Runs the tasks on the application's threads; not owned. Null: `threads` of our own. With it,
  /// `threads` and `adaptive_threads` are ignored: every step is handed to it.
  TaskRunner* runner = nullptr;
};

/// What a session of these options will allocate, in bytes.
struct MemoryPlan {
  std::size_t kv_cache = 0;  ///< Bytes of cached keys and values.
  std::size_t scratch = 0;   ///< Bytes of working memory.
  /// All of it, in bytes.
  std::size_t total() const { return kv_cache + scratch; }
};

/// Takes one head out of the computation (Michel et al. 2019): what it hands to the output
/// projection is replaced. Queries, keys, values and the head's own map are computed as always;
/// later layers see the change, and so do the keys and values that they cache.
struct HeadAblation {
  AttentionStream stream = AttentionStream::kSelf;  ///< Which attention of the layer.
  std::size_t layer = 0;                            ///< Counted from 0.
  std::size_t head = 0;                             ///< Query head.
  /// [value_dim], put in place of the head's output for every token of the call; empty: zeros. Not
  /// owned.
  std::span<const float> replacement = {};
};

/// What to do while tokens run.
struct RunOptions {
  /// Receives attention; not owned; may be null.
  AttentionObserver* observer = nullptr;
  /// Called for every position in order with its logits [vocabulary], valid during the call.
  /// Without it only the last position's logits are computed.
  std::function<void(std::size_t position, std::span<const float> logits)> on_logits = {};
  /// Asked at least once per layer and prefill batch; true stops with kCancelled. The cache then
  /// holds what it held before the call.
  std::function<bool()> cancelled = {};
  /// Called after each layer of each prefill batch with the work done so far, from 0 to 1.
  std::function<void(double done)> on_progress = {};
  /// Called with the hidden states of tokens [position, position + count): layer 0 is what enters
  /// the first layer, layer n what leaves the n-th. rows: [count, hidden_size], valid during the
  /// call.
  std::function<void(std::size_t layer, std::size_t position, std::span<const float> rows)>
      on_hidden = {};
  /// Called with the output of the stack: the hidden states after the last layer and its norm, of
  /// tokens [position, position + count). rows: [count, hidden_size], valid during the call.
  std::function<void(std::size_t position, std::span<const float> rows)> on_output = {};
  /// Segment of each token of a pair of texts (BERT's token types), for Encode and Embed; empty:
  /// all 0. Not owned.
  std::span<const std::int32_t> token_types = {};
  /// Heads taken out during this call; of several entries for one head the last counts. Positions
  /// that ran before keep what they cached. kInvalidArgument for a head that does not exist or a
  /// replacement that is not value_dim long.
  std::span<const HeadAblation> ablations = {};
};

/// How Session::Embed makes one vector of a text.
struct EmbedOptions {
  std::optional<Pooling> pooling = std::nullopt;  ///< Nothing: as the model's file says, or mean.
  bool normalize = true;                          ///< Scale the vector to length 1.
};

/// Belongs to one thread at a time. It keeps what its model has loaded alive: the Model that it was
/// created from may be destroyed or moved meanwhile. After creation, prefill and decode allocate
/// nothing (an observer and its row buffers aside). Example:
/// @code
/// auto logits = session.Prefill(ids);
/// for (int i = 0; i < 20 && logits; ++i) {
///   const std::int32_t id = ArgMax(*logits);
///   std::cout << tokenizer.PieceBytes(id);
///   logits = session.Decode(id);
/// }
/// if (!logits) return logits.status();
/// @endcode
class Session {
 public:
  /// What Create would allocate, without allocating. Errors as of Create. Thread-safe. Example:
  /// @code
  /// auto plan = Session::Plan(model, {.context_size = 4096});
  /// if (plan && plan->total() > 100'000'000) std::puts("not on this machine");
  /// @endcode
  static Result<MemoryPlan> Plan(const Model& model, const SessionOptions& options = {});
  /// Allocates all that running needs and starts the threads. kInvalidArgument for options that
  /// make no sense, kUnsupported for kernels that this CPU lacks, kLimitExceeded if
  /// options.max_memory or a limit of the model does not suffice, kOutOfMemory. Thread-safe.
  /// Example:
  /// @code
  /// auto session = Session::Create(model, {.context_size = 512, .threads = 2});
  /// if (!session) return session.status();
  /// auto logits = session->Prefill(ids);
  /// @endcode
  static Result<Session> Create(const Model& model, const SessionOptions& options = {});

  /// The other is empty afterwards and may only be destroyed or assigned to.
  Session(Session&&) noexcept;
  /// The other is empty afterwards and may only be destroyed or assigned to.
  Session& operator=(Session&&) noexcept;
  ~Session();

  /// Runs the whole text through the encoder; returns its output [tokens, hidden_size], valid until
  /// the next call. Of an encoder–decoder it also fills the keys and values of cross-attention and
  /// forgets the decoder's positions; then Prefill starts with ModelInfo::decoder_start_token.
  /// kUnsupported if the model has no encoder; else as Prefill. Example:
  /// @code
  /// AttentionRecorder maps;
  /// auto states = session.Encode(ids, {.observer = &maps});
  /// if (!states) return states.status();
  /// @endcode
  Result<std::span<const float>> Encode(std::span<const std::int32_t> tokens,
                                        const RunOptions& run = {});

  /// Encode, then one vector of the text: [hidden_size], valid until the next call.
  /// kInvalidArgument for Pooling::kNone. Errors as of Encode. Example:
  /// @code
  /// auto vector = session.Embed(ids, {.pooling = Pooling::kMean});
  /// if (!vector) return vector.status();
  /// std::printf("%zu numbers\n", vector->size());
  /// @endcode
  Result<std::span<const float>> Embed(std::span<const std::int32_t> tokens,
                                       const EmbedOptions& options = {},
                                       const RunOptions& run = {});

  /// Tokens that Encode takes at most; 0 for a plain decoder.
  std::size_t encoder_context_size() const;
  /// Tokens of the last Encode; 0 before one.
  std::size_t encoded_tokens() const;

  /// Runs the tokens after those already cached; returns the last position's logits [vocabulary],
  /// valid until the next call. kLimitExceeded if they do not fit, kInvalidArgument for an id
  /// outside the vocabulary, kNonFinite if a logit is not finite; the cache is then as before the
  /// call. kUnsupported of a model without decoder, kInvalidArgument of an encoder–decoder before
  /// Encode.
  Result<std::span<const float>> Prefill(std::span<const std::int32_t> tokens,
                                         const RunOptions& run = {});

  /// One token: the same as Prefill of one.
  Result<std::span<const float>> Decode(std::int32_t token, const RunOptions& run = {});

  /// Forgets all positions from `position` on. kInvalidArgument if there are fewer. Example:
  /// @code
  /// if (Status s = session.Truncate(0); !s.ok()) return s;  // another text
  /// @endcode
  Status Truncate(std::size_t position);

  /// The hyperparameters of the model that it runs.
  const ModelInfo& info() const;
  std::size_t position() const;      ///< Tokens in the cache.
  std::size_t context_size() const;  ///< Capacity.
  Isa isa() const;                   ///< The instruction set of kernels().
  Kernels kernels() const;           ///< The kernels that run.
  /// Threads that compute, the caller's included.
  std::size_t threads() const;
  /// Element type of the cache.
  DataType kv_type() const;
  /// How products with weights are computed.
  Arithmetic arithmetic() const;
  /// What was allocated.
  const MemoryPlan& memory() const;

 private:
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea

#endif  // FOVEA_SESSION_H_
