// The sidecar of every file: what the numbers mean and why they may be trusted, as JSON.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_SIDECAR_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_SIDECAR_H_

#include <string>

#include "tools/attention-dump/data/dump_data.h"

namespace fovea::dump {

/// One JSON object on one line, valid UTF-8 whatever the pieces hold. Numbers that are not finite
/// become null.
std::string SidecarJson(const DumpInfo& info);

/// The sidecar's "trust_stamp" alone: the model, and how it was run.
std::string TrustStampJson(const DumpInfo& info);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_SIDECAR_H_
