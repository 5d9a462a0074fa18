// The steps of every subcommand with a model, in the order in which they may fail: what is cheap to
// check comes before what takes time. A subcommand derives from Job and fills in its own part.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RUN_JOB_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RUN_JOB_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/command/command.h"
#include "tools/attention-dump/command/common_arguments.h"
#include "tools/attention-dump/data/token_table.h"

namespace fovea::dump {

class Job {
 public:
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// Chooses the kernels, then takes all steps below. Returns the text to print.
  Result<std::string> Do();

 protected:
  /// Both must outlive the job.
  Job(const CommonArguments& arguments, const RunEnvironment& environment)
      : common_(arguments), environment_(environment) {}

  // The steps, in their order. Errors name what they are about.
  virtual Status OpenOutputs() { return Status::Ok(); }
  virtual Status ReadTexts();   ///< Here: `text_`, from --text, --file or standard input.
  virtual Status LoadModels();  ///< Here: `model_`.
  /// Here: refuses what only a model with both stacks would need.
  virtual Status CheckKind();
  /// Something that takes the place of all later steps, chosen by the kind of the model.
  virtual bool TakesOver() const { return false; }
  virtual Result<std::string> Instead() { return std::string(); }
  virtual Status MakePrompts();   ///< Here: `prompt_`, the tokens of `text_`.
  virtual Status CheckLengths();  ///< Here: prompt and Generated() fit the context.
  /// What is measured and kept, and whether there is space for it.
  virtual Status Plan() { return Status::Ok(); }
  virtual Status OpenSessions() = 0;
  virtual Status RunModels() = 0;
  /// Writes the outputs and gives them their names.
  virtual Status Finish() { return Status::Ok(); }
  virtual std::string Summary() = 0;

  /// Tokens that may be generated after the prompt.
  virtual std::size_t Generated() const { return 0; }

  /// kUnsupported unless the model is a decoder; `what` needs one.
  Status RequireDecoder(const std::string& what) const;
  /// Options for a session of `context_size` tokens of model_. `kept_bytes`: memory besides the
  /// session's that counts against --max-memory (the model's file counts already).
  SessionOptions OptionsFor(std::size_t context_size, std::uint64_t kept_bytes = 0) const;
  /// The same error, named after the model's file.
  Status AboutModel(const Status& status) const;

  const CommonArguments& common_;
  const RunEnvironment& environment_;
  std::optional<Isa> isa_;
  std::string text_;
  std::optional<Model> model_;
  Prompt prompt_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RUN_JOB_H_
