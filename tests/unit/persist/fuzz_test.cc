// Payloads that are wrong in every way: each is refused, or read as a value that is sound, can be
// written and reads back as the same.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "core/base/alloc.h"
#include "core/base/prng.h"
#include "core/commands/data_digest.h"
#include "core/keyspace/edit.h"
#include "core/persist/value.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"
#include "core/types/stream.h"
#include "tests/unit/persist/old_forms.h"
#include "tests/unit/persist/vectors.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm::persist {
namespace {

using keyspace::Entry;
using testing::TestEngine;

class TextSink final : public Sink {
 public:
  std::string text;
  void Append(std::string_view bytes) override { text += bytes; }
};

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

class Fuzz : public ::testing::Test {
 protected:
  // The value's type code and bytes, as written for this version; "" when there is no value.
  std::string Save(const std::string& key, int version = kRdbVersion, bool compress = true) {
    Entry* entry = db().entries().Find(key);
    if (entry == nullptr) return "";
    TextSink sink;
    Writer out(sink, {.version = version, .compress = compress});
    out.Byte(static_cast<uint8_t>(SavedType(*entry, version)));
    SaveValue(out, *entry, context());
    EXPECT_FALSE(out.failed());
    return sink.text;
  }

  Fault Load(const std::string& key, std::string_view body) {
    Reader in(body);
    LoadedValue value;
    const uint8_t type = in.Byte();
    const Fault fault = LoadValue(in, type, context(), value);
    if (fault != Fault::kNone) return fault;
    keyspace::Edit edit(t_.engine.keyspace(), db(), key);
    edit.Delete();
    value.PutInto(edit);
    edit.Changed();
    return Fault::kNone;
  }

  base::Sha1Digest Digest(const std::string& key) {
    return commands::ValueDigest(t_.engine.keyspace(), *db().entries().Find(key));
  }

  // One flawed body.
  void Try(const std::string& body) {
    ++tried_;
    if (Load("k", body) != Fault::kNone) return;
    ++accepted_;
    Entry* entry = db().entries().Find("k");
    ASSERT_NE(entry, nullptr);
    ASSERT_TRUE(IsSound(*entry, context()))
        << types::EncodingName(entry->encoding) << " " << testing::ToHex(body);
    ASSERT_EQ(Load("again", Save("k")), Fault::kNone);
    ASSERT_EQ(Digest("again"), Digest("k"));
  }

  void FlipBits(const std::string& body, int times) {
    for (int i = 0; i < times && !HasFatalFailure(); ++i) {
      std::string flawed = body;
      for (uint64_t flips = 1 + prng_.Below(3); flips > 0; --flips) {
        flawed[prng_.Below(flawed.size())] ^= static_cast<char>(1 << prng_.Below(8));
      }
      Try(flawed);
    }
  }
  void SetBytes(const std::string& body, int times) {
    constexpr uint8_t kBytes[] = {0,    1,    2,    0x7f, 0x80, 0x81, 0xc0,
                                  0xc3, 0xe0, 0xf0, 0xf4, 0xfe, 0xff};
    for (int i = 0; i < times && !HasFatalFailure(); ++i) {
      std::string flawed = body;
      flawed[prng_.Below(flawed.size())] =
          static_cast<char>(kBytes[prng_.Below(std::size(kBytes))]);
      Try(flawed);
    }
  }
  void Truncate(const std::string& body) {
    const size_t step = 1 + body.size() / 100;
    for (size_t size = 0; size < body.size() && !HasFatalFailure(); size += step) {
      ASSERT_NE(Load("k", body.substr(0, size)), Fault::kNone) << size << " of " << body.size();
      ++tried_;
    }
  }
  void All(const std::string& body, int times) {
    ASSERT_EQ(Load("k", body), Fault::kNone);
    FlipBits(body, times);
    SetBytes(body, times);
    Truncate(body);
  }

