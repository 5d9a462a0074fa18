#include "tools/attention-dump/run/page_run.h"

#include <utility>
#include <vector>

#include "tools/attention-dump/base/human.h"

namespace fovea::dump {

PageRun::PageRun(PageRunOptions options, const DumpShape& shape, const Model& model)
    : options_(std::move(options)), model_(model) {
  const std::uint64_t bytes =
      options_.page_bytes != 0 ? options_.page_bytes : DefaultPageBytes(shape.tokens);
  plan_ = PlanRecording(shape, model.info(), bytes, options_.twice ? 2 : 1, options_.without_mask);
}

Status PageRun::Open(std::span<const std::int32_t> prompt, Kernels kernels) {
  if (recorder_) first_ = recorder_->Take();
  Result<ValueNorms> norms = ValueNorms::Create(model_, plan_.layers, kernels.isa());
  if (!norms) return About(options_.path, norms.status());
  norms_.emplace(std::move(*norms));
  recorder_.emplace(plan_, prompt, kernels, &*norms_);
  return Status::Ok();
}

Status PageRun::status() const {
  if (!recorder_ || !recorder_->failed()) return Status::Ok();
  return {StatusCode::kOutOfMemory, options_.path + ": not enough memory to record it"};
}

Result<PageDocument> PageRun::Build(const DumpInfo& info, std::size_t threads,
                                    const std::function<bool()>& interrupted,
                                    tools::Progress* progress, const PageChange* change) {
  const Recording recording = recorder_->Take();
  std::vector<PageText> texts = {
      {.info = &info, .recording = &recording, .tokenizer = model_.tokenizer()}};
  if (change != nullptr && first_) {
    texts.insert(texts.begin(), texts.front());
    texts.front().recording = &*first_;
    texts.front().label = change->before;
    texts.back().label = change->after;
  }
  Result<BuiltPage> built =
      BuildPage(texts, texts.size() > 1 ? &change->pair : nullptr,
                {.bytes = options_.page_bytes,
                 .without_mask = options_.without_mask,
                 .threads = threads,
                 .cancelled = interrupted,
                 .on_progress = [&](double done) { progress->Update(done, "packing the page"); }});
  if (built) return std::move(built->document);
  const bool too_large = built.status().code() == StatusCode::kLimitExceeded;
  return About(too_large ? "--page-size" : options_.path, built.status());
}

}  // namespace fovea::dump
