// Types of weights by the names that C callers give.
#ifndef FOVEA_C_API_DATA_TYPES_H_
#define FOVEA_C_API_DATA_TYPES_H_

#include "fovea/data_type.h"
#include "fovea/status.h"

namespace fovea::c_api {

/// kInvalidArgument for null and for names that are no type.
Status ReadDataType(const char* name, DataType* type);

}  // namespace fovea::c_api

#endif  // FOVEA_C_API_DATA_TYPES_H_
