#include "tools/attention-dump/run/job.h"

#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/run/model_session.h"
#include "tools/attention-dump/run/prompt.h"
#include "tools/common/choose_isa.h"

namespace fovea::dump {

Result<std::string> Job::Do() {
  Result<std::optional<Isa>> isa = tools::ChooseIsa(common_.isa, environment_.isa_variable);
  FOVEA_RETURN_IF_ERROR(isa);
  isa_ = *isa;
  FOVEA_RETURN_IF_ERROR(OpenOutputs());
  FOVEA_RETURN_IF_ERROR(ReadTexts());
  FOVEA_RETURN_IF_ERROR(LoadModels());
  FOVEA_RETURN_IF_ERROR(CheckKind());
  if (TakesOver()) return Instead();
  FOVEA_RETURN_IF_ERROR(MakePrompts());
  FOVEA_RETURN_IF_ERROR(CheckLengths());
  FOVEA_RETURN_IF_ERROR(Plan());
  FOVEA_RETURN_IF_ERROR(OpenSessions());
  FOVEA_RETURN_IF_ERROR(RunModels());
  FOVEA_RETURN_IF_ERROR(Finish());
  return Summary();
}

Status Job::ReadTexts() {
  Result<std::string> text = ReadText(common_);
  FOVEA_RETURN_IF_ERROR(text);
  text_ = std::move(*text);
  return Status::Ok();
}

Status Job::LoadModels() {
  Result<Model> model = LoadModel(common_);
  FOVEA_RETURN_IF_ERROR(model);
  model_ = std::move(*model);
  return Status::Ok();
}

Status Job::CheckKind() {
  if (model_->info().kind != ModelKind::kEncoderDecoder) return Status::Ok();
  return AboutModel({StatusCode::kUnsupported,
                     "of encoder-decoders only the maps are written: attention-dump MODEL --text "
                     "SOURCE [--target TEXT] -o FILE.npz"});
}

Status Job::RequireDecoder(const std::string& what) const {
  const ModelInfo& info = model_->info();
  if (info.kind == ModelKind::kDecoder) return Status::Ok();
  return {StatusCode::kUnsupported, what + ": it takes a decoder, and " + info.path + " is an " +
                                        std::string(ModelKindName(info.kind))};
}

Status Job::MakePrompts() {
  Result<Prompt> prompt = MakePrompt(common_, *model_, text_);
  FOVEA_RETURN_IF_ERROR(prompt);
  prompt_ = std::move(*prompt);
  return Status::Ok();
}

Status Job::CheckLengths() {
  return CheckLength(common_, *model_, prompt_.tokens.size(), Generated());
}

SessionOptions Job::OptionsFor(std::size_t context_size, std::uint64_t kept_bytes) const {
  return MakeSessionOptions(common_, *model_, isa_, context_size, kept_bytes);
}

Status Job::AboutModel(const Status& status) const {
  return About(model_->info().path, status);
}

}  // namespace fovea::dump
