#include "fovea/isa.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "engine/kernels/dispatch/kernel_table.h"
#include "platform/cpu_features.h"

namespace fovea {
namespace {

struct IsaRow {
  Isa isa;
  std::string_view name;
  int short_rank;
};

constexpr IsaRow kRows[] = {
#define FOVEA_ISA(enumerator, name, base, short_rank) {Isa::k##enumerator, name, short_rank},
#include "engine/kernels/dispatch/isa_list.h"
};

/// Those that are compiled in and that this CPU runs, slowest first.
std::vector<Isa> AvailableOn(const platform::CpuFeatures& cpu) {
  std::vector<IsaRow> rows;
  for (const IsaRow& row : kRows) {
    if (kernels::KernelsFor(row.isa, cpu) != nullptr) rows.push_back(row);
  }
  constexpr std::size_t kNeonBits = 128;
  if (cpu.sve_vector_bits <= kNeonBits) {
    std::sort(rows.begin(), rows.end(), [](const IsaRow& left, const IsaRow& right) {
      return left.short_rank < right.short_rank;
    });
  }
  std::vector<Isa> available;
  for (const IsaRow& row : rows) available.push_back(row.isa);
  return available;
}

Isa BestOn(const platform::CpuFeatures& cpu) {
  return AvailableOn(cpu).back();  // The scalar kernels are always there.
}

}  // namespace

std::vector<Isa> AllIsas() {
  std::vector<Isa> all;
  for (const IsaRow& row : kRows) all.push_back(row.isa);
  return all;
}

std::string_view IsaName(Isa isa) {
  for (const IsaRow& row : kRows) {
    if (row.isa == isa) return row.name;
  }
  return "?";
}

std::optional<Isa> IsaFromName(std::string_view name) {
  for (const IsaRow& row : kRows) {
    if (row.name == name) return row.isa;
  }
  return std::nullopt;
}

std::vector<Isa> AvailableIsas() {
  return AvailableOn(platform::DetectCpuFeatures());
}

Isa BestIsa() {
  return BestOn(platform::DetectCpuFeatures());
}

Kernels Kernels::Best() {
  const platform::CpuFeatures cpu = platform::DetectCpuFeatures();
  return Kernels(*kernels::KernelsFor(BestOn(cpu), cpu));
}

Result<Kernels> Kernels::For(std::optional<Isa> isa) {
  if (!isa) return Best();
  const kernels::KernelTable* table = kernels::KernelsFor(*isa);
  if (table != nullptr) return Kernels(*table);
  return Status(StatusCode::kUnsupported,
                "instruction set '" + std::string(IsaName(*isa)) + "' cannot run on this CPU");
}

Isa Kernels::isa() const {
  return table_->isa;
}

}  // namespace fovea
