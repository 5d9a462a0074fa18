#include "tools/fovea/bench_run.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <span>

#include "fovea/status_macros.h"
#include "tools/fovea/map_reducer.h"

namespace fovea::tools {
namespace {

/// Decoded before the clock starts: enough to have every thread and weight awake.
constexpr std::size_t kWarmDecode = 8;

using Clock = std::chrono::steady_clock;

double Seconds(Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

class Bench {
 public:
  Bench(const Model& model, Session& session, const BenchPlan& plan, const BenchProgress& progress)
      : model_(model), session_(session), plan_(plan), progress_(progress) {}

  Result<BenchRow> Encode(std::size_t tokens) {
    what_ = "encoding of " + std::to_string(tokens);
    return Texts(tokens, model_.info().encoder_stack(),
                 [this](std::span<const std::int32_t> ids, const RunOptions& run) {
                   return session_.Encode(ids, run).status();
                 });
  }

  Result<BenchRow> Prefill(std::size_t tokens) {
    what_ = "prefill of " + std::to_string(tokens);
    return Texts(tokens, model_.info(),
                 [this](std::span<const std::int32_t> ids, const RunOptions& run) {
                   FOVEA_RETURN_IF_ERROR(session_.Truncate(0));
                   return session_.Prefill(ids, run).status();
                 });
  }

  /// The text that an encoder-decoder's decoder attends to.
  Status EncodeSource() {
    if (plan_.source == 0) return Status::Ok();
    what_ = "encoding of the source";
    auto states = session_.Encode(RandomIds(plan_.source, model_.info().vocabulary, 0));
    FOVEA_RETURN_IF_ERROR(states);
    Ran(plan_.source);
    return Status::Ok();
  }

  Result<BenchRow> Decode(std::size_t depth) {
    what_ = "decode at depth " + std::to_string(depth);
    const std::size_t vocabulary = model_.info().vocabulary;
    FOVEA_RETURN_IF_ERROR(session_.Truncate(0));
    if (depth > 0) {
      auto logits = session_.Prefill(RandomIds(depth, vocabulary, 0));
      FOVEA_RETURN_IF_ERROR(logits);
      Ran(depth);
    }
    const auto warm =
        TimeDecode(depth, RandomIds(std::min(plan_.decode, kWarmDecode), vocabulary, 0));
    FOVEA_RETURN_IF_ERROR(warm);
    std::vector<double> times;
    for (std::size_t repeat = 1; repeat <= plan_.repeat; ++repeat) {
      auto seconds = TimeDecode(depth, RandomIds(plan_.decode, vocabulary, repeat));
      FOVEA_RETURN_IF_ERROR(seconds);
      times.push_back(*seconds);
    }
    return BenchRow{.tokens = depth, .rate = Rates(plan_.decode, times)};
  }

 private:
  /// Times `run` on random texts of one length, with and without an observer of `stack`'s maps.
  template <typename Run>
  Result<BenchRow> Texts(std::size_t tokens, const StackInfo& stack, const Run& run) {
    MapReducer reducer(stack.layers, stack.heads);
    std::vector<double> plain;
    std::vector<double> observed;
    // Repeat 0 warms up. With and without observer alternate, and so does which goes first.
    for (std::size_t repeat = 0; repeat <= plan_.repeat; ++repeat) {
      const auto ids = RandomIds(tokens, model_.info().vocabulary, repeat);
      for (std::size_t turn = 0; turn < (plan_.observe ? 2U : 1U); ++turn) {
        const bool watch = plan_.observe && (turn + repeat) % 2 == 1;
        const auto start = Clock::now();
        const Status status = run(ids, {.observer = watch ? &reducer : nullptr});
        const double seconds = Seconds(Clock::now() - start);
        FOVEA_RETURN_IF_ERROR(status);
        Ran(tokens);
        if (repeat > 0) (watch ? observed : plain).push_back(seconds);
      }
    }
    BenchRow row = {.tokens = tokens, .rate = Rates(tokens, plain)};
    if (plan_.observe) {
      row.observed_rate = Rates(tokens, observed);
      std::vector<double> ratios;
      for (std::size_t i = 0; i < plain.size(); ++i) ratios.push_back(observed[i] / plain[i]);
      row.observed_ratio = Summarize(ratios).median;
    }
    return row;
  }

  Result<double> TimeDecode(std::size_t depth, std::span<const std::int32_t> ids) {
    FOVEA_RETURN_IF_ERROR(session_.Truncate(depth));
    const auto start = Clock::now();
    for (const std::int32_t id : ids) {
      auto logits = session_.Decode(id);
      FOVEA_RETURN_IF_ERROR(logits);
    }
    const double seconds = Seconds(Clock::now() - start);
    Ran(ids.size());
    return seconds;
  }

  static Spread Rates(std::size_t tokens, std::vector<double> times) {
    for (double& time : times) time = static_cast<double>(tokens) / std::max(time, 1e-9);
    return Summarize(std::move(times));
  }

  void Ran(std::size_t tokens) {
    ran_ += tokens;
    if (!progress_) return;
    progress_(static_cast<double>(ran_) / static_cast<double>(plan_.TotalTokens()), what_);
  }

  const Model& model_;
  Session& session_;
  const BenchPlan& plan_;
  const BenchProgress& progress_;
  std::size_t ran_ = 0;
  std::string what_;
};

}  // namespace

std::size_t BenchPlan::ContextSize() const {
  std::size_t most = 0;
  for (const std::size_t tokens : prefill) most = std::max(most, tokens);
  if (decode == 0) return most;
  for (const std::size_t tokens : depth) most = std::max(most, tokens + decode);
  return most;
}

std::size_t BenchPlan::EncoderContextSize() const {
  std::size_t most = source;
  for (const std::size_t tokens : encode) most = std::max(most, tokens);
  return most;
}

std::size_t BenchPlan::TotalTokens() const {
  const std::size_t runs = (repeat + 1) * (observe ? 2 : 1);
  const std::size_t texts = std::accumulate(encode.begin(), encode.end(), std::size_t{0});
  const std::size_t prompts = std::accumulate(prefill.begin(), prefill.end(), texts);
  if (decode == 0) return source + prompts * runs;
  const std::size_t depths = std::accumulate(depth.begin(), depth.end(), std::size_t{0});
  const std::size_t steps = std::min(decode, kWarmDecode) + repeat * decode;
  return source + prompts * runs + depths + depth.size() * steps;
}

Spread Summarize(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {.median = median, .least = values.front(), .most = values.back()};
}

std::vector<std::int32_t> RandomIds(std::size_t count, std::size_t vocabulary, std::uint64_t seed) {
  std::vector<std::int32_t> ids(count);
  // SplitMix64 (Steele, Lea and Flood 2014): the standard library's distributions differ between
  // implementations.
  std::uint64_t state = seed;
  for (std::int32_t& id : ids) {
    state += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = state;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    mixed ^= mixed >> 31U;
    id = static_cast<std::int32_t>(mixed % vocabulary);
  }
  return ids;
}

Result<BenchResults> RunBench(const Model& model, Session& session, const BenchPlan& plan,
                              const BenchProgress& progress) {
  Bench bench(model, session, plan, progress);
  BenchResults results;
  for (const std::size_t tokens : plan.encode) {
    auto row = bench.Encode(tokens);
    FOVEA_RETURN_IF_ERROR(row);
    results.encode.push_back(*row);
  }
  FOVEA_RETURN_IF_ERROR(bench.EncodeSource());
  for (const std::size_t tokens : plan.prefill) {
    auto row = bench.Prefill(tokens);
    FOVEA_RETURN_IF_ERROR(row);
    results.prefill.push_back(*row);
  }
  for (const std::size_t depth : plan.depth) {
    if (plan.decode == 0) break;
    auto row = bench.Decode(depth);
    FOVEA_RETURN_IF_ERROR(row);
    results.decode.push_back(*row);
  }
  if (model.info().has_decoder()) FOVEA_RETURN_IF_ERROR(session.Truncate(0));
  return results;
}

}  // namespace fovea::tools
