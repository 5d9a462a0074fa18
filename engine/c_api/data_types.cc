#include "engine/c_api/data_types.h"

#include <string>

#include "engine/c_api/errors.h"

namespace fovea::c_api {

Status ReadDataType(const char* name, DataType* type) {
  if (name == nullptr) return NullArgument("type");
  if (const auto known = DataTypeFromName(name)) {
    *type = *known;
    return Status::Ok();
  }
  return {StatusCode::kInvalidArgument, std::string("\"") + name + "\" is no type of weights"};
}

}  // namespace fovea::c_api
