// The whole C++ API of Fovea.
#ifndef FOVEA_FOVEA_HPP_
#define FOVEA_FOVEA_HPP_

#include "fovea/ablation.h"
#include "fovea/analysis.h"
#include "fovea/arithmetic.h"
#include "fovea/attention.h"
#include "fovea/data_type.h"
#include "fovea/divergence.h"
#include "fovea/generate.h"
#include "fovea/gguf_writer.h"
#include "fovea/half.h"
#include "fovea/influence.h"
#include "fovea/isa.h"
#include "fovea/memory_estimate.h"
#include "fovea/model.h"
#include "fovea/quantize.h"
#include "fovea/resources.h"
#include "fovea/sampler.h"
#include "fovea/session.h"
#include "fovea/status.h"
#include "fovea/threads.h"
#include "fovea/tokenizer.h"
#include "fovea/value_norms.h"

/// The C++ API of Fovea. Nothing in it throws, aborts, exits or prints.
namespace fovea {}

#endif  // FOVEA_FOVEA_HPP_
