// RDB files and values as DUMP holds them. Whatever the bytes are, the reader tells a fault or
// gives values that are sound, that can be written, and that read back as the same; files are fed
// in pieces of any size. The checker finds the faults that loading finds, and no others.
//
// An input that begins with "REDIS" is a file, any other one a type code and a value. Under
// libFuzzer KVASM_FUZZ_FORM makes each of them a "file" or a "value".
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/prng.h"
#include "core/commands/data_digest.h"
#include "core/keyspace/edit.h"
#include "core/persist/payload.h"
#include "core/persist/rdb_check.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"
#include "core/types/stream.h"
#include "tests/fuzz/damage.h"
#include "tests/fuzz/program.h"
#include "tests/unit/persist/rdb_corpus.h"
#include "tests/unit/persist/rdb_files.h"

namespace kvasm {
namespace {

using keyspace::Entry;
using persist::RdbReader;
using testing::TestEngine;

bool IsSound(Entry& entry, const types::Context& context) {
  switch (entry.type()) {
    case types::Type::kHash:
      return types::Hash(entry.value(), context).Validate();
    case types::Type::kSet:
      return types::Set(entry.value(), context).Validate();
    case types::Type::kZset:
      return types::SortedSet(entry.value(), context).Validate();
    case types::Type::kList:
      return types::List(entry.value(), context).Validate();
    case types::Type::kStream:
      return types::Stream::Of(entry.value()).Validate();
    default:
      return true;
  }
}

// What the checker has said.
class Lines final : public persist::RdbCheck::Output {
 public:
  void Line(std::string_view line) override {
    says_good |= line.ends_with(kGood);
    says_checksum |= line == "[additional info] While doing: check-sum";
    for (const char c : line) is_printable &= static_cast<uint8_t>(c) >= 0x20 && c != 0x7f;
  }
  bool is_printable = true;
  bool says_good = false;
  bool says_checksum = false;

 private:
  static constexpr std::string_view kGood = "] \\o/ RDB looks OK! \\o/";
};

class Fuzzer {
 public:
  Fuzzer() {
    base::SetHeapLimit(uint64_t{1} << 30);
    // Libraries that do not end are ended.
    t_.clock.exact_step_us = 10'000;
  }

  // False if something does not hold; `what` says it.
  bool Feed(std::string_view input) {
    return input.starts_with(kMark) ? FeedFile(input) : FeedValue(input);
  }
  bool FeedAs(std::string_view form, std::string_view input) {
    if (form == "value") return FeedValue(input);
    const std::string_view rest = input.substr(std::min(input.size(), kMark.size()));
    return FeedFile(std::string(kMark) += rest);
  }
  const char* what() const { return what_; }
  uint64_t accepted() const { return accepted_; }

 private:
  static constexpr std::string_view kMark = "REDIS";

  bool Fail(const char* what) {
    what_ = what;
    return false;
  }
  keyspace::Keyspace& data() { return t_.engine.keyspace(); }

  bool FeedFile(std::string_view file) {
    const size_t chunk_bytes = file.size() % 3 == 0 ? 0 : 1 + file.size() % 61;
    const testing::LoadOutcome outcome =
        LoadFile(t_, file, chunk_bytes, {.verify_checksum = false, .skip_modules = true});
    if (!Check(file, chunk_bytes == 0 ? 7 : file.size(), outcome)) return false;
    accepted_ += outcome.whole ? 1 : 0;
    for (int id = 0; id < data().database_count(); ++id) {
      bool sound = true;
      data().db(id).entries().ForEach(
          [&](Entry* entry) { sound = sound && IsSound(*entry, data().context()); });
      if (!sound) return Fail("a value is not sound");
    }
    if (!outcome.whole) return true;
    const base::Sha1Digest digest = commands::DatasetDigest(data());
    const std::string again = SaveFile(t_, {.version = persist::kRdbVersionMost});
    if (!LoadFile(t_, again, 13).whole) return Fail("what was written does not read");
    if (commands::DatasetDigest(data()) != digest) return Fail("it reads as something else");
    return true;
  }

  bool Check(std::string_view file, size_t chunk_bytes, const testing::LoadOutcome& loaded) {
    Lines lines;
    const auto check = std::make_unique<persist::RdbCheck>(lines, t_.now_ms(), base::HashSeed{});
    size_t used = 0;
    for (size_t at = 0; at < file.size(); at += used) {
      if (check->Feed(file.substr(at, chunk_bytes), &used) != RdbReader::Progress::kMore) break;
    }
    const bool is_good = check->Finish() == RdbReader::Progress::kDone;
    check->TellTypes();
    if (!lines.is_printable) return Fail("the checker shows bytes that do not print");
    if (is_good != lines.says_good) return Fail("the checker says something else");
    // Only it looks at the checksum; what the data set cannot take is no fault of the file.
    if (loaded.whole && !is_good && !lines.says_checksum) {
      return Fail("the checker refuses what can be loaded");
    }
    constexpr std::string_view kRefusals[] = {"duplicate", "no such database", "fatal",
                                              "it is bad"};
    const auto is_told = [&](std::string_view refusal) {
      return loaded.error.find(refusal) != std::string::npos;
    };
    if (is_good && !loaded.whole &&
        std::none_of(std::begin(kRefusals), std::end(kRefusals), is_told)) {
      return Fail("the checker accepts what cannot be loaded");
    }
    return true;
  }

