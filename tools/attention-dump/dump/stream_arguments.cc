#include "tools/attention-dump/dump/stream_arguments.h"

#include <CLI/CLI.hpp>
#include <string_view>

#include "tools/attention-dump/dump/arguments.h"

namespace fovea::dump {
namespace {

constexpr std::string_view kStandardOutput = "-";

}  // namespace

void StreamOptions::AddTo(CLI::App* app) {
  // A flag with a value: a word that follows is the model, as everywhere else.
  app->add_flag("--stream{-}", stream_);
  app->add_flag("--stream-prompt", prompt_);
}

Status StreamOptions::Read(StreamArguments* arguments) const {
  arguments->on = !stream_.empty();
  arguments->prompt = prompt_;
  if (arguments->on && stream_ != kStandardOutput) arguments->file = stream_;
  if (prompt_ && !arguments->on) {
    return Usage("--stream-prompt: says what --stream writes; give --stream too");
  }
  return Status::Ok();
}

Status CheckStream(const Arguments& arguments) {
  const StreamArguments& stream = arguments.stream;
  if (!stream.on) return Status::Ok();
  if (stream.file.empty()) {
    // "--stream out.jsonl" reads like a file but is a model.
    for (const std::string_view ending : {".jsonl", ".ndjson"}) {
      if (!arguments.model.ends_with(ending)) continue;
      return Usage(arguments.model +
                   ": not a model; to stream into it write --stream=" + arguments.model);
    }
    return Status::Ok();
  }
  const std::string file = ComparablePath(stream.file);
  const auto is_stream = [&](const std::string& path) {
    return !path.empty() && ComparablePath(path) == file;
  };
  if (is_stream(arguments.model)) {
    return Usage("--stream=" + stream.file + ": would overwrite the model");
  }
  if (arguments.input == Arguments::Input::kFile && is_stream(arguments.file)) {
    return Usage("--stream=" + stream.file + ": would overwrite the text it is made from");
  }
  for (const OutputPath& output : arguments.outputs) {
    if (is_stream(output.path)) return Usage("--stream=" + stream.file + ": is also named by -o");
  }
  return Status::Ok();
}

}  // namespace fovea::dump
