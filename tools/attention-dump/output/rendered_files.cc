#include "tools/attention-dump/output/rendered_files.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"

namespace fovea::dump {

Result<platform::AtomicFile> CreateOutput(const std::string& path) {
  platform::AtomicFile file;
  std::string error;
  if (platform::AtomicFile::Create(path, &file, &error)) return file;
  std::error_code unknown;
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (!folder.empty() && !std::filesystem::exists(folder, unknown)) {
    error = "the folder '" + folder + "' does not exist";
  }
  return Status(StatusCode::kIoError, path + ": " + error);
}

Result<RenderedFiles> RenderedFiles::Open(const std::vector<OutputPath>& paths) {
  RenderedFiles outputs;
  outputs.paths_ = paths;
  for (const OutputPath& path : paths) {
    Result<platform::AtomicFile> file = CreateOutput(path.path);
    FOVEA_RETURN_IF_ERROR(file);
    outputs.files_.push_back(std::move(*file));
  }
  return outputs;
}

Result<std::string> RenderedFiles::Write(
    const std::function<Result<std::string>(TableFormat)>& render) {
  std::string lines;
  const auto failure = [&](std::size_t index, StatusCode code, const std::string& message) {
    return Status(code, About(paths_[index].path, message));
  };
  std::string error;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    Result<std::string> bytes = render(paths_[i].format->table);
    if (!bytes) return failure(i, bytes.status().code(), bytes.status().message());
    if (bytes->empty()) return failure(i, StatusCode::kOutOfMemory, "not enough memory to make it");
    if (!files_[i].Write(bytes->data(), bytes->size(), &error)) {
      return failure(i, StatusCode::kIoError, error);
    }
    lines += OneLine(paths_[i].path) + ": " + HumanBytes(static_cast<double>(bytes->size())) + "\n";
  }
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (!files_[i].Commit(&error)) return failure(i, StatusCode::kIoError, error);
  }
  return lines;
}

}  // namespace fovea::dump