  // What a real server dumped, without the frame.
  std::vector<std::string> Bodies() {
    std::vector<std::string> bodies;
    for (const char* version : {"7.0.15", "7.2.6"}) {
      for (const testing::DumpVector& vector : testing::DumpVectors(version)) {
        bodies.push_back(vector.payload.substr(0, vector.payload.size() - 10));
      }
    }
    return bodies;
  }

  keyspace::Database& db() { return t_.engine.keyspace().db(0); }
  const types::Context& context() { return t_.engine.keyspace().context(); }

  TestEngine t_;
  base::Prng prng_{1};
  int tried_ = 0;
  int accepted_ = 0;
};

TEST_F(Fuzz, FlawedPayloadsOfRealServers) {
  const std::vector<std::string> bodies = Bodies();
  if (bodies.empty()) GTEST_SKIP() << "the reference facts are not beside the project";
  for (const std::string& body : bodies) All(body, body.size() > 2000 ? 25 : 120);
  std::printf("%d flawed payloads, %d of them still values\n", tried_, accepted_);
  EXPECT_GT(tried_, 20'000);
}

// Compression hides the compact forms: the same values without it.
TEST_F(Fuzz, FlawedPayloadsWithoutCompression) {
  const std::vector<std::string> bodies = Bodies();
  if (bodies.empty()) GTEST_SKIP() << "the reference facts are not beside the project";
  for (const std::string& body : bodies) {
    ASSERT_EQ(Load("plain", body), Fault::kNone);
    const std::string plain = Save("plain", kRdbVersion, false);
    All(plain, plain.size() > 2000 ? 25 : 120);
  }
  std::printf("%d flawed payloads, %d of them still values\n", tried_, accepted_);
}

TEST_F(Fuzz, FlawedOldForms) {
  const auto blob = [](const std::string& block) {
    return std::string(1, static_cast<char>(block.size())) + block;
  };
  const std::string ziplist = blob(testing::Ziplist({"a", "1", "b", "22000", "c", "-3000000"}));
  const std::string zipmap = blob(testing::Zipmap({"a", "1", "b", "22000", "c", "x"}, 1));
  for (const std::string& body :
       {"\x09" + zipmap, "\x0a" + ziplist, "\x0c" + ziplist, "\x0d" + ziplist,
        "\x0e\2" + ziplist + ziplist, std::string("\1\3\1a\xc0\5\2xx"),
        std::string("\3\2\1a\0031.5\1b\xfe")}) {
    All(body, 3000);
  }
}

TEST_F(Fuzz, AnyBytesAtAll) {
  for (int i = 0; i < 30'000 && !HasFatalFailure(); ++i) {
    std::string body(1 + prng_.Below(40), '\0');
    for (char& byte : body) byte = static_cast<char>(prng_.Next());
    body[0] = static_cast<char>(prng_.Below(26));
    Try(body);
  }
}

TEST_F(Fuzz, MemoryStaysInProportionToTheInput) {
  // The peak is that of the process, which may have run other tests.
  const uint64_t bound = std::max(base::HeapPeakBytes(), base::HeapUsedBytes() + (64 << 20));
  for (const std::string& body : Bodies()) {
    for (int i = 0; i < 20; ++i) {
      std::string flawed = body;
      flawed[1 + prng_.Below(std::min<size_t>(12, flawed.size() - 1))] = '\x81';
      Load("k", flawed);
    }
  }
  EXPECT_LE(base::HeapPeakBytes(), bound);
}

TEST_F(Fuzz, EveryValueIsTheSameThroughBothVersions) {
  for (const std::string& body : Bodies()) {
    ASSERT_EQ(Load("k", body), Fault::kNone);
    for (const int version : {10, 11}) {
      for (const bool compress : {false, true}) {
        const std::string saved = Save("k", version, compress);
        if (version == 10) EXPECT_LE(saved[0], 19);
        ASSERT_EQ(Load("again", saved), Fault::kNone);
        EXPECT_EQ(Digest("again"), Digest("k"));
      }
    }
  }
}

}  // namespace
}  // namespace kvasm::persist
