#include "tools/attention-dump/command/selection_options.h"

#include <CLI/CLI.hpp>

#include "fovea/status_macros.h"
#include "tools/attention-dump/command/option_readers.h"

namespace fovea::dump {

void SelectionOptions::AddTo(CLI::App* app) {
  app->add_option("-o,--output", outputs_)->allow_extra_args(false);
  app->add_option("--layers", layers_);
  app->add_option("--heads", heads_);
}

Status SelectionOptions::Read(const std::string& text_file, SelectionArguments* arguments) const {
  FOVEA_RETURN_IF_ERROR(ReadOutputs(outputs_, text_file, &arguments->outputs));
  FOVEA_RETURN_IF_ERROR(ReadRanges("--layers", layers_, &arguments->layers));
  return ReadRanges("--heads", heads_, &arguments->heads);
}

}  // namespace fovea::dump
