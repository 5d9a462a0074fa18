#include "tools/attention-dump/output/outputs.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/output/arrays/text_files.h"
#include "tools/attention-dump/output/rendered_files.h"
#include "tools/attention-dump/output/sidecar.h"
#include "tools/attention-dump/reduced/reduced_text.h"
#include "tools/attention-dump/render/render.h"

namespace fovea::dump {
namespace {

constexpr const char* kCausalTitle = "causal";
constexpr const char* kBidirectionalTitle = "bidirectional (mask off)";

Status Named(const std::string& path, const Status& status) {
  return {status.code(), About(path, status.message())};
}

Status CheckTextSize(const OutputPath& output, const DumpShape& shape) {
  const bool json = output.kind == OutputKind::kJson;
  const std::size_t layers = shape.layers.size();
  const std::size_t heads = shape.heads.size();
  const double bytes = !shape.maps ? EstimateReducedTextBytes(shape)
                       : json      ? EstimateJsonBytes(layers, heads, shape.tokens)
                                   : EstimateCsvBytes(layers, heads, shape.tokens);
  if (bytes <= static_cast<double>(kMaxTextFileBytes)) return Status::Ok();
  return {StatusCode::kLimitExceeded,
          output.path + ": about " + HumanBytes(bytes) + " of text for " + std::to_string(layers) +
              " layers, " + std::to_string(heads) + " heads and " + std::to_string(shape.tokens) +
              " tokens, the limit is " + HumanBytes(static_cast<double>(kMaxTextFileBytes)) +
              "; choose with --layers and --heads, or write .npz"};
}

Result<std::uint64_t> PlannedBytes(OutputKind kind, const DumpShape& shape) {
  const std::vector<ArraySpec> specs =
      kind == OutputKind::kNpy ? std::vector{AttentionSpec(shape)} : AllSpecs(shape);
  std::uint64_t total = 0;
  for (const ArraySpec& spec : specs) {
    Result<std::uint64_t> bytes = ArrayBytes(spec.type, spec.shape);
    FOVEA_RETURN_IF_ERROR(bytes);
    total += *bytes;
  }
  return total;
}

std::string RenderText(OutputKind kind, const DumpInfo& info, const DumpShape& shape,
                       const KeptMaps& kept) {
  const bool json = kind == OutputKind::kJson;
  if (shape.maps) return json ? RenderJson(info, kept.whole) : RenderCsv(info, kept.whole);
  if (json) {
    return RenderReducedJson(info, shape.top_k > 0 ? &kept.top_k : nullptr,
                             shape.pool > 0 ? &kept.pooled : nullptr);
  }
  return shape.top_k > 0 ? RenderTopKCsv(info, kept.top_k) : RenderPooledCsv(info, kept.pooled);
}

/// What stands above a picture.
std::string PictureTitle(const DumpInfo& info) {
  if (info.quantity == "value-weighted") {
    return info.model.name + "  value-weighted, rows divided by their sums";
  }
  if (info.quantity == "weight") return info.model.name;
  return info.model.name + "  attention " + info.quantity;
}

std::string RenderPicture(bool png, const DumpInfo& info, const KeptMaps& kept) {
  const PictureOptions picture = {.title = PictureTitle(info)};
  const MapSet& maps = kept.ForPictures();
  const auto comparison = [&](const MapSet& left, const MapSet& right, const std::string& left_is,
                              const std::string& right_is) {
    return png ? RenderComparisonPng(info, left, right, left_is, right_is, picture)
               : RenderComparisonSvg(info, left, right, left_is, right_is, picture);
  };
  if (kept.bidirectional) {
    return comparison(maps, *kept.bidirectional, kCausalTitle, kBidirectionalTitle);
  }
  if (kept.before) return comparison(*kept.before, maps, "all heads", "without " + info.ablated);
  return png ? RenderPng(info, maps, picture) : RenderSvg(info, maps, picture);
}

std::string Render(OutputKind kind, const DumpInfo& info, const DumpShape& shape,
                   const Outputs::Drawn& drawn) {
  switch (kind) {
    case OutputKind::kHtml: return RenderHtml(*drawn.page);
    case OutputKind::kJson:
    case OutputKind::kCsv: return RenderText(kind, info, shape, *drawn.kept);
    case OutputKind::kPng: return RenderPicture(/*png=*/true, info, *drawn.kept);
    case OutputKind::kSvg: return RenderPicture(/*png=*/false, info, *drawn.kept);
    case OutputKind::kNpz:
    case OutputKind::kNpy:
    case OutputKind::kSafetensors: break;
  }
  return {};
}

Status WriteNumbers(const std::string& name, const std::vector<std::int32_t>& numbers,
                    ArrayFile* file) {
  const std::size_t index = file->Find(name);
  if (index == ArrayFile::npos) return Status::Ok();
  return file->WriteAt(index, 0, numbers.data(), numbers.size() * sizeof(std::int32_t));
}

std::vector<std::int32_t> Narrow(const std::vector<std::size_t>& numbers) {
  std::vector<std::int32_t> narrow;
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

bool Outputs::draws_pictures() const {
  return std::any_of(outputs_.begin(), outputs_.end(), [](const Output& output) {
    return output.path.kind == OutputKind::kPng || output.path.kind == OutputKind::kSvg;
  });
}

std::string Outputs::page_path() const {
  for (const Output& output : outputs_) {
    if (output.path.kind == OutputKind::kHtml) return output.path.path;
  }
  return "";
}

Status Outputs::CheckRoom(const DumpShape& shape) const {
  std::map<std::string, std::uint64_t> needed;  // by folder: outputs there share the disk
  for (const Output& output : outputs_) {
    if (!Streams(output.path.kind)) continue;
    Result<std::uint64_t> bytes = PlannedBytes(output.path.kind, shape);
    if (!bytes) return Named(output.path.path, bytes.status());
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

Status Outputs::Lay(const DumpShape& shape, std::uint64_t header_estimate) {
  for (const Output& output : outputs_) {
    const bool text = output.path.kind == OutputKind::kJson || output.path.kind == OutputKind::kCsv;
    if (!text) continue;
    FOVEA_RETURN_IF_ERROR(CheckTextSize(output.path, shape));
  }
  FOVEA_RETURN_IF_ERROR(CheckRoom(shape));
  for (Output& output : outputs_) {
    if (!Streams(output.path.kind)) continue;
    Result<std::unique_ptr<ArrayFile>> file =
        output.path.kind == OutputKind::kNpz ? MakeNpz(std::move(output.file), AllSpecs(shape))
        : output.path.kind == OutputKind::kNpy
            ? MakeNpy(std::move(output.file), AttentionSpec(shape))
            : MakeSafetensors(std::move(output.file), AllSpecs(shape), header_estimate);
    if (!file) return Named(output.path.path, file.status());
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
  Status status = WriteNumbers("tokens", info.tokens.ids, file);
  if (status.ok()) status = WriteNumbers("greedy_tokens", generated, file);
  if (status.ok()) status = WriteNumbers("layers", Narrow(info.layers), file);
  if (status.ok()) status = WriteNumbers("heads", Narrow(info.heads), file);
  if (status.ok()) status = WriteNumbers("kv_head", Narrow(info.kv_head), file);
  FOVEA_RETURN_IF_ERROR(status);
  std::vector<Shape> shapes;
  for (const ArraySpec& spec : file->arrays()) {
    shapes.push_back(FinalShape(spec, shape, info.tokens.size(), generated.size()));
  }
  status = file->Finish(shapes, sidecar);
  if (status.ok()) written_.push_back({output->path.path, output->path.kind, file->bytes()});
  return status;
}

Status Outputs::FinishRendered(const DumpInfo& info, const DumpShape& shape, const Drawn& drawn,
                               Output* output) {
  const std::string bytes = Render(output->path.kind, info, shape, drawn);
  if (bytes.empty()) return {StatusCode::kOutOfMemory, "not enough memory to draw it"};
  std::string error;
  if (!output->file.Write(bytes.data(), bytes.size(), &error) || !output->file.Commit(&error)) {
    return {StatusCode::kIoError, error};
  }
  written_.push_back({output->path.path, output->path.kind, bytes.size()});
  return Status::Ok();
}

Status Outputs::Finish(const DumpInfo& info, const DumpShape& shape, const Drawn& drawn) {
  const std::string sidecar = SidecarJson(info);
  for (Output& output : outputs_) {
    const Status status = output.arrays != nullptr ? FinishArrays(info, shape, sidecar, &output)
                                                   : FinishRendered(info, shape, drawn, &output);
    if (!status.ok()) return Named(output.path.path, status);
  }
  return Status::Ok();
}

}  // namespace fovea::dump
