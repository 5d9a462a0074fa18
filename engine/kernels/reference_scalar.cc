// Readable reference implementations of the vector kernels, which their tests compare with. Sums
// are kept in double, so that a test measures the error of the vector kernel alone.
#include <algorithm>
#include <cmath>

#include "engine/kernels/dispatch/kernel_functions.h"
#include "engine/tensor/dequantize.h"

namespace fovea::kernels::scalar {
namespace {

double Sigmoid(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

double SiluOf(double x) {
  return x * Sigmoid(x);
}

double GeluOf(double x) {
  constexpr double kTwiceRoot = 1.5957691216057308;  // 2·√(2/π)
  return x * Sigmoid(kTwiceRoot * (x + 0.044715 * x * x * x));
}

double GeluErfOf(double x) {
  constexpr double kInverseRoot = 0.70710678118654752;  // 1/√2
  return x * 0.5 * std::erfc(-x * kInverseRoot);
}

double ReluOf(double x) {
  return x < 0.0 ? 0.0 : x;  // NaN stays NaN.
}

}  // namespace

float Dot(const float* a, const float* b, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * b[i];
  return static_cast<float>(sum);
}

void Gemm(const float* w, std::size_t w_stride, std::size_t rows, const float* x,
          std::size_t x_stride, std::size_t tokens, std::size_t cols, float* out,
          std::size_t out_stride) {
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t r = 0; r < rows; ++r) {
      out[t * out_stride + r] = Dot(w + r * w_stride, x + t * x_stride, cols);
    }
  }
}

void GemmHalf(DataType type, const std::byte* w, std::size_t row_bytes, std::size_t rows,
              const float* x, std::size_t x_stride, std::size_t tokens, std::size_t cols,
              float* out, std::size_t out_stride) {
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (std::size_t c = 0; c < cols; ++c) {
        float weight = 0;
        Dequantize(type, w + r * row_bytes + 2 * c, 1, &weight);
        sum += static_cast<double>(weight) * x[t * x_stride + c];
      }
      out[t * out_stride + r] = static_cast<float>(sum);
    }
  }
}

double SumExp(const float* x, float shift, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += std::exp(static_cast<double>(x[i]) - shift);
  return sum;
}

DivergenceTerms DivergenceSums(const float* p, float p_shift, const float* q, float gap,
                               std::size_t n) {
  DivergenceTerms terms;
  for (std::size_t i = 0; i < n; ++i) {
    const double mass = std::exp(static_cast<double>(p[i]) - p_shift);
    terms.mass += mass;
    terms.log_ratio += mass * (static_cast<double>(p[i]) - q[i] + gap);
  }
  return terms;
}

void DequantizeRow(DataType type, const void* blocks, std::size_t elements, float* out) {
  Dequantize(type, blocks, elements, out);
}

void RmsNorm(const float* x, const float* weight, float eps, std::size_t n, float* out) {
  double squares = 0;
  for (std::size_t i = 0; i < n; ++i) squares += static_cast<double>(x[i]) * x[i];
  const double factor = 1.0 / std::sqrt(squares / static_cast<double>(n) + eps);
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(x[i] * factor * weight[i]);
}

void LayerNorm(const float* x, const float* weight, const float* bias, float eps, std::size_t n,
               float* out) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += x[i];
  const double mean = sum / static_cast<double>(n);
  double squares = 0;
  for (std::size_t i = 0; i < n; ++i) squares += (x[i] - mean) * (x[i] - mean);
  const double factor = 1.0 / std::sqrt(squares / static_cast<double>(n) + eps);
  for (std::size_t i = 0; i < n; ++i) {
    const double scaled = (x[i] - mean) * factor * (weight != nullptr ? weight[i] : 1.0F);
    out[i] = static_cast<float>(scaled + (bias != nullptr ? bias[i] : 0.0F));
  }
}

void Rope(float* x, const float* cosine, const float* sine, std::size_t pairs, RopeLayout layout) {
  const bool halves = layout == RopeLayout::kHalves;
  for (std::size_t i = 0; i < pairs; ++i) {
    float* first = halves ? x + i : x + 2 * i;
    float* second = halves ? x + pairs + i : x + 2 * i + 1;
    const double a = *first;
    const double b = *second;
    *first = static_cast<float>(a * cosine[i] - b * sine[i]);
    *second = static_cast<float>(b * cosine[i] + a * sine[i]);
  }
}

void Silu(const float* x, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(SiluOf(x[i]));
}

void Gelu(const float* x, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(GeluOf(x[i]));
}

void GeluErf(const float* x, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(GeluErfOf(x[i]));
}

void Relu(const float* x, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(ReluOf(x[i]));
}

void SiluMul(const float* gate, const float* up, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(SiluOf(gate[i]) * up[i]);
}

void GeluMul(const float* gate, const float* up, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(GeluOf(gate[i]) * up[i]);
}

void GeluErfMul(const float* gate, const float* up, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(GeluErfOf(gate[i]) * up[i]);
}

void ReluMul(const float* gate, const float* up, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(ReluOf(gate[i]) * up[i]);
}

void Softcap(float cap, std::size_t n, float* x) {
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = static_cast<float>(cap * std::tanh(static_cast<double>(x[i]) / cap));
  }
}

void Add(const float* a, const float* b, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = a[i] + b[i];
}

void Scale(float factor, std::size_t n, float* x) {
  for (std::size_t i = 0; i < n; ++i) x[i] *= factor;
}

void FloatsToHalves(const float* x, std::size_t n, std::uint16_t* out) {
  std::transform(x, x + n, out, FloatToHalf);
}

void HalvesToFloats(const std::uint16_t* x, std::size_t n, float* out) {
  std::transform(x, x + n, out, HalfToFloat);
}

}  // namespace fovea::kernels::scalar
