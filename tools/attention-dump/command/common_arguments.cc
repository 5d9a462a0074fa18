#include "tools/attention-dump/command/common_arguments.h"

#include <CLI/CLI.hpp>

#include "fovea/status_macros.h"
#include "tools/attention-dump/command/number_list.h"

namespace fovea::dump {

void CommonOptions::AddTo(CLI::App* app) {
  app->set_help_flag();
  app->allow_extras();
  app->add_option("model_and_dash", positionals_);
  app->add_option("--text", text_);
  app->add_option("--file", file_);
  app->add_option("--tokens", tokens_);
  app->add_flag("-q,--quiet", quiet_);
  app->add_flag("-h,--help", help_);
  session_.AddTo(app);
}

Status CommonOptions::Read(CommonArguments* arguments, std::string* second_model) const {
  arguments->help = help_;
  arguments->quiet = quiet_;
  bool standard_input = false;
  FOVEA_RETURN_IF_ERROR(ReadPositionals(arguments, second_model, &standard_input));
  FOVEA_RETURN_IF_ERROR(ReadText(standard_input, arguments));
  return session_.Read(arguments);
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
