#include "tools/attention-dump/output/arrays/array_file.h"
#include "fovea/status_macros.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace fovea::dump {
namespace {

constexpr std::uint64_t kMaxBytes = std::numeric_limits<std::int64_t>::max() / 2;
constexpr std::size_t kMoveBlock = std::size_t{1} << 20U;

/// Dimensions from `first` on multiplied; shapes here passed ArrayBytes, so nothing wraps.
std::uint64_t Product(const Shape& shape, std::size_t first) {
  std::uint64_t product = 1;
  for (std::size_t i = first; i < shape.size(); ++i) product *= shape[i];
  return product;
}

}  // namespace

ArrayFile::ArrayFile(platform::AtomicFile file, std::vector<ArraySpec> arrays)
    : file_(std::move(file)), arrays_(std::move(arrays)) {}

std::size_t ArrayFile::Find(const std::string& name) const {
  for (std::size_t i = 0; i < arrays_.size(); ++i) {
    if (arrays_[i].name == name) return i;
  }
  return npos;
}

Status ArrayFile::Preallocate() {
  std::uint64_t total = 0;
  for (const ArraySpec& array : arrays_) {
    Result<std::uint64_t> bytes = ArrayBytes(array.type, array.shape);
    FOVEA_RETURN_IF_ERROR(bytes);
    placed_.push_back({array, 0, *bytes});
    total += *bytes;
    if (total > kMaxBytes) {
      return Status(StatusCode::kLimitExceeded, "the arrays would be too large for any file");
    }
  }
  FOVEA_RETURN_IF_ERROR(Place(&placed_));
  // Extend now: parts that are never written (masked keys) read as zeros.
  const std::uint64_t end = placed_.empty() ? 0 : placed_.back().offset + placed_.back().bytes;
  std::string error;
  if (!file_.Resize(end, &error)) return Status(StatusCode::kIoError, error);
  return Status::Ok();
}

Status ArrayFile::WriteAt(std::size_t index, std::uint64_t offset, const void* data,
                          std::size_t bytes) {
  const Placement& array = placed_[index];
  if (offset > array.bytes || bytes > array.bytes - offset) {
    return Status(StatusCode::kInvalidArgument, "more of '" + array.spec.name + "' than planned");
  }
  std::string error;
  if (!file_.WriteAt(array.offset + offset, data, bytes, &error)) {
    return Status(StatusCode::kIoError, error);
  }
  return Status::Ok();
}

Status ArrayFile::Write(std::uint64_t offset, const std::string& data) {
  std::string error;
  if (!file_.WriteAt(offset, data.data(), data.size(), &error)) {
    return Status(StatusCode::kIoError, error);
  }
  return Status::Ok();
}

Status ArrayFile::Read(std::uint64_t offset, void* data, std::size_t bytes) const {
  std::string error;
  if (!file_.ReadAt(offset, data, bytes, &error)) return Status(StatusCode::kIoError, error);
  return Status::Ok();
}

Status ArrayFile::Move(std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
  if (from == to) return Status::Ok();
  std::string block(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kMoveBlock)), '\0');
  // As memmove: from the front when moving down, from the back when moving up.
  for (std::uint64_t done = 0; done < bytes;) {
    const std::uint64_t count = std::min<std::uint64_t>(bytes - done, kMoveBlock);
    const std::uint64_t offset = to < from ? done : bytes - done - count;
    block.resize(static_cast<std::size_t>(count));
    FOVEA_RETURN_IF_ERROR(Read(from + offset, block.data(), block.size()));
    FOVEA_RETURN_IF_ERROR(Write(to + offset, block));
    done += count;
  }
  return Status::Ok();
}

Status ArrayFile::MoveTogether(const Placement& from, const Placement& to) {
  const Shape& old_shape = from.spec.shape;
  const Shape& new_shape = to.spec.shape;
  // Trailing dimensions that kept their length move as one run.
  std::size_t run_dimension = old_shape.size();
  while (run_dimension > 0 && old_shape[run_dimension - 1] == new_shape[run_dimension - 1]) {
    --run_dimension;
  }
  if (run_dimension == 0) return Move(from.offset, to.offset, to.bytes);
  const std::size_t first = run_dimension - 1;  // the innermost length that changed
  const std::uint64_t element = ElementBytes(to.spec.type);
  const std::uint64_t old_run = Product(old_shape, first) * element;
  const std::uint64_t new_run = Product(new_shape, first) * element;
  if (new_run == 0) return Status::Ok();
  // Walk the outer indices of the new shape in order; every run moves down or stays, and never onto
  // one that has not moved yet.
  const std::uint64_t runs = to.bytes / new_run;
  for (std::uint64_t run = 0; run < runs; ++run) {
    std::uint64_t rest = run;
    std::uint64_t old_index = 0;
    std::uint64_t old_stride = 1;
    for (std::size_t d = first; d-- > 0;) {
      old_index += (rest % new_shape[d]) * old_stride;
      rest /= new_shape[d];
      old_stride *= old_shape[d];
    }
    FOVEA_RETURN_IF_ERROR(
        Move(from.offset + old_index * old_run, to.offset + run * new_run, new_run));
  }
  return Status::Ok();
}

Status ArrayFile::WriteNumbers(const std::string& name, const std::vector<std::int32_t>& numbers) {
  const std::size_t index = Find(name);
  if (index == npos) return Status::Ok();
  return WriteAt(index, 0, numbers.data(), numbers.size() * sizeof(std::int32_t));
}

Status ArrayFile::Finish(const std::vector<Shape>& shapes, const std::string& metadata) {
  std::vector<Placement> final_places = placed_;
  for (std::size_t i = 0; i < final_places.size(); ++i) {
    ArraySpec& spec = final_places[i].spec;
    bool fits = shapes.size() == placed_.size() && shapes[i].size() == spec.shape.size();
    for (std::size_t d = 0; fits && d < spec.shape.size(); ++d) {
      fits = shapes[i][d] <= spec.shape[d];
    }
    if (!fits) {
      return Status(StatusCode::kInvalidArgument, "'" + spec.name + "' outgrew its planned shape");
    }
    spec.shape = shapes[i];
    Result<std::uint64_t> bytes = ArrayBytes(spec.type, spec.shape);
    FOVEA_RETURN_IF_ERROR(bytes);
    final_places[i].bytes = *bytes;
  }
  FOVEA_RETURN_IF_ERROR(Place(&final_places));
  for (std::size_t i = 0; i < final_places.size(); ++i) {
    FOVEA_RETURN_IF_ERROR(MoveTogether(placed_[i], final_places[i]));
  }
  Result<std::uint64_t> size = Complete(&final_places, metadata);
  FOVEA_RETURN_IF_ERROR(size);
  bytes_ = *size;
  std::string error;
  if (!file_.Resize(bytes_, &error) || !file_.Commit(&error)) {
    return Status(StatusCode::kIoError, error);
  }
  return Status::Ok();
}

}  // namespace fovea::dump
