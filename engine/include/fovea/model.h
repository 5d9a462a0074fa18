// A loaded model: immutable, shareable by threads and by any number of sessions.
#ifndef FOVEA_MODEL_H_
#define FOVEA_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fovea/data_type.h"
#include "fovea/resources.h"
#include "fovea/status.h"
#include "fovea/tokenizer.h"

namespace fovea {

/// How a model file is loaded.
struct LoadOptions {
  /// Map the file instead of reading it: starts faster and shares pages between processes. A mapped
  /// file must not shrink while the model or a session of it lives, so map only files that you
  /// trust to stay put. Folders are always read: their weights are rearranged.
  bool map = false;
  /// Rearrange quantized matrices in memory for the kernels of Arithmetic::kFast. It costs no
  /// memory (the rearranged bytes take the place of the file's) and a fraction of the time that
  /// reading takes. Ignored with `map`. Without it, sessions of kFast rearrange rows as they go:
  /// slower at generation, the same bits.
  bool pack = true;
  /// Check every weight for NaN and infinity while loading (costs one pass over the file).
  bool check_finite = false;
  /// Compute ModelInfo::content_hash: one pass over the file at the speed of memory. Without it a
  /// mapped file is read only where the model needs it.
  bool content_hash = true;
  /// Refuse to load if weights and metadata need more memory than this; 0: no limit. In bytes.
  std::size_t max_memory = 0;
  /// Type that the matrices of a folder become while they are read, as QuantizeFile would choose it
  /// for each; nothing: they stay as they are. kUnsupported in builds without the quantizer,
  /// kInvalidArgument for a type that cannot be encoded and for GGUF files.
  std::optional<DataType> quantize = std::nullopt;
  /// Gives the memory for the file's bytes; not owned, and must outlive the model and its sessions.
  /// Null: the C library.
  Allocator* allocator = nullptr;
};

/// How the place of a token in its sequence enters the computation.
enum class PositionKind : std::uint8_t {
  kRopeInterleaved,  ///< Rotary: values 2i and 2i + 1 of a head are rotated together.
  kRopeHalves,       ///< Rotary: values i and i + half of the rotated ones.
  kLearned,          ///< A learned vector per position is added to the embedding.
  kSinusoidal,       ///< A fixed vector of sines and cosines is added (Vaswani et al. 2017).
  kAlibi,            ///< Scores fall linearly with distance (ALiBi, Press et al. 2022).
  kRelativeBuckets,  ///< A learned bias per head and bucket of distances (T5, Raffel et al. 2020).
};

/// "rope interleaved", "rope", "learned", "sinusoidal", "alibi" or "relative buckets".
std::string_view PositionKindName(PositionKind kind);

/// How rotary angles are stretched for contexts longer than the one of the training.
enum class RopeScaling : std::uint8_t { kNone, kLinear, kYarn, kLlama3, kLongRope };

/// "none", "linear", "yarn", "llama3" or "longrope".
std::string_view RopeScalingName(RopeScaling scaling);

/// Which stacks of layers a model has.
enum class ModelKind : std::uint8_t {
  kDecoder,         ///< One causal stack that continues a text (GPT, Llama).
  kEncoder,         ///< One stack in which every token attends to the whole text (BERT).
  kEncoderDecoder,  ///< A decoder that also attends to an encoder's output (T5, BART).
};

/// "decoder", "encoder" or "encoder-decoder".
std::string_view ModelKindName(ModelKind kind);

/// How the hidden states of a text become one vector.
enum class Pooling : std::uint8_t {
  kNone,  ///< They do not: one vector per token.
  kMean,  ///< The mean over all tokens.
  kCls,   ///< That of the first token.
  kLast,  ///< That of the last token.
};

/// "none", "mean", "cls" or "last".
std::string_view PoolingName(Pooling pooling);

/// One stack of layers.
struct StackInfo {
  std::size_t layers = 0;            ///< Transformer blocks.
  std::size_t heads = 0;             ///< Query heads per layer.
  std::size_t kv_heads = 0;          ///< Key/value heads per layer; divides heads.
  std::size_t head_dim = 0;          ///< Width of a query or key head.
  std::size_t value_dim = 0;         ///< Width of a value head.
  std::size_t hidden_size = 0;       ///< Embedding length.
  std::size_t ffn_size = 0;          ///< Feed-forward length.
  bool causal = true;                ///< Whether a token attends to earlier ones only.
  float attention_scale = 0.0F;      ///< Multiplies q · k.
  float attention_softcap = 0.0F;    ///< 0: none.
  std::vector<std::size_t> windows;  ///< Sliding window of each layer, 0: full attention. [layers]
};

/// The hyperparameters of a model, as its file states them. Those of StackInfo are the decoder's,
/// or the encoder's of a model that has no decoder.
struct ModelInfo : StackInfo {
  std::string path;                      ///< As given to Load; FromBuffer's name.
  std::string family;                    ///< GGUF's general.architecture, e.g. "llama".
  std::string name;                      ///< general.name, may be empty.
  ModelKind kind = ModelKind::kDecoder;  ///< Which stacks there are.
  StackInfo encoder;                     ///< Of an encoder–decoder: the encoder's stack.
  std::size_t vocabulary = 0;            ///< Token ids: 0 … vocabulary - 1.
  std::size_t context = 0;               ///< Tokens it was trained for.
  PositionKind position = PositionKind::kRopeHalves;  ///< How positions enter.
  float rope_base = 0.0F;                             ///< Base of the rotary angles.
  RopeScaling rope_scaling = RopeScaling::kNone;      ///< How angles are stretched.
  float rope_factor = 1.0F;          ///< How far the context was stretched; 1: not.
  float logit_softcap = 0.0F;        ///< 0: none.
  Pooling pooling = Pooling::kNone;  ///< How the file says that texts become vectors.
  /// Whether positions have logits: decoders do, encoders with a head for masked tokens.
  bool has_logits = true;
  std::int32_t decoder_start_token = -1;  ///< First token of an encoder–decoder's output; -1: none.
  std::uint64_t parameters = 0;           ///< Weights counted.
  std::uint64_t weight_bytes = 0;         ///< Bytes of all tensors in the file.
  std::uint64_t file_bytes = 0;           ///< Bytes of the whole file.
  std::string weight_type;                ///< The type that holds most bytes, e.g. "Q8_0".
  /// Fingerprint of the bytes that were loaded, from file or buffer: XXH3 of 128 bits, 32 hex
  /// digits, as the command xxh128sum prints them. Computed while loading, before weights are
  /// rearranged; a mapped file is read once for it, and its pages are given back. Empty without
  /// LoadOptions::content_hash. Of a folder: over its safetensors files in the order of their
  /// names.
  std::string content_hash;

