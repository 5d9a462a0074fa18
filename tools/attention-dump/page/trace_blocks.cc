#include "tools/attention-dump/page/trace_blocks.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/page/balance.h"
#include "tools/attention-dump/page/fit_queries.h"
#include "tools/attention-dump/page/packing.h"
#include "tools/attention-dump/page/rebuild_check.h"
#include "tools/attention-dump/page/trace_code.h"
#include "tools/attention-dump/page/trace_rows.h"

namespace fovea::dump {
namespace {

// Errors of a score. Below the finest, 16 bits reach no further; the coarsest changes weights by
// a twentieth.
constexpr double kFinestError = 1e-6;
constexpr double kCoarsestError = 0.05;
constexpr double kFirstError = 0.003;
constexpr std::size_t kSampledGroups = 8;
constexpr int kMaxTries = 8;
/// A page that fills this share of its space is not tried again …
constexpr double kFilled = 0.97;
/// … and this is aimed at.
constexpr double kAim = 0.987;
/// Rows that one thread rebuilds at a time.
constexpr std::size_t kRowsPerTask = 1024;
constexpr double kCodingShare = 0.4;  // of the time, for the progress bar

/// One KV head of one layer and the heads that read it, as indices of the recording.
struct Place {
  std::size_t layer = 0;
  std::size_t kv_index = 0;
  std::size_t kv_head = 0;
  std::vector<std::size_t> heads;
};

struct Packed {
  std::vector<PageBlock> blocks;
  std::size_t bytes = 0;
  CodedGroup coded;
};

class Maker {
 public:
  Maker(const Recording& recording, std::size_t tokens, const TraceBlocksOptions& options,
        platform::Parallel* parallel);

  Result<TraceBlocks> Make();

 private:
  TraceGroup Group(const Place& place) const;
  std::string Name(const char* kind, std::size_t layer, std::size_t number) const {
    return options_.document + "/" + kind + "/" + std::to_string(layer) + "/" +
           std::to_string(number);
  }
  /// Runs tasks on all threads; memory that runs out, an error and cancelling end it.
  Status ForEach(std::size_t count, double from, double to,
                 const std::function<Status(std::size_t)>& task);
  double Numbers(const Place& place) const;
  bool ExactFits() const;
  Status PackExact();
  Result<double> SearchError();
  Status PackAll(double error);
  void PackCodes(const Place& place, Packed* packed) const;
  HeadTrace Map(const Place& place, std::size_t head, bool without_mask) const;
  Status Fit(const Place& place, const BalancedGroup& balanced, CodedGroup* coded) const;
  double TotalBytes() const;
  Status AddNormalisers(bool without_mask, TraceBlocks* made);

