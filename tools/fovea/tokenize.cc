// fovea tokenize: ids of a text as one JSON array.

#include <CLI/CLI.hpp>
#include <fovea/fovea.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "fovea/status_macros.h"
#include "tools/common/read_text.h"
#include "tools/fovea/commands.h"

namespace fovea::tools {
namespace {

struct TokenizeArguments {
  std::string model;
  std::string text;
  std::string file;
  bool has_text = false;
  bool pieces = false;
  bool no_special = false;
  bool parse_special = false;
};

Status Tokenize(const TokenizeArguments& arguments) {
  std::string text = arguments.text;
  if (!arguments.has_text) {
    auto read = ReadText(arguments.file.empty() ? "-" : arguments.file);
    FOVEA_RETURN_IF_ERROR(read);
    text = std::move(*read);
  }
  auto loaded = LoadTokenizer(arguments.model);
  FOVEA_RETURN_IF_ERROR(loaded);
  const Tokenizer* tokenizer = loaded->get();
  auto tokens = tokenizer->Tokenize(
      text, {.add_special = !arguments.no_special, .parse_special = arguments.parse_special});
  if (!tokens) {
    const std::string from = arguments.has_text       ? "--text"
                             : arguments.file.empty() ? "standard input"
                             : arguments.file == "-"  ? "standard input"
                                                      : arguments.file;
    return {tokens.status().code(), from + ": " + tokens.status().message()};
  }
  nlohmann::json list = nlohmann::json::array();
  for (const Token& token : *tokens) {
    if (arguments.pieces) {
      list.push_back({{"id", token.id},
                      {"piece", tokenizer->DisplayPiece(token.id)},
                      {"begin", token.begin},
                      {"end", token.end}});
    } else {
      list.push_back(token.id);
    }
  }
  return Print(list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace

void AddTokenize(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<TokenizeArguments>();
  CLI::App* sub = app.add_subcommand("tokenize", "Token ids of a text as one JSON array");
  sub->add_option("MODEL", arguments->model, "GGUF file or model folder")->required();
  auto* text = sub->add_option("-t,--text", arguments->text, "text to tokenize")->type_name("TEXT");
  auto* file = sub->add_option("-f,--file,FILE", arguments->file,
                               "read the text from a file, - for standard input (default)")
                   ->type_name("FILE");
  file->excludes(text);
  sub->add_flag("--pieces", arguments->pieces, "objects with id, piece and byte range");
  sub->add_flag("--no-special", arguments->no_special, "do not add BOS, EOS and the like");
  sub->add_flag("--parse-special", arguments->parse_special,
                "recognise control tokens written in the text");
  sub->callback([arguments, text, &command] {
    arguments->has_text = text->count() > 0;
    command = [arguments] { return Tokenize(*arguments); };
  });
}

}  // namespace fovea::tools
