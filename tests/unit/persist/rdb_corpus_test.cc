// Every file of the corpus, loaded and asked.
//
// KVASM_CORPUS=<folder>: the files are also written there, for another server to read, each with
// the digest its data has here.
#include "tests/unit/persist/rdb_corpus.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "core/commands/data_digest.h"
#include "tests/unit/persist/rdb_files.h"
#include "tests/unit/persist/vectors.h"

namespace kvasm::persist {
namespace {

using testing::CorpusFile;
using testing::LoadFile;
using testing::LoadOutcome;
using testing::TestEngine;

std::string Digest(TestEngine& t) {
  const base::Sha1Digest digest = commands::DatasetDigest(t.engine.keyspace());
  return testing::ToHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

void WriteOut(const CorpusFile& file, const std::string& digest) {
  const char* folder = std::getenv("KVASM_CORPUS");
  if (folder == nullptr) return;
  const std::string path = std::string(folder) + "/" + file.name;
  std::ofstream(path + ".rdb", std::ios::binary) << file.bytes;
  std::ofstream(path + ".digest") << digest;
}

bool ToldInOrder(const std::vector<std::string>& told, const std::vector<std::string>& wanted) {
  size_t found = 0;
  for (const std::string& line : told) found += found < wanted.size() && line == wanted[found];
  return found == wanted.size();
}

TEST(RdbCorpus, EveryFormOfEveryVersionHoldsWhatWasPutIn) {
  std::set<int> versions;
  const std::vector<CorpusFile> files = testing::RdbCorpus();
  for (const CorpusFile& file : files) {
    SCOPED_TRACE(file.name);
    versions.insert(file.version);
    for (const size_t chunk_bytes : {0, 1, 37}) {
      TestEngine t;
      const LoadOutcome outcome = LoadFile(t, file.bytes, chunk_bytes);
      ASSERT_TRUE(outcome.whole) << outcome.error;
      EXPECT_EQ(outcome.told.back(), file.version < 5 ? "end" : "end, checked");
      EXPECT_TRUE(ToldInOrder(outcome.told, file.told)) << ::testing::PrintToString(outcome.told);
      if (chunk_bytes == 0) WriteOut(file, Digest(t));
      for (const auto& [command, reply] : file.expected) EXPECT_EQ(t.Run(command), reply);
    }
  }
  EXPECT_EQ(versions.size(), 12u);
  EXPECT_GT(files.size(), 300u);
}

// Ends of fields are lost before version 12, nothing else.
TEST(RdbCorpus, EveryFormIsTheSameOnceItIsWrittenAnew) {
  for (const CorpusFile& file : testing::RdbCorpus()) {
    TestEngine t;
    ASSERT_TRUE(LoadFile(t, file.bytes).whole);
    const std::string digest = Digest(t);
    for (const int version : {10, 11, 12}) {
      TestEngine other;
      ASSERT_TRUE(LoadFile(other, testing::SaveFile(t, {.version = version})).whole) << file.name;
      const bool lost = version < 12 && file.name.find("-ends") != std::string::npos;
      EXPECT_EQ(Digest(other) != digest, lost) << file.name;
    }
  }
}

TEST(RdbCorpus, EveryFormCutAnywhereIsAFault) {
  for (const CorpusFile& file : testing::RdbCorpus()) {
    if (file.version % 4 != 0) continue;  // the forms repeat
    TestEngine t;
    const size_t step = 1 + file.bytes.size() / 400;
    for (size_t size = 0; size < file.bytes.size(); size += step) {
      EXPECT_FALSE(LoadFile(t, file.bytes.substr(0, size), 50).whole) << file.name << " " << size;
    }
  }
}

}  // namespace
}  // namespace kvasm::persist
