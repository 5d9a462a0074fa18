// Where one head looks from every token of a text: the C++ API from an installed library.
//
//     strongest model.gguf LAYER HEAD "The cat sat on the mat."
#include <cstdio>
#include <cstdlib>

#include <fovea/fovea.hpp>

namespace {

int Fail(const fovea::Status& status) {
  std::fprintf(stderr, "%s\n", status.message().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return std::fprintf(stderr, "usage: strongest MODEL LAYER HEAD TEXT\n"), 2;
  const std::size_t layer = std::strtoul(argv[2], nullptr, 10);
  const std::size_t head = std::strtoul(argv[3], nullptr, 10);

  auto model = fovea::Model::Load(argv[1]);
  if (!model) return Fail(model.error());
  if (model->tokenizer() == nullptr) return Fail(model->tokenizer_status());
  auto ids = model->tokenizer()->Encode(argv[4]);
  if (!ids) return Fail(ids.error());

  auto session = fovea::Session::Create(*model, {.context_size = ids->size()});
  if (!session) return Fail(session.error());
  fovea::AttentionRecorder maps({.layers = {layer}, .heads = {head}});
  auto logits = session->Prefill(*ids, {.observer = &maps});
  if (!logits) return Fail(logits.error());

  const auto map = maps.Map(layer, head);
  for (std::size_t query = 0; query < map.queries; ++query) {
    const std::size_t key =
        static_cast<std::size_t>(fovea::ArgMax({map.weights + query * map.stride, query + 1}));
    std::printf("%zu -> %zu with %.3f\n", query, key, static_cast<double>(map.At(query, key)));
  }
}
