// What a dump says about itself (DumpInfo), filled in from the model, the session and the text.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DATA_DUMP_INFO_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DATA_DUMP_INFO_H_

#include <cstdint>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/data/token_table.h"

namespace fovea::dump {

/// All but row_sum_error, which only a run knows.
DumpInfo MakeDumpInfo(const Model& model, const Session& session, const Prompt& prompt,
                      const std::vector<std::int32_t>& generated, const DumpShape& shape);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DATA_DUMP_INFO_H_
