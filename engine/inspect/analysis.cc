#include "fovea/analysis.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace fovea {
namespace {

// Thresholds of HeadType. A head is named after a single position if that takes at least two fifths
// of its weight on average; a first token that takes 0.3 counts as a sink already (Gu et al. 2025).
constexpr double kPositionShare = 0.4;
constexpr double kSinkShare = 0.3;
// A head is broad if the entropy of its rows is nearly that of equal weights on all keys that the
// mask allows; it is local if its mean distance is clearly below that of equal weights, and small
// in tokens too.
constexpr double kBroadShareOfEven = 0.8;
constexpr double kLocalShareOfEven = 0.5;
constexpr double kLocalDistance = 8.0;

/// Mean of |query - key| over a range of keys that is not empty.
double MeanDistance(std::size_t query, const Mask::Range& keys) {
  const double position = static_cast<double>(query);
  const double first = static_cast<double>(keys.begin);
  const double last = static_cast<double>(keys.end - 1);
  const double middle = (first + last) / 2;
  if (last <= position) return position - middle;
  if (first >= position) return middle - position;
  const double before = position - first;
  const double after = last - position;
  return (before * (before + 1) + after * (after + 1)) / 2 / (last - first + 1);
}

}  // namespace

HeadStatisticsObserver::HeadStatisticsObserver(AttentionSelection selection, std::size_t period,
                                               std::size_t repeat_begin, const ModelInfo* model)
    : selection_(std::move(selection)), period_(period), repeat_begin_(repeat_begin) {
  if (model != nullptr) heads_.reserve(model->layers * model->heads);
}

HeadStatisticsObserver::Sums& HeadStatisticsObserver::SumsOf(const AttentionRows& rows) {
  const auto place_of = [](const auto& of) { return std::tuple(of.stream, of.layer, of.head); };
  const auto before = [&](const Sums& sums, const AttentionRows& other) {
    return place_of(sums.partial) < place_of(other);
  };
  auto found = std::lower_bound(heads_.begin(), heads_.end(), rows, before);
  if (found == heads_.end() || place_of(found->partial) != place_of(rows)) {
    found = heads_.insert(found, Sums());
    found->partial.stream = rows.stream;
    found->partial.layer = rows.layer;
    found->partial.head = rows.head;
    found->partial.kv_head = rows.kv_head;
  }
  return *found;
}

void HeadStatisticsObserver::OnRows(const AttentionRows& rows) {
  Sums& sums = SumsOf(rows);
  const bool one_sequence = rows.stream != AttentionStream::kCross;
  const Mask mask{.kind = rows.mask, .window = rows.window, .first_query = rows.query_begin};
  for (std::size_t r = 0; r < rows.query_count; ++r) {
    const std::size_t query = rows.query_begin + r;
    const float* row = rows.weights + r * rows.stride;
    const Mask::Range range = mask.KeyRange(r, rows.key_count);
    if (range.begin < range.end) {
      sums.partial.even_entropy += std::log(static_cast<double>(range.end - range.begin));
      if (one_sequence) sums.partial.even_distance += MeanDistance(query, range);
    }
    AddRow(row, rows.key_count, &sums);
    if (one_sequence) {
      AddPositions(row, query, rows.key_count, &sums);
    } else if (rows.key_count > 0) {
      ++sums.sink_rows;
      sums.partial.first_token += static_cast<double>(row[0]);
    }
  }
}

void HeadStatisticsObserver::AddRow(const float* row, std::size_t key_count, Sums* sums) {
  HeadStatistics& head = sums->partial;
  double mass = 0.0;
  double entropy = 0.0;
  double largest = 0.0;
  for (std::size_t key = 0; key < key_count; ++key) {
    const double weight = static_cast<double>(row[key]);
    if (weight == 0.0) continue;
    mass += weight;
    entropy -= weight * std::log(weight);
    largest = std::max(largest, weight);
  }
  ++head.rows;
  head.entropy += entropy;
  head.confidence += largest;
  // A row whose sum is NaN makes the error NaN, and it stays so.
  const double error = std::abs(mass - 1.0);
  if (mass != 0.0 && !(error <= head.row_sum_error) && !std::isnan(head.row_sum_error)) {
    head.row_sum_error = error;
  }
}

void HeadStatisticsObserver::AddPositions(const float* row, std::size_t query,
                                          std::size_t key_count, Sums* sums) const {
  HeadStatistics& head = sums->partial;
  double mass = 0.0;
  double distance = 0.0;
  for (std::size_t key = 0; key < key_count; ++key) {
    const double weight = static_cast<double>(row[key]);
    if (weight == 0.0) continue;
    mass += weight;
    distance += weight * std::abs(static_cast<double>(query) - static_cast<double>(key));
  }
  sums->mass += mass;
  sums->weighted_distance += distance;
  const auto weight_of = [&](std::size_t key) {
    return key < key_count ? static_cast<double>(row[key]) : 0.0;
  };
  head.self += weight_of(query);
  if (query >= 1) {
    ++sums->sink_rows;
    head.previous_token += weight_of(query - 1);
    head.first_token += weight_of(0);
  }
  if (period_ > 0 && query >= repeat_begin_ && query - repeat_begin_ >= period_ &&
      query - repeat_begin_ - period_ < period_) {
    ++sums->repeat_rows;
    head.duplicate_token += weight_of(query - period_);
    head.induction += weight_of(query - period_ + 1);
  }
}

std::vector<HeadStatistics> HeadStatisticsObserver::Heads() const {
  const auto divide = [](double* sum, double count) { *sum = count != 0.0 ? *sum / count : 0.0; };
  std::vector<HeadStatistics> heads;
  heads.reserve(heads_.size());
  for (const Sums& sums : heads_) {
    HeadStatistics head = sums.partial;
    const double rows = static_cast<double>(head.rows);
    divide(&head.entropy, rows);
    divide(&head.confidence, rows);
    divide(&head.self, rows);
    divide(&head.even_entropy, rows);
    divide(&head.even_distance, rows);
    head.mean_distance = sums.weighted_distance;
    divide(&head.mean_distance, sums.mass);
    divide(&head.previous_token, static_cast<double>(sums.sink_rows));
    divide(&head.first_token, static_cast<double>(sums.sink_rows));
    divide(&head.duplicate_token, static_cast<double>(sums.repeat_rows));
    divide(&head.induction, static_cast<double>(sums.repeat_rows));
    heads.push_back(head);
  }
  return heads;
}

std::string_view HeadType(const HeadStatistics& head) {
  // Both stay 0 where there was no repeat to measure them on.
  if (head.induction >= kPositionShare) return "induction";
  if (head.duplicate_token >= kPositionShare) return "duplicate token";
  if (head.previous_token >= kPositionShare) return "previous token";
  if (head.self >= kPositionShare) return "current token";
  if (head.first_token > kSinkShare) return "first token (sink)";
  if (head.entropy >= kBroadShareOfEven * head.even_entropy) return "broad";
  if (head.stream == AttentionStream::kCross) return "mixed";
  const double near = std::min(kLocalDistance, kLocalShareOfEven * head.even_distance);
  if (head.mean_distance <= near) return "local";
  return "mixed";
}

}  // namespace fovea
