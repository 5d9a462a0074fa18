#include "tools/attention-dump/observers/observer_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace fovea::dump {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Notes what it was given.
class Listener final : public AttentionObserver {
 public:
  explicit Listener(AttentionSelection selection) : selection_(std::move(selection)) {}
  const AttentionSelection& selection() const override { return selection_; }
  void OnRows(const AttentionRows& rows) override {
    rows_.emplace_back(rows.layer, rows.head);
    scores_seen_ = scores_seen_ || rows.scores != nullptr;
  }
  void OnTrace(const AttentionTrace& trace) override { traces_.push_back(trace.layer); }
  void OnValues(const AttentionValues& values) override { values_.push_back(values.layer); }

  std::vector<std::pair<std::size_t, std::size_t>> rows_;
  std::vector<std::size_t> traces_, values_;
  bool scores_seen_ = false;

 private:
  AttentionSelection selection_;
};

void Deliver(AttentionObserver* observer) {
  const float numbers[1] = {1.0F};
  for (std::size_t layer = 0; layer < 2; ++layer) {
    for (std::size_t head = 0; head < 2; ++head) {
      AttentionRows rows;
      rows.layer = layer;
      rows.head = head;
      rows.weights = rows.scores = numbers;
      observer->OnRows(rows);
    }
    AttentionTrace trace;
    trace.layer = layer;
    observer->OnTrace(trace);
    AttentionValues values;
    values.layer = layer;
    observer->OnValues(values);
  }
}

TEST(ObserverGroup, AsksForAllThatAnyMemberWants) {
  Listener rows({.layers = {3}, .heads = {1, 2}});
  Listener trace({.layers = {0, 3}, .heads = {}, .rows = false, .trace = true});
  ObserverGroup group;
  EXPECT_TRUE(group.empty());
  EXPECT_FALSE(group.selection().rows);
  group.Add(&rows);
  EXPECT_THAT(group.selection().heads, ElementsAre(1, 2));
  group.Add(&trace);
  EXPECT_THAT(group.selection().layers, ElementsAre(0, 3));
  EXPECT_THAT(group.selection().heads, IsEmpty());
  EXPECT_TRUE(group.selection().rows && group.selection().trace);
  EXPECT_FALSE(group.selection().scores);
  EXPECT_TRUE(group.concurrent());
}

TEST(ObserverGroup, TellsStreamsApart) {
  Listener cross({.streams = {AttentionStream::kCross}, .trace = true, .values = true});
  Listener self({.streams = {AttentionStream::kSelf, AttentionStream::kCross}});
  Listener all({.rows = false, .trace = true});
  ObserverGroup group;
  group.Add(&cross);
  group.Add(&self);
  EXPECT_THAT(group.selection().streams,
              ElementsAre(AttentionStream::kSelf, AttentionStream::kCross));
  group.Add(&all);
  EXPECT_THAT(group.selection().streams, IsEmpty());
  Deliver(&group);  // Self-attention.
  EXPECT_THAT(cross.rows_, IsEmpty());
  EXPECT_THAT(cross.traces_, IsEmpty());
  EXPECT_THAT(cross.values_, IsEmpty());
  EXPECT_EQ(self.rows_.size(), 4U);
  EXPECT_THAT(all.traces_, ElementsAre(0, 1));
}

TEST(ObserverGroup, EveryMemberGetsOnlyWhatItAskedFor) {
  Listener one_head({.layers = {1}, .heads = {0}});
  Listener scores({.layers = {0}, .heads = {0, 1}, .scores = true});
  Listener trace({.layers = {1}, .heads = {}, .rows = false, .trace = true});
  Listener values({.layers = {0}, .heads = {}, .rows = false, .values = true});
  ObserverGroup group;
  for (Listener* member : {&one_head, &scores, &trace, &values}) group.Add(member);
  Deliver(&group);
  EXPECT_THAT(one_head.rows_, ElementsAre(std::pair(1, 0)));
  EXPECT_FALSE(one_head.scores_seen_);
  EXPECT_THAT(one_head.traces_, IsEmpty());
  EXPECT_THAT(scores.rows_, ElementsAre(std::pair(0, 0), std::pair(0, 1)));
  EXPECT_TRUE(scores.scores_seen_);
  EXPECT_THAT(trace.rows_, IsEmpty());
  EXPECT_THAT(trace.traces_, ElementsAre(1));
  EXPECT_THAT(trace.values_, IsEmpty());
  EXPECT_THAT(values.rows_, IsEmpty());
  EXPECT_THAT(values.values_, ElementsAre(0));
}

}  // namespace
}  // namespace fovea::dump