  /// Whether it has an encoder, alone or before a decoder.
  bool has_encoder() const { return kind != ModelKind::kDecoder; }
  /// Whether it has a decoder.
  bool has_decoder() const { return kind != ModelKind::kEncoder; }
  /// The encoder's stack; of a plain decoder an empty one.
  const StackInfo& encoder_stack() const { return kind == ModelKind::kEncoder ? *this : encoder; }
};

/// One tensor of the file.
struct TensorSummary {
  std::string name;                  ///< As in the file.
  DataType type = DataType::kF32;    ///< Element type.
  std::vector<std::uint64_t> shape;  ///< Outermost first: [rows, columns].
  std::uint64_t bytes = 0;           ///< Bytes of its data.
};

/// What a loaded model keeps in memory, in bytes.
struct ModelMemory {
  /// The file's bytes: read, rearranged where they are, or mapped. Mapped ones count in full: they
  /// are resident as soon as they have been used, though the system may take them back.
  std::size_t weights = 0;
  /// Vocabulary and merges, lists of keys and tensors, norms and biases as floats.
  std::size_t metadata = 0;
  /// The sum of both.
  std::size_t total() const { return weights + metadata; }
};

/// A loaded model: immutable, shared by threads and sessions without locks. It is a handle: copies
/// are cheap and share what was loaded. Every session has one of its own, so a Model may go, or be
/// moved, while its sessions run; memory is freed when the last of them is gone.
class Model {
 public:
  /// Reads and validates a GGUF file of a supported family, or a folder with config.json and
  /// model.safetensors (or its index and shards) of one, as Hugging Face's tools write it; weights
  /// of folders may be F32, F16 or BF16. Errors name the file and the key or
  /// tensor: kNotFound, kIoError, kMalformed, kUnsupported, kLimitExceeded (options.max_memory
  /// included), kOutOfMemory, and kNonFinite with options.check_finite. Thread-safe. Example:
  /// @code
  /// auto model = Model::Load("model.gguf");
  /// if (!model) return model.status();
  /// std::printf("%zu layers\n", model->info().layers);
  /// @endcode
  static Result<Model> Load(const std::string& path, const LoadOptions& options = {});

  /// The same for a GGUF file in memory, for systems without files and models inside a program.
  /// The bytes are copied, so the buffer may go; with options.map they are used where they are:
  /// they must then outlive the model and its sessions, must not change, and must begin at a
  /// multiple of 32 (kInvalidArgument). `name` stands for the path in messages and in ModelInfo.
  /// Errors as of Load. Thread-safe. Example:
  /// @code
  /// static constexpr std::uint8_t kFile[] = {'G', 'G', 'U', 'F'};  // and so on: #embed, xxd -i
  /// auto model = Model::FromBuffer(std::as_bytes(std::span(kFile)));
  /// @endcode
  static Result<Model> FromBuffer(std::span<const std::byte> bytes, const LoadOptions& options = {},
                                  const std::string& name = "buffer");

  /// Shares what the other has loaded. Thread-safe, as long as nobody assigns to the other.
  Model(const Model&) noexcept;
  /// Shares what the other has loaded.
  Model& operator=(const Model&) noexcept;
  /// The other is empty afterwards and may only be destroyed or assigned to.
  Model(Model&&) noexcept;
  /// The other is empty afterwards and may only be destroyed or assigned to.
  Model& operator=(Model&&) noexcept;
  ~Model();

  /// The hyperparameters; valid as long as a copy of the model or one of its sessions lives.
  /// Thread-safe.
  const ModelInfo& info() const;
  /// What it keeps in memory; sessions come on top (EstimateMemory adds them up). Thread-safe.
  ModelMemory memory() const;

  /// The tensors of the file, in file order. Thread-safe.
  std::vector<TensorSummary> Tensors() const;

  /// Null if the file has no vocabulary, or one of a kind that is not supported (the reason is in
  /// tokenizer_status). Valid as long as a copy of the model or one of its sessions lives.
  const Tokenizer* tokenizer() const;
  /// Why tokenizer() is null; ok if it is not.
  const Status& tokenizer_status() const;

  struct Impl;
  /// For the library's own modules, which keep a copy for as long as they read from it.
  const std::shared_ptr<const Impl>& impl() const { return impl_; }

 private:
  explicit Model(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

/// The families that Load accepts, e.g. {"llama", "qwen2", …}.
std::vector<std::string_view> SupportedFamilies();

}  // namespace fovea

#endif  // FOVEA_MODEL_H_
