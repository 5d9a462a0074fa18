// Several observers of one run: each gets what its own selection asks for, as if it were alone.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_OBSERVER_GROUP_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_OBSERVER_GROUP_H_

#include <memory>
#include <mutex>
#include <vector>

#include <fovea/fovea.hpp>

namespace fovea::dump {

/// The group is concurrent; members that are not get one call at a time.
class ObserverGroup final : public AttentionObserver {
 public:
  /// Not owned. Before the run; the selection of a member must not change afterwards.
  void Add(AttentionObserver* member);
  bool empty() const { return members_.empty(); }

  /// What covers the selections of all members.
  const AttentionSelection& selection() const override { return selection_; }
  bool concurrent() const override { return true; }
  void OnRows(const AttentionRows& rows) override;
  void OnTrace(const AttentionTrace& trace) override;
  void OnValues(const AttentionValues& values) override;

 private:
  struct Member {
    AttentionObserver* observer = nullptr;
    AttentionSelection selection;
    std::unique_ptr<std::mutex> one_at_a_time;  // null for a concurrent member
  };
  template <class Call>
  static void Pass(const Member& member, const Call& call);

  std::vector<Member> members_;
  AttentionSelection selection_ = {.rows = false};
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_OBSERVER_GROUP_H_
