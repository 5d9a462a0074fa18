#include "engine/matmul/matmul.h"

#include <algorithm>

#include "engine/matmul/plan.h"

namespace fovea::matmul {
namespace {

/// Floats of one worker's panel: half of a usual second-level cache of 512 KiB, so that a row of
/// inputs and the block being decoded fit beside it.
constexpr std::size_t kPanelFloats = 64 * 1024;

/// A panel has at least this many rows however wide they are: fewer would leave register tiles
/// empty.
constexpr std::size_t kMinPanelRows = 8;

/// Floats per cache line: panels of two workers never share one.
constexpr std::size_t kLineFloats = 16;

/// Tasks per worker, so that a late worker does not hold up the others for long.
constexpr std::size_t kTasksPerWorker = 4;

/// Rows of a task are a multiple of this: whole register tiles.
constexpr std::size_t kRowStep = 8;

/// Bytes of weights below which a task is not worth handing to another thread.
constexpr std::size_t kMinTaskBytes = 16 * 1024;

std::size_t PanelFloats(std::size_t max_cols) {
  const std::size_t floats = std::max(kPanelFloats, kMinPanelRows * max_cols);
  return (floats + kLineFloats - 1) / kLineFloats * kLineFloats;
}

/// Rows of one task of a product, the same for all its tasks but the last.
std::size_t TaskRows(const MatrixView& weight, std::size_t workers) {
  if (workers == 1) return std::max<std::size_t>(weight.rows, 1);
  const std::size_t even = weight.rows / (workers * kTasksPerWorker);
  const std::size_t worthwhile = kMinTaskBytes / std::max<std::size_t>(weight.row_bytes, 1);
  const std::size_t rows = std::max({even, worthwhile, kRowStep});
  return (rows + kRowStep - 1) / kRowStep * kRowStep;
}

std::size_t TaskCount(const Product& product, std::size_t workers) {
  const std::size_t rows = TaskRows(product.weight, workers);
  return (product.weight.rows + rows - 1) / rows;
}

void AddBias(const kernels::KernelTable& kernels, const float* bias, const RowBlock& block) {
  for (std::size_t t = 0; t < block.tokens; ++t) {
    float* row = block.out + t * block.out_stride;
    kernels.add(row, bias, block.weight.rows, row);
  }
}

}  // namespace

std::size_t ScratchFloats(std::size_t max_cols, std::size_t workers) {
  return PanelFloats(max_cols) * workers;
}

void Multiply(const Context& context, std::span<const Product> products, const float* x,
              std::size_t x_stride, std::size_t tokens) {
  if (tokens == 0) return;
  const kernels::KernelTable& kernels = *context.kernels;
  const std::size_t workers = context.parallel->workers();
  const std::size_t panel_floats = context.scratch.size() / workers / kLineFloats * kLineFloats;
  std::size_t tasks = 0;
  for (const Product& product : products) tasks += TaskCount(product, workers);

  const auto run = [&](std::size_t task, std::size_t worker) {
    // The products' tasks are numbered one after the other.
    const Product* product = products.data();
    for (std::size_t count = TaskCount(*product, workers); task >= count;
         count = TaskCount(*product, workers)) {
      task -= count;
      ++product;
    }
    const std::size_t task_rows = TaskRows(product->weight, workers);
    const std::size_t begin = task * task_rows;
    const std::size_t rows = std::min(task_rows, product->weight.rows - begin);
    const RowBlock block = {
        .weight = product->weight.Slice(begin, rows),
        .x = x,
        .x_stride = x_stride,
        .tokens = tokens,
        .out = product->out + begin,
        .out_stride = product->out_stride,
        .panel = context.scratch.subspan(worker * panel_floats, panel_floats),
    };
    Plan({product->weight.type, tokens, kernels.isa}).multiply(kernels, block);
    if (product->bias != nullptr) AddBias(kernels, product->bias + begin, block);
  };
  context.parallel->Run(tasks, run);
}

}  // namespace fovea::matmul
