#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "engine/format/gguf_contents.h"
#include "engine/format/gguf_file.h"
#include "engine/format/message.h"
#include "engine/quantize/copy_keys.h"
#include "engine/quantize/row_converter.h"
#include "engine/quantize/tensor_types.h"
#include "fovea/gguf_writer.h"
#include "fovea/quantize.h"
#include "fovea/status_macros.h"
#include "platform/mapped_pages.h"
#include "platform/thread_pool.h"

namespace fovea {
namespace {

using format::Concat;
using format::GgufFile;
using format::Quoted;
using format::SourceTensor;

Status CheckArguments(const std::string& input, const std::string& output,
                      const QuantizeOptions& options) {
  if (!CanEncode(options.type)) {
    return {StatusCode::kInvalidArgument,
            Concat({"type ", DataTypeName(options.type), " cannot be encoded"})};
  }
  std::error_code missing;
  if (std::filesystem::equivalent(input, output, missing) && !missing) {
    return {StatusCode::kInvalidArgument, Concat({output, ": is the input file itself"})};
  }
  return {};
}

/// What will be written for each tensor, before any of it is.
QuantizeReport PlanOf(const GgufFile& file, const QuantizeOptions& options) {
  const std::string_view output_matrix = OutputMatrix(file);
  const DataType output = options.pure ? options.type : OutputType(options.type);
  QuantizeReport report;
  report.file_bytes_before = file.bytes().size();
  report.tensors.reserve(file.tensors().size());
  for (const SourceTensor& tensor : file.tensors()) {
    QuantizedTensor planned;
    planned.name = std::string(tensor.name);
    planned.shape.assign(tensor.shape.begin(), tensor.shape.begin() + tensor.rank);
    std::reverse(planned.shape.begin(), planned.shape.end());
    planned.from = tensor.type;
    planned.to = TypeForTensor(tensor, options.type, output_matrix, output);
    planned.bytes_before = tensor.data.size();
    const MatrixView matrix = tensor.Matrix();
    planned.bytes = std::uint64_t{matrix.rows} * EncodedBytes(planned.to, matrix.cols);
    report.tensor_bytes_before += planned.bytes_before;
    report.tensor_bytes += planned.bytes;
    const bool again = BlockElements(planned.from) > 1 && planned.to != planned.from;
    report.requantized += again ? 1 : 0;
    report.tensors.push_back(std::move(planned));
  }
  return report;
}

/// Writes the tensors' bytes, one after another.
class TensorWriter {
 public:
  TensorWriter(const GgufFile& file, const QuantizeOptions& options, platform::Parallel& parallel,
               GgufWriter& writer, QuantizeReport& report)
      : file_(file), options_(options), converter_(parallel), writer_(writer), report_(report) {}

  Status WriteAll() {
    for (std::size_t i = 0; i < report_.tensors.size(); ++i) {
      QuantizedTensor& planned = report_.tensors[i];
      FOVEA_RETURN_IF_ERROR(Write(file_.tensors()[i].Matrix(), planned));
      platform::ReleaseMappedPages(file_.tensors()[i].data);
      report_.error.Add(planned.error);
    }
    return {};
  }

 private:
  Status Write(const MatrixView& matrix, QuantizedTensor& planned) {
    FOVEA_RETURN_IF_ERROR(Pause(planned));
    if (planned.to == planned.from) {
      written_ += planned.bytes;
      return writer_.Append({matrix.data, static_cast<std::size_t>(planned.bytes)});
    }
    bool own_error = true;  // a message about numbers, which lacks file and tensor
    const Status status = converter_.Convert(
        matrix, planned.to,
        [&](std::span<const std::byte> rows) {
          own_error = false;
          written_ += rows.size();
          FOVEA_RETURN_IF_ERROR(writer_.Append(rows));
          FOVEA_RETURN_IF_ERROR(Pause(planned));
          own_error = true;
          return Status();
        },
        &planned.error);
    if (status.ok() || !own_error) return status;
    return file_.Error(status.code(),
                       Concat({"tensor ", Quoted(planned.name), ": ", status.message()}));
  }

  /// Reports the progress, and whether the caller wants to stop.
  Status Pause(const QuantizedTensor& planned) {
    if (options_.on_progress) {
      const double all = static_cast<double>(std::max<std::uint64_t>(report_.tensor_bytes, 1));
      options_.on_progress(static_cast<double>(written_) / all, planned.name);
    }
    if (options_.cancelled && options_.cancelled()) {
      return {StatusCode::kCancelled, "quantization was cancelled"};
    }
    return {};
  }

  const GgufFile& file_;
  const QuantizeOptions& options_;
  RowConverter converter_;
  GgufWriter& writer_;
  QuantizeReport& report_;
  std::uint64_t written_ = 0;
};

}  // namespace

Result<QuantizeReport> QuantizeFile(const std::string& input, const std::string& output,
                                    const QuantizeOptions& options) {
  FOVEA_RETURN_IF_ERROR(CheckArguments(input, output, options));
  auto file = GgufFile::Open(input, GgufFile::Access::kMap);
  FOVEA_RETURN_IF_ERROR(file);
  // GgufFile converts the values of keys; a copy needs their bytes as they are stored.
  format::GgufContents contents;
  FOVEA_RETURN_IF_ERROR(format::ParseGguf(file->bytes(), input, &contents));
  auto pool = platform::ThreadPool::Create(options.threads);
  if (pool == nullptr) return Status(StatusCode::kOutOfMemory, "threads cannot be started");

  auto writer = GgufWriter::Create(output, contents.alignment);
  FOVEA_RETURN_IF_ERROR(writer);
  FOVEA_RETURN_IF_ERROR(CopyKeys(contents, options.type, *writer));
  QuantizeReport report = PlanOf(*file, options);
  for (std::size_t i = 0; i < report.tensors.size(); ++i) {
    const SourceTensor& tensor = file->tensors()[i];
    const std::vector<std::uint64_t> shape(tensor.shape.begin(),
                                           tensor.shape.begin() + tensor.rank);
    FOVEA_RETURN_IF_ERROR(writer->Describe(tensor.name, report.tensors[i].to, shape));
  }
  FOVEA_RETURN_IF_ERROR(TensorWriter(*file, options, *pool, *writer, report).WriteAll());
  FOVEA_RETURN_IF_ERROR(writer->Finish());
  report.file_bytes = writer->size();
  return report;
}

}  // namespace fovea
