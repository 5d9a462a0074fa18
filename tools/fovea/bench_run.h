// Times encoding, prefill and decode of a session in llama-bench's terms: random token ids, nothing
// sampled, one run to warm up, then repeats. Prints nothing.
#ifndef FOVEA_TOOLS_FOVEA_BENCH_RUN_H_
#define FOVEA_TOOLS_FOVEA_BENCH_RUN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <fovea/model.h>
#include <fovea/session.h>
#include <fovea/status.h>

namespace fovea::tools {

struct BenchPlan {
  std::vector<std::size_t> encode = {};  ///< Lengths of texts for the encoder.
  std::vector<std::size_t> prefill;      ///< Prompt lengths; each starts from an empty cache.
  std::vector<std::size_t> depth;        ///< Tokens in the cache before decode begins.
  std::size_t decode = 64;               ///< Single tokens per decode run; 0: no decode.
  std::size_t repeat = 3;
  std::size_t source = 0;  ///< Tokens encoded before an encoder-decoder's decoder runs.
  /// Also run each text and each prefill with every map reduced by a MapReducer.
  bool observe = false;

  /// Positions that prefill and decode take.
  std::size_t ContextSize() const;
  /// Tokens that the encoder takes at once.
  std::size_t EncoderContextSize() const;
  /// Tokens that will run in all, warm-up included.
  std::size_t TotalTokens() const;
};

/// Median and range of repeated measurements.
struct Spread {
  double median = 0.0;
  double least = 0.0;
  double most = 0.0;
};

/// The median of an even count is the mean of the two in the middle. `values` must not be empty.
Spread Summarize(std::vector<double> values);

/// One line of the report.
struct BenchRow {
  std::size_t tokens = 0;  ///< Length of a text or prompt, or depth.
  Spread rate;             ///< Tokens per second.
  /// With --observe: the rate with every map delivered, and the median over pairs of time with maps
  /// over time without.
  std::optional<Spread> observed_rate = {};
  double observed_ratio = 0.0;
};

struct BenchResults {
  std::vector<BenchRow> encode = {};
  std::vector<BenchRow> prefill = {};
  std::vector<BenchRow> decode = {};
};

/// Called after each run with the share of the tokens that ran, from 0 to 1, and what runs now.
using BenchProgress = std::function<void(double done, const std::string& what)>;

/// Leaves the session empty.
Result<BenchResults> RunBench(const Model& model, Session& session, const BenchPlan& plan,
                              const BenchProgress& progress);

/// The same ids for the same arguments on every machine: uniform over the vocabulary.
std::vector<std::int32_t> RandomIds(std::size_t count, std::size_t vocabulary, std::uint64_t seed);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_BENCH_RUN_H_
