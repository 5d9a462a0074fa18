#include "tools/attention-dump/command/common_arguments.h"

#include <CLI/CLI.hpp>
#include <limits>

#include "fovea/status_macros.h"
#include "tools/attention-dump/command/number_list.h"
#include "tools/common/numbers.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kMaxThreads = 1024;
constexpr std::size_t kMaxTokens = std::numeric_limits<std::int32_t>::max();

Status ReadKvType(const std::optional<std::string>& given, DataType* type) {
  if (!given || *given == "f32") {
    *type = DataType::kF32;
  } else if (*given == "f16") {
    *type = DataType::kF16;
  } else if (*given == "bf16") {
    *type = DataType::kBF16;
  } else if (*given == "int8") {
    *type = DataType::kQ8_0;
  } else {
    return Usage("--kv: '" + *given + "' is none of f32, f16, bf16 and int8");
  }
  return Status::Ok();
}

}  // namespace

void CommonOptions::AddTo(CLI::App* app) {
  app->set_help_flag();
  app->allow_extras();
  app->add_option("model_and_dash", positionals_);
  app->add_option("--text", text_);
  app->add_option("--file", file_);
  app->add_option("--tokens", tokens_);
  app->add_option("--threads", threads_);
  app->add_option("--context", context_);
  app->add_option("--kv", kv_);
  app->add_option("--isa", isa_);
  app->add_option("--max-memory", max_memory_);
  app->add_flag("--fast", fast_);
  app->add_flag("--low-memory", low_memory_);
  app->add_flag("-q,--quiet", quiet_);
  app->add_flag("-h,--help", help_);
}

Status CommonOptions::Read(CommonArguments* arguments, std::string* second_model) const {
  arguments->help = help_;
  arguments->quiet = quiet_;
  arguments->fast = fast_;
  arguments->low_memory = low_memory_;
  bool standard_input = false;
  Status status = ReadPositionals(arguments, second_model, &standard_input);
  if (status.ok()) status = ReadText(standard_input, arguments);
  if (status.ok()) status = ReadCount("--threads", threads_, 1, kMaxThreads, &arguments->threads);
  if (status.ok()) status = ReadCount("--context", context_, 1, kMaxTokens, &arguments->context);
  if (status.ok()) status = ReadKvType(kv_, &arguments->kv_type);
  FOVEA_RETURN_IF_ERROR(status);
  if (isa_ && isa_->empty()) return Usage("--isa: the name is empty");
  arguments->isa = isa_.value_or("");
  return ReadBytes("--max-memory", max_memory_, &arguments->max_memory);
}

Status CommonOptions::ReadPositionals(CommonArguments* arguments, std::string* second_model,
                                      bool* standard_input) const {
  for (const std::string& positional : positionals_) {
    if (positional == "-") {
      *standard_input = true;
    } else if (positional.empty()) {
      return Usage("MODEL: the name is empty");
    } else if (arguments->model.empty()) {
      arguments->model = positional;
    } else if (second_model == nullptr) {
      return Usage(positional + ": one model at a time (the model is '" + arguments->model + "')");
    } else if (second_model->empty()) {
      *second_model = positional;
    } else {
      return Usage(positional + ": two models at most ('" + arguments->model + "' and '" +
                   *second_model + "' are given)");
    }
  }
  return Status::Ok();
}

Status CommonOptions::ReadText(bool standard_input, TextArguments* arguments) const {
  using Input = TextArguments::Input;
  int given = 0;
  const auto choose = [&](bool is_given, Input input) {
    if (!is_given) return;
    arguments->input = input;
    ++given;
  };
  choose(text_.has_value(), Input::kText);
  choose(file_.has_value() && *file_ != "-", Input::kFile);
  choose(standard_input || (file_ && *file_ == "-"), Input::kStandardInput);
  choose(tokens_.has_value(), Input::kTokens);
  if (given > 1) return Usage("--text, --file, --tokens and -: give only one of them");
  arguments->text = text_.value_or("");
  arguments->file = arguments->input == Input::kFile ? *file_ : "";
  if (!tokens_) return Status::Ok();
  const auto ids = ParseIds(*tokens_);
  if (!ids) return Usage("--tokens: '" + *tokens_ + "' is not a list of ids like 1,2,3");
  arguments->ids = *ids;
  return Status::Ok();
}

}  // namespace fovea::dump
