#include "tools/attention-dump/run/prompt.h"

#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/common/read_text.h"

namespace fovea::dump {
namespace {

constexpr const char* kSampleText =
    "The old man had a dog and a cat. The old man fed the dog, and the dog slept by the fire.";

using Input = TextArguments::Input;

Status CheckIds(const TextArguments& arguments, const ModelInfo& info) {
  for (const std::int32_t id : arguments.ids) {
    if (static_cast<std::size_t>(id) >= info.vocabulary) {
      return {StatusCode::kInvalidArgument, InputName(arguments) + ": " + std::to_string(id) +
                                                " is not in the vocabulary, which has ids 0 to " +
                                                std::to_string(info.vocabulary - 1)};
    }
  }
  return Status::Ok();
}

}  // namespace

std::string InputName(const TextArguments& arguments) {
  switch (arguments.input) {
    case Input::kSample: return "the sample text";
    case Input::kText: return arguments.prefix + "text";
    case Input::kFile: return arguments.file;
    case Input::kStandardInput: return "standard input";
    case Input::kTokens: return arguments.prefix + "tokens";
  }
  return "";
}

Result<std::string> ReadText(const TextArguments& arguments) {
  Result<std::string> text = std::string();
  switch (arguments.input) {
    case Input::kTokens: return text;
    case Input::kSample: text = std::string(kSampleText); break;
    case Input::kText: text = arguments.text; break;
    case Input::kFile: text = tools::ReadText(arguments.file); break;
    case Input::kStandardInput: text = tools::ReadText("-"); break;
  }
  if (text.ok() && text->empty()) {
    return Status(StatusCode::kInvalidArgument, InputName(arguments) + ": the text is empty");
  }
  return text;
}

Result<Prompt> MakePrompt(const TextArguments& arguments, const Model& model,
                          const std::string& text) {
  Prompt prompt;
  if (arguments.input == Input::kTokens) {
    FOVEA_RETURN_IF_ERROR(CheckIds(arguments, model.info()));
    for (const std::int32_t id : arguments.ids) {
      Token token;
      token.id = id;
      prompt.tokens.push_back(token);
    }
    return prompt;
  }
  if (model.tokenizer() == nullptr) {
    const Status& reason = model.tokenizer_status();
    return Status(
        StatusCode::kUnsupported,
        About(model.info().path,
              (reason.ok() ? "it has no tokenizer" : reason.message()) + "; give --tokens"));
  }
  Result<std::vector<Token>> tokens = model.tokenizer()->Tokenize(text);
  if (!tokens) return About(InputName(arguments), tokens.status());
  if (tokens->empty()) {
    return Status(StatusCode::kInvalidArgument, InputName(arguments) + ": the text has no tokens");
  }
  prompt.has_text = true;
  prompt.text = text;
  prompt.tokens = std::move(*tokens);
  return prompt;
}

}  // namespace fovea::dump
