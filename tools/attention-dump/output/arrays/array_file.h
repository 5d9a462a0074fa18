// A file of named arrays (.npz, .npy, .safetensors) that is preallocated before the numbers exist,
// so that rows can be written where they belong as they stream by and no map has to be kept in
// memory.
//
// The lengths planned at the start may turn out too long (a generation that stops early): Finish
// moves the arrays together, in place.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_ARRAY_FILE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_ARRAY_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "platform/atomic_file.h"
#include "tools/attention-dump/data/array_spec.h"

namespace fovea::dump {

/// One open file. WriteAt may be called by several threads at once on ranges that do not overlap;
/// the rest belongs to one thread. Errors carry the reason alone; the caller knows the path.
/// Without a successful Finish nothing appears under the final name.
class ArrayFile {
 public:
  virtual ~ArrayFile() = default;

  const std::vector<ArraySpec>& arrays() const { return arrays_; }

  /// Index of the array of that name, or npos if this file does not hold it.
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
  std::size_t Find(const std::string& name) const;

  /// Writes at a byte offset within array `index`. Parts never written read as zero.
  Status WriteAt(std::size_t index, std::uint64_t offset, const void* data, std::size_t bytes);

  /// A whole array of integers; nothing happens if this file does not hold it.
  Status WriteNumbers(const std::string& name, const std::vector<std::int32_t>& numbers);

  /// Gives the arrays their final shapes (each length at most the planned one; the leading part of
  /// every dimension is kept), adds the sidecar and gives the file its name.
  Status Finish(const std::vector<Shape>& shapes, const std::string& metadata);

  std::uint64_t bytes() const { return bytes_; }  ///< Size of the finished file.

 protected:
  struct Placement {
    ArraySpec spec;
    std::uint64_t offset = 0;  ///< In the file, of the first element.
    std::uint64_t bytes = 0;
  };

  ArrayFile(platform::AtomicFile file, std::vector<ArraySpec> arrays);

  /// Sets the offset (and bytes) of every array; called with the planned and with the final shapes.
  /// Offsets must ascend and never grow when shapes shrink.
  virtual Status Place(std::vector<Placement>* arrays) const = 0;
  /// Writes everything that is not array data, after the arrays have come to their final places.
  /// Returns the size of the whole file.
  virtual Result<std::uint64_t> Complete(std::vector<Placement>* arrays,
                                         const std::string& metadata) = 0;

  /// To be called once by factories.
  Status Preallocate();

  Status Write(std::uint64_t offset, const std::string& data);
  Status Read(std::uint64_t offset, void* data, std::size_t bytes) const;
  /// Copies within the file; the ranges may overlap.
  Status Move(std::uint64_t from, std::uint64_t to, std::uint64_t bytes);

 private:
  Status MoveTogether(const Placement& from, const Placement& to);

  platform::AtomicFile file_;
  std::vector<ArraySpec> arrays_;
  std::vector<Placement> placed_;
  std::uint64_t bytes_ = 0;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_ARRAY_FILE_H_
