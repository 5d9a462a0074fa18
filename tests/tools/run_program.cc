#include "tests/tools/run_program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "tests/tools/temporary_folder.h"

namespace fovea::dump {
namespace {

std::vector<char*> Pointers(std::vector<std::string>* strings) {
  std::vector<char*> pointers;
  for (std::string& string : *strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

void Redirect(const std::string& path, int flags, int descriptor) {
  const int file = ::open(path.c_str(), flags, 0600);
  if (file < 0 || ::dup2(file, descriptor) < 0) ::_exit(126);
}

}  // namespace

ProgramResult RunProgram(const ProgramRun& run, const std::string& scratch) {
  const std::string input = scratch + "/in";
  const std::string output = scratch + "/out";
  const std::string errors = scratch + "/err";
  WriteWhole(input, run.input);
  // An emulator stands before the program when the tests are cross-compiled.
  std::vector<std::string> words;
  std::string emulator = FOVEA_TEST_EMULATOR;
  for (std::size_t at = 0; at < emulator.size();) {
    const std::size_t end = std::min(emulator.find(' ', at), emulator.size());
    words.push_back(emulator.substr(at, end - at));
    at = end + 1;
  }
  words.push_back(run.program);
  words.insert(words.end(), run.arguments.begin(), run.arguments.end());
  std::vector<std::string> environment = run.environment;
  if (const char* cpu = std::getenv("QEMU_CPU")) {
    environment.push_back(std::string("QEMU_CPU=") + cpu);  // Which CPU is emulated, if any.
  }
  std::vector<char*> argv = Pointers(&words);
  std::vector<char*> envp = Pointers(&environment);

  const pid_t child = ::fork();
  if (child == 0) {
    Redirect(input, O_RDONLY, STDIN_FILENO);
    Redirect(output, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    Redirect(errors, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    if (run.max_file_bytes != 0) {
      const rlimit limit = {run.max_file_bytes, run.max_file_bytes};
      if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(126);
    }
    ::execvpe(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  int status = 0;
  rusage usage = {};
  ::wait4(child, &status, 0, &usage);
  ProgramResult result;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  result.output = ReadWhole(output);
  result.errors = ReadWhole(errors);
  result.peak_kilobytes = usage.ru_maxrss;
  return result;
}

}  // namespace fovea::dump
