#include "tools/attention-dump/observers/observer_group.h"

#include <algorithm>
#include <utility>

namespace fovea::dump {
namespace {

/// The union of two lists of which an empty one means "all".
template <typename Item>
std::vector<Item> Union(const std::vector<Item>& a, const std::vector<Item>& b) {
  if (a.empty() || b.empty()) return {};
  std::vector<Item> both = a;
  both.insert(both.end(), b.begin(), b.end());
  std::sort(both.begin(), both.end());
  both.erase(std::unique(both.begin(), both.end()), both.end());
  return both;
}

}  // namespace

void ObserverGroup::Add(AttentionObserver* member) {
  const AttentionSelection& wanted = member->selection();
  if (members_.empty()) {
    selection_ = wanted;
  } else {
    selection_.streams = Union(selection_.streams, wanted.streams);
    selection_.layers = Union(selection_.layers, wanted.layers);
    selection_.heads = Union(selection_.heads, wanted.heads);
    selection_.rows = selection_.rows || wanted.rows;
    selection_.scores = selection_.scores || wanted.scores;
    selection_.trace = selection_.trace || wanted.trace;
    selection_.values = selection_.values || wanted.values;
  }
  members_.push_back(
      {member, wanted, member->concurrent() ? nullptr : std::make_unique<std::mutex>()});
}

template <class Call>
void ObserverGroup::Pass(const Member& member, const Call& call) {
  std::unique_lock<std::mutex> lock;
  if (member.one_at_a_time != nullptr) lock = std::unique_lock<std::mutex>(*member.one_at_a_time);
  call(member.observer);
}

void ObserverGroup::OnRows(const AttentionRows& rows) {
  for (const Member& member : members_) {
    const AttentionSelection& wanted = member.selection;
    if (!wanted.rows && !wanted.scores) continue;
    if (!wanted.HasStream(rows.stream) || !wanted.HasLayer(rows.layer)) continue;
    if (!wanted.HasHead(rows.head)) continue;
    AttentionRows given = rows;
    if (!wanted.scores) given.scores = nullptr;
    Pass(member, [&](AttentionObserver* observer) { observer->OnRows(given); });
  }
}

void ObserverGroup::OnTrace(const AttentionTrace& trace) {
  for (const Member& member : members_) {
    const AttentionSelection& wanted = member.selection;
    if (!wanted.trace || !wanted.HasStream(trace.stream) || !wanted.HasLayer(trace.layer)) continue;
    Pass(member, [&](AttentionObserver* observer) { observer->OnTrace(trace); });
  }
}

void ObserverGroup::OnValues(const AttentionValues& values) {
  for (const Member& member : members_) {
    const AttentionSelection& wanted = member.selection;
    if (!wanted.values || !wanted.HasStream(values.stream)) continue;
    if (!wanted.HasLayer(values.layer)) continue;
    Pass(member, [&](AttentionObserver* observer) { observer->OnValues(values); });
  }
}

}  // namespace fovea::dump
