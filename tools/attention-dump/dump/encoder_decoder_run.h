// The maps of an encoder–decoder: of the source text, of the target, and from the target to the
// source. The target is given, or what the model writes greedily.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DUMP_ENCODER_DECODER_RUN_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DUMP_ENCODER_DECODER_RUN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/command.h"
#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/data/token_table.h"
#include "tools/attention-dump/dump/arguments.h"
#include "tools/attention-dump/observers/row_sum_check.h"
#include "tools/attention-dump/output/outputs.h"

namespace fovea::dump {

class EncoderDecoderRun {
 public:
  /// All must outlive the run. source: what the encoder reads.
  EncoderDecoderRun(const Arguments& arguments, const RunEnvironment& environment,
                    const Model& model, const Prompt& source)
      : arguments_(arguments), environment_(environment), model_(model), source_(source) {}

  /// Tokens of the target at most, the start token included.
  std::size_t context_size() const;

  /// Runs the model and writes the files. Returns what is to be printed.
  Result<std::string> Do(const SessionOptions& options, Outputs* outputs);

 private:
  Status CheckArguments() const;
  Status MakeTarget();
  Status Generate(Session* session);
  Status RunTarget(Session* session);
  Status WriteArrays(ArrayFile* file) const;
  Status WriteMaps(ArrayFile* file, const char* name, AttentionStream stream) const;

  const Arguments& arguments_;
  const RunEnvironment& environment_;
  const Model& model_;
  const Prompt& source_;
  Prompt target_;                        ///< The start token, and the target if it is given.
  std::vector<std::int32_t> generated_;  ///< What the model wrote, if it is not.
  std::vector<std::int32_t> target_ids_;
  AttentionRecorder maps_;
  RowSumCheck row_sums_{AttentionSelection{}};
  std::vector<float> logits_;  ///< [target tokens, vocabulary], if they are wanted.
  DumpShape shape_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DUMP_ENCODER_DECODER_RUN_H_
