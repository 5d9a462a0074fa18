#include "tools/attention-dump/output/outputs.h"

#include <filesystem>
#include <map>
#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/output/rendered_files.h"
#include "tools/attention-dump/output/sidecar.h"
#include "tools/attention-dump/output/text_files.h"

namespace fovea::dump {
namespace {

/// Bytes of a sidecar besides the text, for the size of a .safetensors header; it may be wrong.
constexpr std::uint64_t kSidecarBytesPerToken = 128;
constexpr std::uint64_t kSidecarBytes = 4096;

Status CheckTextSize(const OutputPath& output, const DumpShape& shape) {
  if (output.format->estimate == nullptr) return Status::Ok();
  const double bytes = output.format->estimate(shape);
  if (bytes <= static_cast<double>(kMaxTextFileBytes)) return Status::Ok();
  return {StatusCode::kLimitExceeded,
          output.path + ": about " + HumanBytes(bytes) + " of text for " +
              std::to_string(shape.layers.size()) + " layers, " +
              std::to_string(shape.heads.size()) + " heads and " + std::to_string(shape.tokens) +
              " tokens, the limit is " + HumanBytes(static_cast<double>(kMaxTextFileBytes)) +
              "; choose with --layers and --heads, or write .npz"};
}

Result<std::uint64_t> PlannedBytes(OutputContent content, const DumpShape& shape) {
  const std::vector<ArraySpec> specs =
      content == OutputContent::kMaps ? std::vector{AttentionSpec(shape)} : AllSpecs(shape);
  std::uint64_t total = 0;
  for (const ArraySpec& spec : specs) {
    Result<std::uint64_t> bytes = ArrayBytes(spec.type, spec.shape);
    FOVEA_RETURN_IF_ERROR(bytes);
    total += *bytes;
  }
  return total;
}

std::vector<std::int32_t> Narrow(const std::vector<std::size_t>& numbers) {
  std::vector<std::int32_t> narrow;
  narrow.reserve(numbers.size());
  for (const std::size_t number : numbers) narrow.push_back(static_cast<std::int32_t>(number));
  return narrow;
}

}  // namespace

Result<Outputs> Outputs::Open(const std::vector<OutputPath>& paths) {
  Outputs outputs;
  for (const OutputPath& path : paths) {
    Output output;
    output.path = path;
    Result<platform::AtomicFile> file = CreateOutput(path.path);
    FOVEA_RETURN_IF_ERROR(file);
    output.file = std::move(*file);
    outputs.outputs_.push_back(std::move(output));
  }
  return outputs;
}

std::string Outputs::page_path() const {
  for (const Output& output : outputs_) {
    if (output.path.format->content == OutputContent::kPage) return output.path.path;
  }
  return "";
}

Status Outputs::CheckDiskSpace(const DumpShape& shape) const {
  std::map<std::string, std::uint64_t> needed;  // by folder: outputs there share the disk
  for (const Output& output : outputs_) {
    if (output.path.format->open == nullptr) continue;
    Result<std::uint64_t> bytes = PlannedBytes(output.path.format->content, shape);
    if (!bytes) return About(output.path.path, bytes.status());
    std::string folder = std::filesystem::path(output.path.path).parent_path().string();
    if (folder.empty()) folder = ".";
    needed[folder] += *bytes;
    std::error_code error;
    const std::filesystem::space_info space = std::filesystem::space(folder, error);
    if (!error && needed[folder] > space.available) {
      return {StatusCode::kIoError,
              output.path.path + ": needs " + HumanBytes(static_cast<double>(needed[folder])) +
                  ", the disk has " + HumanBytes(static_cast<double>(space.available)) + " left"};
    }
  }
  return Status::Ok();
}

Status Outputs::Preallocate(const DumpShape& shape, std::size_t text_bytes) {
  const std::uint64_t header_estimate =
      kSidecarBytes + text_bytes + shape.tokens * kSidecarBytesPerToken;
  for (const Output& output : outputs_) {
    FOVEA_RETURN_IF_ERROR(CheckTextSize(output.path, shape));
  }
  FOVEA_RETURN_IF_ERROR(CheckDiskSpace(shape));
  for (Output& output : outputs_) {
    if (output.path.format->open == nullptr) continue;
    Result<std::unique_ptr<ArrayFile>> file =
        output.path.format->open(std::move(output.file), shape, header_estimate);
    if (!file) return About(output.path.path, file.status());
    output.arrays = std::move(*file);
  }
  return Status::Ok();
}

std::vector<ArrayFile*> Outputs::array_files() const {
  std::vector<ArrayFile*> files;
  for (const Output& output : outputs_) {
    if (output.arrays != nullptr) files.push_back(output.arrays.get());
  }
  return files;
}

const std::string& Outputs::array_path(std::size_t index) const {
  for (const Output& output : outputs_) {
    if (output.arrays != nullptr && index-- == 0) return output.path.path;
  }
  return outputs_.front().path.path;
}

Status Outputs::FinishArrays(const DumpInfo& info, const DumpShape& shape,
                             const std::string& sidecar, Output* output) {
  std::vector<std::int32_t> generated;
  for (std::size_t i = 0; i < info.tokens.size(); ++i) {
    if (info.tokens.generated[i]) generated.push_back(info.tokens.ids[i]);
  }
  ArrayFile* file = output->arrays.get();
  Status status = file->WriteNumbers("tokens", info.tokens.ids);
  if (status.ok()) status = file->WriteNumbers("greedy_tokens", generated);
  if (status.ok()) status = file->WriteNumbers("layers", Narrow(info.layers));
  if (status.ok()) status = file->WriteNumbers("heads", Narrow(info.heads));
  if (status.ok()) status = file->WriteNumbers("kv_head", Narrow(info.kv_head));
  FOVEA_RETURN_IF_ERROR(status);
  std::vector<Shape> shapes;
  for (const ArraySpec& spec : file->arrays()) {
    shapes.push_back(FinalShape(spec, shape, info.tokens.size(), generated.size()));
  }
  status = file->Finish(shapes, sidecar);
  if (status.ok()) written_.push_back({output->path.path, file->bytes()});
  return status;
}

Status Outputs::FinishRendered(const DumpInfo& info, const DumpShape& shape, const Drawn& drawn,
                               Output* output) {
  const std::string bytes = output->path.format->render(info, shape, drawn);
  if (bytes.empty()) return {StatusCode::kOutOfMemory, "not enough memory to draw it"};
  std::string error;
  if (!output->file.Write(bytes.data(), bytes.size(), &error) || !output->file.Commit(&error)) {
    return {StatusCode::kIoError, error};
  }
  written_.push_back({output->path.path, bytes.size()});
  return Status::Ok();
}

Status Outputs::Finish(const DumpInfo& info, const DumpShape& shape, const Drawn& drawn) {
  const std::string sidecar = SidecarJson(info);
  for (Output& output : outputs_) {
    const Status status = output.arrays != nullptr ? FinishArrays(info, shape, sidecar, &output)
                                                   : FinishRendered(info, shape, drawn, &output);
    if (!status.ok()) return About(output.path.path, status);
  }
  return Status::Ok();
}

}  // namespace fovea::dump
