// Takes a model file through everything a program would do with it, and checks that each step gives
// either a sound result or one clean error.
#ifndef FOVEA_TESTS_HOSTILE_RUN_MODEL_H_
#define FOVEA_TESTS_HOSTILE_RUN_MODEL_H_

#include <string>

#include "fovea/status.h"
#include "tests/format/gguf_builder.h"

namespace fovea::testing {

/// A file that is written anew for each model and goes away with the object.
class ModelFile {
 public:
  ModelFile();
  ModelFile(const ModelFile&) = delete;
  ModelFile& operator=(const ModelFile&) = delete;
  ~ModelFile();

  const std::string& path() const { return path_; }
  void Write(const Bytes& bytes) const;

 private:
  std::string folder_;
  std::string path_;
};

/// Loads, tokenizes, runs a prompt with a recorder and decodes one token. Fails the running test if
/// a step takes too long, if an error is not one line that names the file, or if a success holds
/// anything that is not finite. Returns the first error, or ok.
Status RunModel(const std::string& path);

}  // namespace fovea::testing

#endif  // FOVEA_TESTS_HOSTILE_RUN_MODEL_H_
