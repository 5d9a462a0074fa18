// Writes model files with made-up weights: for measuring, where only shapes and types matter.
#ifndef FOVEA_TOOLS_FOVEA_SYNTH_MODEL_H_
#define FOVEA_TOOLS_FOVEA_SYNTH_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include <fovea/data_type.h>
#include <fovea/status.h>

#include "tools/fovea/synth_shape.h"

namespace fovea::tools {

struct SynthOptions {
  SynthShape shape;
  DataType type = DataType::kQ8_0;  ///< Of matrices; see OutputType and FittingType.
  bool pure = false;                ///< The output matrix has `type` too.
  std::uint64_t seed = 1;           ///< Same seed, same bytes, whatever the number of threads.
  std::size_t threads = 1;
  std::string name = {};  ///< general.name
  /// As in QuantizeOptions.
  std::function<bool()> cancelled = {};
  std::function<void(double done, const std::string& tensor)> on_progress = {};
};

struct SynthReport {
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;
};

/// Needs memory for some rows only, whatever the model's size.
Result<SynthReport> SynthesizeModel(const SynthOptions& options, const std::string& path);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_SYNTH_MODEL_H_
