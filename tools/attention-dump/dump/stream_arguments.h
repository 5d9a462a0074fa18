// The options of the live stream: --stream[=FILE] and --stream-prompt.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DUMP_STREAM_ARGUMENTS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DUMP_STREAM_ARGUMENTS_H_

#include <string>

#include <fovea/fovea.hpp>

namespace CLI {
class App;
}

namespace fovea::dump {

struct Arguments;

struct StreamArguments {
  bool on = false;
  std::string file;     ///< Empty: standard output.
  bool prompt = false;  ///< Also a line for every token of the prompt, not only for its last one.
};

/// The options as typed. Use: AddTo the app, ParseOptions, then Read. Must outlive the parsing.
class StreamOptions {
 public:
  void AddTo(CLI::App* app);
  Status Read(StreamArguments* arguments) const;

 private:
  std::string stream_;
  bool prompt_ = false;
};

/// Refuses a stream into a file that the command line uses otherwise.
Status CheckStream(const Arguments& arguments);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DUMP_STREAM_ARGUMENTS_H_
