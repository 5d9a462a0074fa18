// The C headers are C++ too: they compile with all warnings, alone and beside the C++ API.

#include <fovea/fovea.h>

#include <fovea/fovea.hpp>
#include <type_traits>

static_assert(std::is_trivially_copyable_v<fovea_session_options>);
static_assert(std::is_standard_layout_v<fovea_run_options>);

fovea_status CreateFromCpp(const fovea_model* model, fovea_session** session) {
  fovea_session_options options = {};
  options.struct_size = sizeof(options);
  return fovea_session_create(model, &options, session, nullptr);
}
