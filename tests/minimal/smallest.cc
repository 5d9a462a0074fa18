// The smallest program that loads a model, runs it and sees its maps; compiled without exceptions
// and RTTI, as an application for a small board may be. What it prints must not depend on what the
// library was built with. Arguments: the model file, the instruction set, then token ids.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "fovea/attention.h"
#include "fovea/isa.h"
#include "fovea/model.h"
#include "fovea/session.h"

namespace {

/// FNV-1a over the bits of the numbers.
unsigned long long Hash(std::span<const float> values) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const std::byte byte : std::as_bytes(values)) {
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3ULL;
  }
  return hash;
}

int Fail(const fovea::Status& status) {
  std::fprintf(stderr, "%s\n", status.message().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  auto model = fovea::Model::Load(argv[1]);
  if (!model) return Fail(model.error());
  std::vector<std::int32_t> ids;
  for (int i = 3; i < argc; ++i) ids.push_back(std::atoi(argv[i]));
  auto session = fovea::Session::Create(
      *model, {.context_size = ids.size() + 1, .isa = fovea::IsaFromName(argv[2])});
  if (!session) return Fail(session.error());
  fovea::AttentionRecorder maps({.layers = {0}});
  auto logits = session->Prefill(ids, {.observer = &maps});
  if (!logits) return Fail(logits.error());
  const auto map = maps.Map(/*layer=*/0, /*head=*/1);
  std::printf("logits %016llx, row %016llx\n", Hash(*logits),
              Hash({map.weights + (map.queries - 1) * map.stride, map.keys}));
}