  bool FeedValue(std::string_view body) {
    data().Flush(data().db(0), false);
    // With whatever footer it ends in; and as libraries.
    const std::string bare = t_.RunArgs({"RESTORE", "bare", "0", std::string(body)});
    if (bare != "+OK" && bare[0] != '-') return Fail("RESTORE replies neither");
    std::string payload(body);
    payload += persist::PayloadFooter(body, persist::kRdbVersionMost);
    const std::string libraries = t_.RunArgs({"FUNCTION", "RESTORE", payload, "FLUSH"});
    if (libraries != "+OK" && libraries[0] != '-') return Fail("FUNCTION RESTORE replies neither");
    const std::string reply = t_.RunArgs({"RESTORE", "k", "0", payload});
    if (reply != "+OK") return reply[0] == '-' ? true : Fail("RESTORE replies neither");
    ++accepted_;
    Entry* entry = data().db(0).entries().Find("k");
    if (entry == nullptr) return Fail("there is no value");
    if (!IsSound(*entry, data().context())) return Fail("the value is not sound");
    const base::Sha1Digest digest = commands::ValueDigest(data(), *entry);
    testing::TextSink sink;
    persist::Writer out(sink, {.version = persist::kRdbVersionMost});
    out.Byte(static_cast<uint8_t>(persist::SavedType(*entry, persist::kRdbVersionMost)));
    persist::SaveValue(out, *entry, data().context());
    sink.text += persist::PayloadFooter(sink.text, persist::kRdbVersionMost);
    if (t_.RunArgs({"RESTORE", "again", "0", sink.text}) != "+OK") {
      return Fail("what was written does not read");
    }
    Entry* again = data().db(0).entries().Find("again");
    if (commands::ValueDigest(data(), *again) != digest) return Fail("it reads as something else");
    return true;
  }

  TestEngine t_;
  const char* what_ = "";
  uint64_t accepted_ = 0;
};

}  // namespace
}  // namespace kvasm

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static kvasm::Fuzzer fuzzer;
  static const char* const form = std::getenv("KVASM_FUZZ_FORM");
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (!(form == nullptr ? fuzzer.Feed(input) : fuzzer.FeedAs(form, input))) {
    std::fprintf(stderr, "%s\n", fuzzer.what());
    std::abort();
  }
  return 0;
}

#ifndef KVASM_LIBFUZZER
namespace {

using Inputs = std::vector<std::string>;

// Sound files of every version and form, and the values in them.
Inputs Seeds() {
  Inputs seeds;
  for (const kvasm::testing::CorpusFile& file : kvasm::testing::RdbCorpus()) {
    if (file.bytes.size() > 5000) continue;
    seeds.push_back(file.bytes);
    // The value of the last key, which is "k".
    const size_t key = file.bytes.rfind("\1k");
    if (key == std::string::npos || file.version != 12) continue;
    seeds.push_back(file.bytes[key - 1] + file.bytes.substr(key + 2, file.bytes.size() - key - 11));
  }
  return seeds;
}

class Mutator {
 public:
  Mutator(uint64_t seed, const Inputs& seeds) : prng_(seed), seeds_(seeds) {}

  std::string Next() {
    std::string input = Any();
    // Bytes that codes of types, lengths and LZF make something of.
    static constexpr char kBytes[] =
        "\x00\x01\x02\x3f\x40\x7f\x80\x81\xc0\xc3\xe0\xf0\xf4\xfa\xfe\xff";
    const std::string_view byte(kBytes + prng_.Below(sizeof(kBytes) - 1), 1);
    kvasm::fuzz::Damage(prng_, &input, {&byte, 1}, Any());
    return input;
  }

 private:
  const std::string& Any() { return seeds_[prng_.Below(seeds_.size())]; }

  kvasm::base::Prng prng_;
  const Inputs& seeds_;
};

void Show(const std::string& input) {
  for (const char c : input) std::printf("\\x%02x", static_cast<uint8_t>(c));
  std::printf("\n");
}

}  // namespace

int main() {
  const Inputs seeds = Seeds();
  if (const char* folder = std::getenv("KVASM_FUZZ_SEEDS")) {
    auto next = seeds.begin();
    kvasm::fuzz::WriteSeeds(folder, static_cast<int>(seeds.size()), [&] { return *next++; });
    return 0;
  }
  const uint64_t count = kvasm::fuzz::Setting("KVASM_FUZZ_COUNT", 50'000);
  const uint64_t seed = kvasm::fuzz::Setting("KVASM_FUZZ_SEED", 1);
  Mutator mutator(seed, seeds);
  kvasm::Fuzzer fuzzer;
  const bool shows = std::getenv("KVASM_FUZZ_SHOW") != nullptr;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string input = i < seeds.size() ? seeds[i] : mutator.Next();
    if (shows) Show(input);
    if (fuzzer.Feed(input)) continue;
    std::printf("input %llu of seed %llu: %s\n", static_cast<unsigned long long>(i),
                static_cast<unsigned long long>(seed), fuzzer.what());
    Show(input);
    return 1;
  }
  std::printf("%llu files and values, seed %llu, %llu of them good\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(fuzzer.accepted()));
  return 0;
}
#endif
