// Memory that the C++ runtime cannot give: whichever allocation fails, C callers get a code, and
// nothing is thrown at them or left behind.

#include <fovea/fovea.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

namespace {

/// Allocations of this thread that still succeed; negative: all.
thread_local long allocations_left = -1;
thread_local long live_blocks = 0;

void* Allocate(std::size_t bytes) noexcept {
  if (allocations_left == 0) return nullptr;
  if (allocations_left > 0) --allocations_left;
  ++live_blocks;
  return std::malloc(bytes == 0 ? 1 : bytes);
}

void Release(void* block) noexcept {
  if (block != nullptr) --live_blocks;
  std::free(block);
}

}  // namespace

void* operator new(std::size_t bytes) {
  if (void* block = Allocate(bytes)) return block;
  throw std::bad_alloc();
}
void* operator new[](std::size_t bytes) {
  return operator new(bytes);
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return Allocate(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return Allocate(bytes);
}
void operator delete(void* block) noexcept {
  Release(block);
}
void operator delete[](void* block) noexcept {
  Release(block);
}
void operator delete(void* block, std::size_t) noexcept {
  Release(block);
}
void operator delete[](void* block, std::size_t) noexcept {
  Release(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
  Release(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept {
  Release(block);
}

namespace {

const char* const kModel = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";

/// Loads, tokenizes, runs with a recorder, describes, measures; the first failure ends it.
fovea_status UseTheLibrary() {
  fovea_model* model = nullptr;
  fovea_session* session = nullptr;
  fovea_recorder* recorder = nullptr;
  fovea_statistics* statistics = nullptr;
  fovea_mean_maps* maps = nullptr;
  fovea_detokenizer* stream = nullptr;
  const fovea_tokenizer* tokenizer = nullptr;
  const char* text = "The cat sat";
  int32_t ids[16];
  float rollout[16 * 16];
  char back[64];
  std::size_t count = 0;
  fovea_head_effect effects[4];
  const std::size_t heads[] = {0};
  const std::size_t layers[] = {0};
  fovea_session_options options = {};
  options.struct_size = sizeof(options);
  options.context_size = 16;
  fovea_effect_options one = {};
  one.struct_size = sizeof(one);
  one.layers = layers;
  one.heads = heads;
  one.layer_count = one.head_count = 1;
  fovea_run_options run = {};
  run.struct_size = sizeof(run);

  fovea_status status = fovea_model_load(kModel, nullptr, &model, nullptr);
  const auto then = [&status](const auto& step) {
    if (status == FOVEA_OK) status = step();
  };
  then([&] { return fovea_model_tokenizer(model, &tokenizer, nullptr); });
  then([&] {
    return fovea_tokenize(tokenizer, text, std::strlen(text), nullptr, ids, nullptr, 16, &count,
                          nullptr);
  });
  then([&] { return fovea_session_create(model, &options, &session, nullptr); });
  then([&] { return fovea_recorder_create(nullptr, &recorder, nullptr); });
  then([&] {
    run.observer = fovea_recorder_observer(recorder);
    return fovea_session_prefill(session, ids, count, &run, nullptr);
  });
  then([&] {
    fovea_map map = {};
    map.struct_size = sizeof(map);
    return fovea_recorder_map(recorder, 0, 0, FOVEA_STREAM_SELF, &map,
                              nullptr);  // Tells of maps that did not grow.
  });
  then([&] { return fovea_statistics_create(model, nullptr, &statistics, nullptr); });
  then([&] { return fovea_mean_maps_create(model, 16, nullptr, &maps, nullptr); });
  then([&] {
    run.observer = fovea_mean_maps_observer(maps);
    return fovea_session_truncate(session, 0);
  });
  then([&] { return fovea_session_prefill(session, ids, count, &run, nullptr); });
  then([&] { return fovea_rollout(maps, nullptr, rollout, nullptr); });
  then([&] { return fovea_flow(maps, count - 1, nullptr, rollout, nullptr); });
  then([&] { return fovea_detokenize(tokenizer, ids, count, back, 64, nullptr, nullptr); });
  then([&] { return fovea_detokenizer_create(tokenizer, 1, nullptr, &stream, nullptr); });
  then([&] {
    return fovea_detokenizer_push(stream, ids[1], nullptr) == nullptr ? FOVEA_OUT_OF_MEMORY
                                                                      : FOVEA_OK;
  });
  then([&] {
    return fovea_measure_head_effects(model, ids, count, nullptr, &one, nullptr, effects, 4, &count,
                                      nullptr);
  });
  fovea_detokenizer_free(stream);
  fovea_mean_maps_free(maps);
  fovea_statistics_free(statistics);
  fovea_recorder_free(recorder);
  fovea_session_free(session);
  fovea_model_free(model);
  return status;
}

TEST(OutOfMemoryTest, WhicheverAllocationFailsThereIsACodeAndNothingStays) {
  ASSERT_EQ(UseTheLibrary(), FOVEA_OK);
  long failures = 0;
  // All of the first; then, as loading makes one small block per piece of the vocabulary, some.
  for (long allowed = 0;; allowed += 1 + allowed / 500) {
    const long before = live_blocks;
    allocations_left = allowed;
    const fovea_status status = UseTheLibrary();
    allocations_left = -1;
    ASSERT_EQ(live_blocks, before) << "after " << allowed << " allocations";
    if (status == FOVEA_OK) break;
    ASSERT_TRUE(status == FOVEA_OUT_OF_MEMORY) << fovea_status_name(status) << " " << allowed;
    ++failures;
  }
  EXPECT_GT(failures, 300);
}

}  // namespace
