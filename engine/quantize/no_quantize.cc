// Stands in for encoding, quantizing and writing GGUF files in builds without them: what can say so
// says so.
#include "fovea/gguf_writer.h"
#include "fovea/quantize.h"

namespace fovea {
namespace {

Status LeftOut() {
  return {StatusCode::kUnsupported, "this build of Fovea has no quantizer (FOVEA_QUANTIZE=OFF)"};
}

}  // namespace

std::span<const DataType> EncodableTypes() {
  return {};
}

std::size_t EncodedBytes(DataType /*type*/, std::size_t /*values*/) {
  return 0;
}

bool CanEncode(DataType /*type*/) {
  return false;
}

Result<QuantizationError> Encode(DataType /*type*/, std::span<const float> /*values*/,
                                 std::span<std::byte> /*out*/) {
  return LeftOut();
}

Status Decode(DataType /*type*/, std::span<const std::byte> /*blocks*/,
              std::span<float> /*values*/) {
  return LeftOut();
}

Result<QuantizeReport> QuantizeFile(const std::string& /*input*/, const std::string& /*output*/,
                                    const QuantizeOptions& /*options*/) {
  return LeftOut();
}

// No writer is ever made; what is here is what callers' code refers to.

struct GgufWriter::Impl {};

Result<GgufWriter> GgufWriter::Create(const std::string& /*path*/, std::size_t /*alignment*/) {
  return LeftOut();
}
GgufWriter::GgufWriter(GgufWriter&&) noexcept = default;
GgufWriter& GgufWriter::operator=(GgufWriter&&) noexcept = default;
GgufWriter::~GgufWriter() = default;
Status GgufWriter::AddText(std::string_view /*key*/, std::string_view /*text*/) {
  return LeftOut();
}
Status GgufWriter::AddTexts(std::string_view /*key*/, std::span<const std::string> /*texts*/) {
  return LeftOut();
}
Status GgufWriter::AddRaw(std::string_view /*key*/, std::uint32_t /*type*/,
                          std::span<const std::byte> /*value*/) {
  return LeftOut();
}
Status GgufWriter::AddArray(std::string_view /*key*/, std::uint32_t /*type*/, std::size_t /*count*/,
                            std::span<const std::byte> /*values*/) {
  return LeftOut();
}
Status GgufWriter::Describe(std::string_view /*name*/, DataType /*type*/,
                            const std::vector<std::uint64_t>& /*shape*/) {
  return LeftOut();
}
Status GgufWriter::Append(std::span<const std::byte> /*bytes*/) {
  return LeftOut();
}
Status GgufWriter::Finish() {
  return LeftOut();
}
std::uint64_t GgufWriter::size() const {
  return 0;
}

}  // namespace fovea
