#include "tools/attention-dump/output/arrays/array_writer.h"

#include <algorithm>
#include <utility>

namespace fovea::dump {

ArrayWriter::Slots ArrayWriter::Find(const std::string& name) const {
  Slots slots;
  for (const ArrayFile* file : files_) slots.push_back(file->Find(name));
  return slots;
}

bool ArrayWriter::IsWanted(const Slots& slots) {
  return std::any_of(slots.begin(), slots.end(),
                     [](std::size_t slot) { return slot != ArrayFile::npos; });
}

void ArrayWriter::Write(const Slots& slots, std::uint64_t offset, const void* data,
                        std::size_t bytes) {
  for (std::size_t file = 0; file < slots.size(); ++file) {
    if (slots[file] == ArrayFile::npos || failed()) continue;
    Status status = files_[file]->WriteAt(slots[file], offset, data, bytes);
    if (!status.ok()) Fail(file, std::move(status));
  }
}

void ArrayWriter::Fail(std::size_t file, Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (failed()) return;
  status_ = std::move(status);
  failed_file_ = file;
  failed_.store(true, std::memory_order_relaxed);
}

}  // namespace fovea::dump
