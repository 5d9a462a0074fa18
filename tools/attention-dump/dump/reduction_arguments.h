// The options that keep less than whole maps: --top-k, --pool and --no-maps.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DUMP_REDUCTION_ARGUMENTS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DUMP_REDUCTION_ARGUMENTS_H_

#include <cstddef>
#include <optional>
#include <string>

#include <fovea/fovea.hpp>

namespace CLI {
class App;
}

namespace fovea::dump {

struct Arguments;

struct ReductionArguments {
  std::size_t top_k = 0;  ///< > 0: the largest weights of every row instead of whole maps.
  std::size_t pool = 0;   ///< > 0: blocks of this many tokens per side instead of whole maps.
  bool no_maps = false;   ///< No map at all in array files.
  bool any() const { return top_k > 0 || pool > 0 || no_maps; }
};

/// The options as typed. Use: AddTo the app, ParseOptions, then Read. Must outlive the parsing.
class ReductionOptions {
 public:
  void AddTo(CLI::App* app);
  Status Read(ReductionArguments* arguments) const;

 private:
  std::optional<std::string> top_k_, pool_;
  bool no_maps_ = false;
};

/// Refuses reductions that no output of this command line can hold, or that leave nothing.
Status CheckReductions(const Arguments& arguments);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DUMP_REDUCTION_ARGUMENTS_H_
