// fovea embed: vectors of texts, and how alike texts are.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <fovea/fovea.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/status_macros.h"
#include "tools/common/open_session.h"
#include "tools/common/progress.h"
#include "tools/common/session_arguments.h"
#include "tools/fovea/commands.h"
#include "tools/fovea/embed_texts.h"
#include "tools/fovea/interrupt.h"
#include "tools/fovea/similarity.h"
#include "tools/fovea/vector_file.h"

namespace fovea::tools {
namespace {

struct EmbedArguments {
  std::string model;
  TextSources sources;
  std::string pool;  ///< Empty: as the model's file says.
  bool no_normalize = false;
  bool similarity = false;
  std::string output;
  SessionArguments session;
};

Status RefuseDecoder(const ModelInfo& info) {
  if (info.has_encoder()) return Status::Ok();
  return {StatusCode::kUnsupported,
          info.path +
              ": the model is a decoder, which continues texts (fovea generate); vectors "
              "of texts take an encoder, such as bert, or an encoder-decoder, such as t5"};
}

EmbedOptions ToEmbedOptions(const EmbedArguments& arguments) {
  EmbedOptions options{.normalize = !arguments.no_normalize};
  for (const Pooling pooling : {Pooling::kMean, Pooling::kCls, Pooling::kLast}) {
    if (arguments.pool == PoolingName(pooling)) options.pooling = pooling;
  }
  return options;
}

/// One JSON array; each number is the shortest that reads back as the same float.
std::string JsonLine(std::span<const float> vector) {
  std::string line = "[";
  for (const float value : vector) {
    if (line.size() > 1) line += ',';
    char digits[32];
    line.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
  return line + "]\n";
}

/// Where vectors go: to a file, to standard output, or into the table of similarities.
class VectorSink {
 public:
  static Result<VectorSink> Create(const EmbedArguments& arguments, std::size_t length) {
    VectorSink sink(arguments.similarity, length);
    if (arguments.output.empty()) return sink;
    auto file = VectorFile::Create(arguments.output, length);
    FOVEA_RETURN_IF_ERROR(file);
    sink.file_.emplace(std::move(*file));
    return sink;
  }

  Status Take(std::span<const float> vector) {
    if (similarity_) kept_.insert(kept_.end(), vector.begin(), vector.end());
    if (file_) return file_->Append(vector);
    return similarity_ ? Status::Ok() : Print(JsonLine(vector));
  }
  /// Gives the file its name and prints what comes after all vectors. `summary`: what to say of a
  /// file.
  Status Finish(const std::string& summary) {
    if (file_) FOVEA_RETURN_IF_ERROR(file_->Finish());
    if (similarity_) return Print(SimilarityText(kept_, length_));
    return file_ ? Print(summary) : Status::Ok();
  }

 private:
  VectorSink(bool similarity, std::size_t length) : similarity_(similarity), length_(length) {}

  bool similarity_;
  std::size_t length_;
  std::optional<VectorFile> file_;
  std::vector<float> kept_;  // [texts, length], for similarities
};

Status EmbedAll(const std::vector<EmbedText>& texts, Session& session, const EmbedOptions& options,
                VectorSink& sink) {
  std::size_t total = 0;
  for (const EmbedText& text : texts) total += text.ids.size();
  std::size_t done = 0;
  Progress progress(/*wanted=*/true);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    progress.Update(static_cast<double>(done) / static_cast<double>(total),
                    "text " + std::to_string(i + 1) + " of " + std::to_string(texts.size()));
    const auto vector = session.Embed(texts[i].ids, options, {.cancelled = Interrupted});
    if (!vector && Interrupted()) {
      return {StatusCode::kCancelled, "interrupted after " + std::to_string(i) + " texts"};
    }
    if (!vector) return {vector.status().code(), texts[i].name + ": " + vector.status().message()};
    FOVEA_RETURN_IF_ERROR(sink.Take(*vector));
    done += texts[i].ids.size();
  }
  return Status::Ok();
}

/// Room for the longest text, and in an encoder-decoder hardly any for the decoder, which rests.
void FitContext(const ModelInfo& info, const std::vector<EmbedText>& texts,
                SessionOptions& options) {
  std::size_t longest = 0;
  for (const EmbedText& text : texts) longest = std::max(longest, text.ids.size());
  options.encoder_context_size = longest;
  options.context_size = info.has_decoder() ? 1 : longest;
}

Status Embed(const EmbedArguments& arguments) {
  auto options = ToSessionOptions(arguments.session);
  FOVEA_RETURN_IF_ERROR(options);
  auto model = Model::Load(arguments.model, ToLoadOptions(arguments.session));
  FOVEA_RETURN_IF_ERROR(model);
  const ModelInfo& info = model->info();
  FOVEA_RETURN_IF_ERROR(RefuseDecoder(info));
  const std::size_t limit =
      arguments.session.context != 0 ? arguments.session.context : info.context;
  auto texts = ReadTexts(arguments.sources, *model, limit);
  FOVEA_RETURN_IF_ERROR(texts);
  if (arguments.similarity && texts->size() < 2) {
    return {StatusCode::kInvalidArgument, "--similarity needs two texts or more"};
  }
  FitContext(info, *texts, *options);
  auto session = OpenSession(*model, *options);
  FOVEA_RETURN_IF_ERROR(session);
  CatchInterrupts();
  const std::size_t length = info.encoder_stack().hidden_size;
  auto sink = VectorSink::Create(arguments, length);
  FOVEA_RETURN_IF_ERROR(sink);
  FOVEA_RETURN_IF_ERROR(EmbedAll(*texts, *session, ToEmbedOptions(arguments), *sink));
  return sink->Finish(arguments.output + ": " + std::to_string(texts->size()) + " vectors of " +
                      std::to_string(length) + " numbers\n");
}

}  // namespace

void AddEmbed(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<EmbedArguments>();
  CLI::App* sub = app.add_subcommand("embed", "Vectors of texts, and how alike texts are");
  sub->footer(
      "For encoders (bert, nomic-bert, ...) and encoder-decoders (t5, whose encoder runs). "
      "Special\n"
      "tokens are added as the tokenizer does. Without -o each vector is one JSON array on a line\n"
      "of standard output. Vectors have length 1 unless --no-normalize.\n"
      "Example: fovea embed model.gguf --file lines.txt -o vectors.npy\n"
      "Example: fovea embed model.gguf --text \"A cat sat.\" --text \"A dog lay.\" --similarity");
  sub->add_option("MODEL", arguments->model, "GGUF file or model folder")->required();
  TextSources& sources = arguments->sources;
  auto* text =
      sub->add_option("-t,--text", sources.texts, "a text; give the option again for each more")
          ->allow_extra_args(false)
          ->type_name("TEXT");
  auto* file = sub->add_option("-f,--file", sources.file,
                               "a file with one text per line, - for standard input")
                   ->excludes(text)
                   ->type_name("FILE");
  auto* tokens = sub->add_option("--tokens", sources.tokens,
                                 "token ids of a text, special ones included; again for each more")
                     ->allow_extra_args(false)
                     ->excludes(text)
                     ->excludes(file)
                     ->type_name("ID,ID,...");
  sub->add_option("--pool", arguments->pool,
                  "what becomes the vector: mean of all tokens, cls (the first) or last (default: "
                  "as the model's file says, else mean)")
      ->check(CLI::IsMember({"mean", "cls", "last"}))
      ->type_name("POOLING");
  sub->add_flag("--no-normalize", arguments->no_normalize, "leave vectors as long as they are");
  sub->add_flag("--similarity", arguments->similarity,
                "print the cosine similarity of two texts, or of each with each");
  sub->add_option("-o,--output", arguments->output,
                  "NumPy file for the vectors (.npy): [texts, hidden_size], float32")
      ->type_name("FILE");
  AddSessionArguments(*sub, arguments->session);
  sub->callback([arguments, text, file, tokens, &command] {
    if (text->count() + file->count() + tokens->count() == 0) {
      throw CLI::ValidationError("embed needs --text, --file or --tokens");
    }
    command = [arguments] { return Embed(*arguments); };
  });
}

}  // namespace fovea::tools
