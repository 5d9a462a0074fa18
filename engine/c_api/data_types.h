// Types of weights by the names that C callers give.
#ifndef FOVEA_C_API_DATA_TYPES_H_
#define FOVEA_C_API_DATA_TYPES_H_

#include "fovea/data_type.h"
#include "fovea/status.h"

namespace fovea::c_api {

inline constexpr DataType kDataTypes[] = {
    DataType::kF32,  DataType::kF16,  DataType::kBF16, DataType::kQ8_0,  DataType::kQ6_K,
    DataType::kQ5_K, DataType::kQ5_1, DataType::kQ5_0, DataType::kQ4_K,  DataType::kQ4_1,
    DataType::kQ4_0, DataType::kQ3_K, DataType::kQ2_K, DataType::kIQ4_NL};

/// kInvalidArgument for null and for names that are no type.
Status ReadDataType(const char* name, DataType* type);

}  // namespace fovea::c_api

#endif  // FOVEA_C_API_DATA_TYPES_H_