  const Recording& recording_;
  const RecordingPlan& plan_;
  std::size_t tokens_;
  const TraceBlocksOptions& options_;
  platform::Parallel* parallel_;
  std::vector<Place> places_;
  double numbers_ = 0.0;   // of all queries and keys
  double capacity_ = 0.0;  // for them
  bool exact_ = false;
  std::vector<Packed> packed_;  // per place
};

Maker::Maker(const Recording& recording, std::size_t tokens, const TraceBlocksOptions& options,
             platform::Parallel* parallel)
    : recording_(recording),
      plan_(recording.plan),
      tokens_(tokens),
      options_(options),
      parallel_(parallel) {
  const std::vector<std::size_t> kv_heads = plan_.KvHeads();
  for (std::size_t layer = 0; layer < plan_.layers.size(); ++layer) {
    for (std::size_t kv = 0; kv < kv_heads.size(); ++kv) {
      Place place = {.layer = layer, .kv_index = kv, .kv_head = kv_heads[kv], .heads = {}};
      for (std::size_t head = 0; head < plan_.heads.size(); ++head) {
        if (plan_.KvHead(plan_.heads[head]) == place.kv_head) place.heads.push_back(head);
      }
      numbers_ += Numbers(place);
      places_.push_back(std::move(place));
    }
  }
  const double normalisers = static_cast<double>(plan_.layers.size() * plan_.heads.size()) *
                             static_cast<double>(tokens_ * sizeof(float));
  capacity_ = options_.bytes - normalisers * (options_.without_mask ? 2.0 : 1.0);
}

double Maker::Numbers(const Place& place) const {
  return static_cast<double>((place.heads.size() + 1) * tokens_ * plan_.head_dim);
}

TraceGroup Maker::Group(const Place& place) const {
  const RecordedTrace& trace = recording_.traces[place.layer];
  const std::size_t planned = plan_.tokens * plan_.head_dim;
  const std::size_t used = tokens_ * plan_.head_dim;
  TraceGroup group = {.tokens = tokens_,
                      .dim = plan_.head_dim,
                      .queries = {},
                      .key = std::span(trace.key).subspan(place.kv_index * planned, used),
                      .scale = trace.scale,
                      .softcap = trace.softcap,
                      .isa = trace.isa};
  for (const std::size_t head : place.heads) {
    group.queries.push_back(std::span(trace.query).subspan(head * planned, used));
  }
  return group;
}

Status Maker::ForEach(std::size_t count, double from, double to,
                      const std::function<Status(std::size_t)>& task) {
  std::mutex mutex;
  Status failure;
  std::atomic<bool> stopped{false};
  std::atomic<std::size_t> done{0};
  const auto stop = [&](Status status) {
    const std::lock_guard<std::mutex> lock(mutex);
    if (!stopped.exchange(true)) failure = std::move(status);
  };
  parallel_->Run(count, [&](std::size_t index, std::size_t worker) {
    if (stopped.load()) return;
    try {
      if (Status status = task(index); !status.ok()) return stop(std::move(status));
    } catch (const std::bad_alloc&) {
      return stop(Status(StatusCode::kOutOfMemory, "not enough memory to build the page"));
    }
    ++done;
    if (worker != 0) return;  // the caller's thread
    if (options_.cancelled && options_.cancelled()) {
      return stop(Status(StatusCode::kCancelled, "interrupted"));
    }
    if (options_.on_progress) {
      options_.on_progress(from + (to - from) * static_cast<double>(done.load()) /
                                      static_cast<double>(count));
    }
  });
  return failure;
}

void Maker::PackCodes(const Place& place, Packed* packed) const {
  packed->blocks.clear();
  packed->bytes = 0;
  const auto add = [&](const char* kind, std::size_t number, const std::string& bytes) {
    packed->blocks.push_back({Name(kind, place.layer, number), Deflate(bytes)});
    packed->bytes += packed->blocks.back().bytes.size();
  };
  for (std::size_t i = 0; i < place.heads.size(); ++i) {
    add("qs", place.heads[i], FloatBytes(packed->coded.queries[i].steps));
    add("q", place.heads[i], packed->coded.queries[i].Planes());
  }
  add("ks", place.kv_head, FloatBytes(packed->coded.key.steps));
  add("k", place.kv_head, packed->coded.key.Planes());
}

/// A head of a place (its index there), as the model computed it.
HeadTrace Maker::Map(const Place& place, std::size_t head, bool without_mask) const {
  const TraceGroup group = Group(place);
  return {.tokens = tokens_,
          .dim = group.dim,
          .query = group.queries[head],
          .key = group.key,
          .scale = group.scale,
          .softcap = group.softcap,
          .causal = plan_.causal && !without_mask,
          .window = without_mask ? 0 : plan_.windows[place.layer],
          .isa = group.isa};
}

Status Maker::Fit(const Place& place, const BalancedGroup& balanced, CodedGroup* coded) const {
  for (std::size_t head = 0; head < place.heads.size(); ++head) {
    const HeadTrace computed = Map(place, head, false);
    HeadTrace in_basis = computed;
    in_basis.query = balanced.queries[head];
    in_basis.key = balanced.key;
    Status status =
        FitQueries(computed, in_basis, balanced.key_power, coded->key, &coded->queries[head]);
    FOVEA_RETURN_IF_ERROR(status);
  }
  return Status::Ok();
}

bool Maker::ExactFits() const {
  return numbers_ * sizeof(float) <= capacity_;
}

Status Maker::PackExact() {
  exact_ = true;
  packed_.assign(places_.size(), {});
  return ForEach(places_.size(), 0.0, kCodingShare, [&](std::size_t index) {
    const Place& place = places_[index];
    const TraceGroup group = Group(place);
    Packed& packed = packed_[index];
    for (std::size_t i = 0; i < place.heads.size(); ++i) {
      packed.blocks.push_back(
          {Name("q", place.layer, place.heads[i]), Deflate(FloatPlanes(group.queries[i]))});
    }
    packed.blocks.push_back(
        {Name("k", place.layer, place.kv_head), Deflate(FloatPlanes(group.key))});
    for (const PageBlock& block : packed.blocks) packed.bytes += block.bytes.size();
    return Status::Ok();
  });
}

/// The error that fills the space, from a sample of the places.
Result<double> Maker::SearchError() {
  const std::size_t stride = (places_.size() + kSampledGroups - 1) / kSampledGroups;
  std::vector<std::size_t> sample;
  for (std::size_t i = stride / 2; i < places_.size(); i += stride) sample.push_back(i);
  std::vector<BalancedGroup> balanced(sample.size());
  Status status = ForEach(sample.size(), 0.0, 0.0, [&](std::size_t i) {
    balanced[i] = Balance(Group(places_[sample[i]]));
    return Status::Ok();
  });
  FOVEA_RETURN_IF_ERROR(status);
  double sampled = 0.0;
  for (const std::size_t place : sample) sampled += Numbers(places_[place]);
  double error = kFirstError;
  for (int turn = 0; turn < 3; ++turn) {
    std::vector<std::size_t> bytes(sample.size());
    status = ForEach(sample.size(), 0.0, 0.0, [&](std::size_t i) {
      Packed packed;
      packed.coded = CodeGroup(Group(places_[sample[i]]), balanced[i], error);
      PackCodes(places_[sample[i]], &packed);
      bytes[i] = packed.bytes;
      return Status::Ok();
    });
    FOVEA_RETURN_IF_ERROR(status);
    double total = 0.0;
    for (const std::size_t size : bytes) total += static_cast<double>(size);
    // Half the error costs one bit of every number.
    const double bits_over = 8.0 * (total / sampled - kAim * capacity_ / numbers_);
    error = std::clamp(error * std::exp2(bits_over), kFinestError, kCoarsestError);
  }
  return error;
}

Status Maker::PackAll(double error) {
  exact_ = false;
  packed_.assign(places_.size(), {});
  return ForEach(places_.size(), 0.0, kCodingShare, [&](std::size_t index) {
    const Place& place = places_[index];
    const BalancedGroup balanced = Balance(Group(place));
    packed_[index].coded = CodeGroup(Group(place), balanced, error);
    Status status = Fit(place, balanced, &packed_[index].coded);
    PackCodes(place, &packed_[index]);
    return status;
  });
}

double Maker::TotalBytes() const {
  double bytes = 0.0;
  for (const Packed& packed : packed_) bytes += static_cast<double>(packed.bytes);
  return bytes;
}

/// Rebuilds every map from what was packed: the sums of its rows become the normalisers, and its
/// weights are compared with the computed ones.
Status Maker::AddNormalisers(bool without_mask, TraceBlocks* made) {
  struct Task {
    std::size_t place, head, begin;  // head: index within the place
  };
  std::vector<Task> tasks;
  std::vector<std::vector<float>> normalisers;  // per map, in the order of the tasks' heads
  std::vector<std::size_t> first_map;           // per place
  for (std::size_t place = 0; place < places_.size(); ++place) {
    first_map.push_back(normalisers.size());
    for (std::size_t head = 0; head < places_[place].heads.size(); ++head) {
      normalisers.emplace_back(tokens_);
      for (std::size_t begin = 0; begin < tokens_; begin += kRowsPerTask) {
        tasks.push_back({place, head, begin});
      }
    }
  }
  std::mutex mutex;
  double worst = 0.0;
  const double from = without_mask ? 0.5 + kCodingShare / 2 : kCodingShare;
  const double to = options_.without_mask && !without_mask ? 0.5 + kCodingShare / 2 : 1.0;
  Status status = ForEach(tasks.size(), from, to, [&](std::size_t index) {
    const auto [place_index, head, begin] = tasks[index];
    const Place& place = places_[place_index];
    const HeadTrace computed = Map(place, head, without_mask);
    std::vector<float> query, key;
    HeadTrace stored = computed;
    if (!exact_) {
      query = packed_[place_index].coded.queries[head].Values();
      key = packed_[place_index].coded.key.Values();
      stored.query = query;
      stored.key = key;
    }
    double error = 0.0;
    Status done = CheckRebuiltRows(computed, exact_ ? nullptr : &stored, begin,
                                   std::min(begin + kRowsPerTask, tokens_),
                                   normalisers[first_map[place_index] + head].data(), &error);
    const std::lock_guard<std::mutex> lock(mutex);
    worst = std::max(worst, error);
    return done;
  });
  FOVEA_RETURN_IF_ERROR(status);
  (without_mask ? made->max_error_without_mask : made->max_error) = worst;
  for (std::size_t place = 0; place < places_.size(); ++place) {
    for (std::size_t head = 0; head < places_[place].heads.size(); ++head) {
      std::string name = Name("z", places_[place].layer, places_[place].heads[head]);
      if (without_mask) name.replace(0, options_.document.size(), "1");
      made->blocks.push_back(
          {std::move(name), Deflate(FloatBytes(normalisers[first_map[place] + head]))});
    }
  }
  return Status::Ok();
}

Result<TraceBlocks> Maker::Make() {
  Status status;
  if (ExactFits()) {
    status = PackExact();
    FOVEA_RETURN_IF_ERROR(status);
  } else {
    Result<double> error = SearchError();
    FOVEA_RETURN_IF_ERROR(error);
    for (int turn = 0; turn < kMaxTries; ++turn) {
      status = PackAll(*error);
      FOVEA_RETURN_IF_ERROR(status);
      const double bytes = TotalBytes();
      const bool fits = bytes <= capacity_;
      const bool finest = *error <= kFinestError;
      if (fits && (finest || turn > 0 || bytes > kFilled * capacity_)) break;
      if (!fits && *error >= kCoarsestError) break;
      const double bits_over = 8.0 * (bytes - kAim * capacity_) / numbers_;
      *error = std::clamp(*error * std::exp2(bits_over), kFinestError, kCoarsestError);
    }
    if (TotalBytes() > capacity_) {
      TraceBlocks none;
      none.missing_bytes =
          std::max<std::uint64_t>(static_cast<std::uint64_t>(TotalBytes() - capacity_), 1);
      return none;
    }
  }
  TraceBlocks made;
  made.bits = exact_ ? 32 : 16;
  made.bits_per_number = TotalBytes() * 8.0 / numbers_;
  status = AddNormalisers(false, &made);
  if (status.ok() && options_.without_mask) status = AddNormalisers(true, &made);
  FOVEA_RETURN_IF_ERROR(status);
  for (Packed& packed : packed_) {
    for (PageBlock& block : packed.blocks) made.blocks.push_back(std::move(block));
  }
  return made;
}

}  // namespace

Result<TraceBlocks> MakeTraceBlocks(const Recording& recording, std::size_t tokens,
                                    const TraceBlocksOptions& options,
                                    platform::Parallel* parallel) {
  return Maker(recording, tokens, options, parallel).Make();
}

}  // namespace fovea::dump
