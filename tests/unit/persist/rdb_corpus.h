// RDB files of every version in every form that Redis ever wrote, made byte by byte here: nothing
// of core/persist takes part. Tests only.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace kvasm::testing {

struct CorpusFile {
  std::string name;  // "v06-hash-ziplist"
  int version = 0;
  std::string bytes;
  // Commands, and the replies (as TestEngine::Run renders them) once the file is loaded.
  std::vector<std::pair<std::string, std::string>> expected;
  // What the reader tells besides keys, as LoadTarget notes it.
  std::vector<std::string> told;
};

// One file for each version (1 to 12) and form known to it, in that order.
std::vector<CorpusFile> RdbCorpus();

}  // namespace kvasm::testing
