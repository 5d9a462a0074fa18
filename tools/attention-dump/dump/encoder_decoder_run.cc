#include "tools/attention-dump/dump/encoder_decoder_run.h"

#include <algorithm>
#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/data/dump_info.h"
#include "tools/attention-dump/observers/observer_group.h"
#include "tools/attention-dump/run/model_session.h"
#include "tools/common/progress.h"

namespace fovea::dump {
namespace {

/// Tokens that are written if nothing else is said.
constexpr std::size_t kUsualTarget = 256;

struct Stream {
  const char* array;
  AttentionStream stream;
};
constexpr Stream kStreams[] = {{"encoder_attention", AttentionStream::kEncoder},
                               {"decoder_attention", AttentionStream::kSelf},
                               {"cross_attention", AttentionStream::kCross}};

}  // namespace

std::size_t EncoderDecoderRun::context_size() const {
  const std::size_t most = ContextOf(arguments_, model_);
  if (!arguments_.target_ids.empty()) return arguments_.target_ids.size() + 1;
  if (arguments_.target) return most;  // Its tokens are not known yet.
  return std::min(most, arguments_.generate.value_or(kUsualTarget) + 1);
}

Status EncoderDecoderRun::CheckArguments() const {
  const std::string& path = model_.info().path;
  const struct {
    bool given;
    const char* option;
  } not_yet[] = {{!arguments_.layers.empty(), "--layers"},
                 {!arguments_.heads.empty(), "--heads"},
                 {arguments_.scores, "--scores"},
                 {arguments_.trace, "--trace"},
                 {arguments_.embeddings, "--embeddings"},
                 {arguments_.hidden, "--hidden"},
                 {arguments_.compare_mask, "--compare-mask"},
                 {arguments_.values, "--values"},
                 {!arguments_.ablate.empty(), "--ablate"},
                 {arguments_.stream.on, "--stream"},
                 {arguments_.reduction.any(), "--top-k, --pool and --no-maps"}};
  for (const auto& option : not_yet) {
    if (!option.given) continue;
    return {StatusCode::kUnsupported,
            std::string(option.option) + ": not for encoder-decoders (" + path + ")"};
  }
  const bool only_arrays = !arguments_.outputs.empty() &&
                           std::all_of(arguments_.outputs.begin(), arguments_.outputs.end(),
                                       [](const OutputPath& output) {
                                         return output.format->content == OutputContent::kArrays;
                                       });
  if (only_arrays) return Status::Ok();
  return {StatusCode::kUnsupported, path +
                                        ": the three maps of an encoder-decoder are written as " +
                                        EndingsOf({OutputContent::kArrays}) + " (-o FILE)"};
}

Status EncoderDecoderRun::MakeTarget() {
  const ModelInfo& info = model_.info();
  if (info.decoder_start_token < 0) {
    return {StatusCode::kUnsupported, info.path + ": it does not say how a target begins"};
  }
  Token start;
  start.id = info.decoder_start_token;
  target_.tokens = {start};
  target_.has_text = model_.tokenizer() != nullptr;
  for (const std::int32_t id : arguments_.target_ids) {
    if (static_cast<std::size_t>(id) >= info.vocabulary) {
      return {StatusCode::kInvalidArgument,
              "--target-tokens: " + std::to_string(id) + " is not in the vocabulary"};
    }
    Token token;
    token.id = id;
    target_.tokens.push_back(token);
    target_.has_text = false;
  }
  if (!arguments_.target) return Status::Ok();
  if (model_.tokenizer() == nullptr) {
    return {StatusCode::kUnsupported,
            "--target: " + info.path + " has no tokenizer; give --target-tokens"};
  }
  Result<std::vector<Token>> tokens = model_.tokenizer()->Tokenize(*arguments_.target);
  if (!tokens) return About("--target", tokens.status());
  // The end token is what the last position predicts, not something to go on from.
  if (!tokens->empty() && model_.tokenizer()->IsEndOfGeneration(tokens->back().id)) {
    tokens->pop_back();
  }
  target_.text = *arguments_.target;
  target_.tokens.insert(target_.tokens.end(), tokens->begin(), tokens->end());
  return Status::Ok();
}

/// What the model writes: greedily, until it ends its text or the context is full.
Status EncoderDecoderRun::Generate(Session* session) {
  const RunOptions run = {.cancelled = environment_.interrupted};
  FOVEA_RETURN_IF_ERROR(session->Encode(source_.Ids(), run));
  const std::vector<std::int32_t> start = target_.Ids();
  Result<std::span<const float>> logits = session->Prefill(start, run);
  while (logits.ok() && session->position() < session->context_size()) {
    const std::int32_t next = ArgMax(*logits);
    if (model_.tokenizer() != nullptr && model_.tokenizer()->IsEndOfGeneration(next)) break;
    generated_.push_back(next);
    logits = session->Decode(next, run);
  }
  return logits.status();
}

Status EncoderDecoderRun::RunTarget(Session* session) {
  ObserverGroup observers;
  observers.Add(&maps_);
  observers.Add(&row_sums_);
  RunOptions run = {.observer = &observers, .cancelled = environment_.interrupted};
  FOVEA_RETURN_IF_ERROR(session->Encode(source_.Ids(), run));
  if (arguments_.logits) {
    run.on_logits = [this](std::size_t /*position*/, std::span<const float> row) {
      logits_.insert(logits_.end(), row.begin(), row.end());
    };
  }
  FOVEA_RETURN_IF_ERROR(session->Prefill(target_ids_, run));
  return maps_.status();
}

Status EncoderDecoderRun::WriteMaps(ArrayFile* file, const char* name,
                                    AttentionStream stream) const {
  const std::size_t index = file->Find(name);
  const Shape& shape = file->arrays()[index].shape;  // [layers, heads, queries, keys]
  const std::size_t element = ElementBytes(shape_.weight_type());
  std::vector<std::uint16_t> halves(shape[3]);
  std::uint64_t offset = 0;
  for (std::size_t map = 0; map < shape[0] * shape[1]; ++map) {
    const AttentionRecorder::View view = maps_.Map(map / shape[1], map % shape[1], stream);
    for (std::size_t row = 0; row < shape[2]; ++row) {
      const float* weights = view.weights + row * view.stride;
      const void* data = weights;
      if (shape_.half) {
        FloatsToHalves(weights, halves.size(), halves.data());
        data = halves.data();
      }
      FOVEA_RETURN_IF_ERROR(file->WriteAt(index, offset, data, shape[3] * element));
      offset += shape[3] * element;
    }
  }
  return Status::Ok();
}

Status EncoderDecoderRun::WriteArrays(ArrayFile* file) const {
  for (const Stream& stream : kStreams) {
    FOVEA_RETURN_IF_ERROR(WriteMaps(file, stream.array, stream.stream));
  }
  if (!logits_.empty()) {
    FOVEA_RETURN_IF_ERROR(
        file->WriteAt(file->Find("logits"), 0, logits_.data(), logits_.size() * sizeof(float)));
  }
  FOVEA_RETURN_IF_ERROR(file->WriteNumbers("source_tokens", source_.Ids()));
  return file->WriteNumbers("target_tokens", target_ids_);
}

Result<std::string> EncoderDecoderRun::Do(const SessionOptions& options, Outputs* outputs) {
  FOVEA_RETURN_IF_ERROR(CheckArguments());
  FOVEA_RETURN_IF_ERROR(CheckLength(arguments_, model_, source_.tokens.size(), 0));
  FOVEA_RETURN_IF_ERROR(MakeTarget());
  Result<Session> session = OpenSession(model_, options);
  FOVEA_RETURN_IF_ERROR(session);
  tools::Progress progress(!arguments_.quiet);
  progress.Update(0.0, "running the text");
  const std::string& path = model_.info().path;
  const bool given = arguments_.target || !arguments_.target_ids.empty();
  if (!given) {
    if (const Status ran = Generate(&*session); !ran.ok()) return About(path, ran);
  }
  target_ids_ = target_.Ids();
  target_ids_.insert(target_ids_.end(), generated_.begin(), generated_.end());
  if (const Status ran = RunTarget(&*session); !ran.ok()) return About(path, ran);

  const ModelInfo& info = model_.info();
  std::vector<std::size_t> layers(info.layers);
  std::vector<std::size_t> heads(info.heads);
  for (std::size_t i = 0; i < layers.size(); ++i) layers[i] = i;
  for (std::size_t i = 0; i < heads.size(); ++i) heads[i] = i;
  shape_ = MapShape(info, target_ids_.size(), std::move(layers), std::move(heads));
  shape_.source_tokens = source_.tokens.size();
  shape_.encoder_layers = info.encoder_stack().layers;
  shape_.encoder_heads = info.encoder_stack().heads;
  shape_.half = arguments_.half;
  shape_.logits = arguments_.logits;
  FOVEA_RETURN_IF_ERROR(outputs->Preallocate(shape_, source_.text.size() + target_.text.size()));
  const std::vector<ArrayFile*> files = outputs->array_files();
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (const Status written = WriteArrays(files[i]); !written.ok()) {
      return About(outputs->array_path(i), written);
    }
  }
  DumpInfo dump = MakeDumpInfo(model_, *session, target_, generated_, shape_);
  TokenTable source = MakeTokenTable(model_.tokenizer(), source_, {});
  dump.source_text = std::move(source.text);
  dump.source_tokens = std::move(source.tokens);
  dump.row_sum_error = row_sums_.error();
  FOVEA_RETURN_IF_ERROR(outputs->Finish(dump, shape_, {}));
  if (arguments_.quiet) return std::string();
  std::string text = generated_.empty() ? "" : OneLine(dump.text) + "\n";
  for (const Outputs::Written& file : outputs->written()) {
    text += OneLine(file.path) + ": " + Counted(shape_.source_tokens, "source token") + ", " +
            Counted(shape_.tokens, "target token") + ", " +
            HumanBytes(static_cast<double>(file.bytes)) + "\n";
  }
  return text;
}

}  // namespace fovea::dump
