#include "engine/matmul/matmul.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "engine/kernels/quantize/quantize_rows.h"
#include "engine/matmul/plan.h"
#include "engine/matmul/row_tasks.h"
#include "platform/aligned_buffer.h"
#include "platform/checked_math.h"

namespace fovea::matmul {
namespace {

/// Bytes of all tokens' quantized rows, of their blocks, and of their rows in bfloat16.
struct ActivationBytes {
  explicit ActivationBytes(const ScratchShape& shape)
      : quants((platform::CheckedSize(shape.batch_size) * shape.max_cols)
                   .AlignedUp(platform::kAlignment)),
        blocks((platform::CheckedSize(shape.batch_size) *
                (shape.max_cols / kernels::kActivationBlock) * sizeof(kernels::ActivationBlock))
                   .AlignedUp(platform::kAlignment)),
        rounded((platform::CheckedSize(shape.bf16 ? shape.batch_size : 0) *
                 kernels::Bf16Cols(shape.max_cols) * sizeof(std::uint16_t))
                    .AlignedUp(platform::kAlignment)) {}
  platform::CheckedSize all() const { return quants + blocks + rounded; }

  platform::CheckedSize quants;
  platform::CheckedSize blocks;
  platform::CheckedSize rounded;
};

/// Tokens that one task quantizes: whole pairs.
constexpr std::size_t kTokensPerTask = 8;
static_assert(kTokensPerTask % 2 == 0);

/// Quantizes x to 8 bits into the front of scratch.
kernels::QuantizedRows Quantize(const Context& context, const float* x, std::size_t x_stride,
                                std::size_t tokens, std::size_t cols) {
  const ActivationBytes bytes(context.shape);
  auto* quants = reinterpret_cast<std::int8_t*>(context.scratch.data());
  auto* blocks = reinterpret_cast<kernels::ActivationBlock*>(quants + bytes.quants.value());
  const auto run = [&](std::size_t task, std::size_t /*worker*/) {
    const std::size_t first = task * kTokensPerTask;
    kernels::QuantizeRows(*context.kernels, x + first * x_stride, x_stride,
                          std::min(kTokensPerTask, tokens - first), cols, quants + first * cols,
                          blocks + first * (cols / kernels::kActivationBlock));
  };
  context.parallel->Run((tokens + kTokensPerTask - 1) / kTokensPerTask, run);
  return {quants, blocks};
}

/// Rounds x to bfloat16, stored behind them.
const std::uint16_t* Round(const Context& context, const float* x, std::size_t x_stride,
                           std::size_t tokens, std::size_t cols) {
  const ActivationBytes bytes(context.shape);
  auto* rounded = reinterpret_cast<std::uint16_t*>(
      context.scratch.data() + (bytes.quants + bytes.blocks).value() / sizeof(float));
  constexpr std::size_t kGroup = kernels::kBf16TokenGroup;
  const auto run = [&](std::size_t task, std::size_t /*worker*/) {
    const std::size_t first = task * kGroup;
    context.kernels->bf16->prepare(x + first * x_stride, x_stride, std::min(kGroup, tokens - first),
                                   cols, rounded + first * kernels::Bf16Cols(cols));
  };
  context.parallel->Run((tokens + kGroup - 1) / kGroup, run);
  return rounded;
}

void AddBias(const kernels::KernelTable& kernels, const float* bias, const RowBlock& block) {
  for (std::size_t t = 0; t < block.tokens; ++t) {
    float* row = block.out + t * block.out_stride;
    kernels.add(row, bias, block.weight.rows, row);
  }
}

}  // namespace

std::size_t ScratchFloats(const ScratchShape& shape) {
  const ActivationBytes bytes(shape);
  const platform::CheckedSize panels =
      platform::CheckedSize(PanelFloats(shape.max_cols)) * shape.workers * sizeof(float);
  const platform::CheckedSize total = panels + bytes.all();
  return total.ok() ? total.value() / sizeof(float) : std::numeric_limits<std::size_t>::max();
}

void Multiply(const Context& context, std::span<const Product> products, const float* x,
              std::size_t x_stride, std::size_t tokens) {
  if (tokens == 0) return;
  const kernels::KernelTable& kernels = *context.kernels;
  const std::size_t workers = context.parallel->workers();
  const auto plan = [&](const Product& product) -> const Provider& {
    return Plan({product.weight.type, tokens, kernels.isa, context.arithmetic,
                 context.shape.bf16 ? kernels.bf16 : nullptr});
  };
  std::size_t tasks = 0;
  kernels::QuantizedRows quantized;
  const std::uint16_t* rounded = nullptr;
  for (const Product& product : products) {
    tasks += RowTasks(product.weight, workers, context.unequal_cores).count();
    if (quantized.quants == nullptr && plan(product).quantizes) {
      quantized = Quantize(context, x, x_stride, tokens, product.weight.cols);
    }
    if (rounded == nullptr && plan(product).rounds) {
      rounded = Round(context, x, x_stride, tokens, product.weight.cols);
    }
  }
  const std::size_t panel_floats = PanelFloats(context.shape.max_cols);
  const ActivationBytes activations(context.shape);
  float* panels = context.scratch.data() + activations.all().value() / sizeof(float);

  const auto run = [&](std::size_t task, std::size_t worker) {
    // The products' tasks are numbered one after the other.
    const Product* product = products.data();
    RowTasks tasks_of(product->weight, workers, context.unequal_cores);
    for (; task >= tasks_of.count();
         tasks_of = RowTasks(product->weight, workers, context.unequal_cores)) {
      task -= tasks_of.count();
      ++product;
    }
    const auto [begin, rows] = tasks_of.At(task);
    const RowBlock block = {
        .weight = product->weight.Slice(begin, rows),
        .x = x,
        .x_stride = x_stride,
        .tokens = tokens,
        .out = product->out + begin,
        .out_stride = product->out_stride,
        .quantized = quantized,
        .rounded = rounded,
        .panel = {panels + worker * panel_floats, panel_floats},
    };
    plan(*product).multiply(kernels, block);
    if (product->bias != nullptr) AddBias(kernels, product->bias + begin, block);
  };
  context.parallel->Run(tasks, run);
}

}  // namespace fovea::matmul
