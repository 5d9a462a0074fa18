// What `fovea bench` says: a table for people, one JSON object for programs.
#ifndef FOVEA_TOOLS_FOVEA_BENCH_REPORT_H_
#define FOVEA_TOOLS_FOVEA_BENCH_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "tools/fovea/bench_run.h"

namespace fovea::tools {

/// What ran, beside the rates.
struct BenchSetting {
  std::string model;
  std::string weight_type;
  std::string isa;
  std::string kv;
  std::string arithmetic;
  std::uint64_t parameters = 0;
  std::uint64_t file_bytes = 0;
  std::size_t threads = 0;
  std::size_t decode = 0;
  std::size_t repeat = 0;
  double load_seconds = 0.0;
  std::size_t session_bytes = 0;        ///< KV cache and scratch.
  std::size_t peak_resident_bytes = 0;  ///< Of the process, at the end; 0: not known.
};

std::string BenchTable(const BenchSetting& setting, const BenchResults& results);

/// "prefill" and "decode" map lengths and depths to median tokens per second; "spread" has the
/// ranges, "observed_prefill" the rates and time ratios with an observer. Of encoders also "encode"
/// (tokens per second), "texts_per_second" and "observed_encode".
nlohmann::ordered_json BenchJson(const BenchSetting& setting, const BenchResults& results);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_BENCH_REPORT_H_
