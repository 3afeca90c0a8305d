// RESTORE and DUMP of values too large for the memory there is: -OOM, and nothing is left behind.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "core/base/alloc.h"
#include "core/persist/payload.h"
#include "core/persist/writer.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using persist::ValueType;
using persist::Writer;
using testing::TestEngine;

constexpr char kOom[] = "-OOM command not allowed when used memory > 'maxmemory'.";

class TextSink final : public persist::Sink {
 public:
  std::string text;
  void Append(std::string_view bytes) override { text += bytes; }
};

std::string Payload(ValueType type, const std::function<void(Writer&)>& write) {
  TextSink sink;
  Writer out(sink);
  out.Byte(static_cast<uint8_t>(type));
  write(out);
  return sink.text + persist::PayloadFooter(sink.text, persist::kRdbVersion);
}

// Texts that take far less in the payload than in memory: a megabyte, and many of 300 bytes.
std::string LargeText(int i) { return std::to_string(i) + std::string(1 << 20, 't'); }
std::string SmallText(int i) { return std::to_string(i) + std::string(300, 's'); }

class MemoryOfRestore : public ::testing::TestWithParam<ValueType> {
 protected:
  void TearDown() override { base::SetHeapLimit(0); }

  // `elements` elements, of a megabyte each or short.
  static std::string Value(ValueType type, int elements, bool large) {
    return Payload(type, [&](Writer& out) {
      if (type == ValueType::kStream3) return Groups(out, elements, large);
      out.Length(static_cast<uint64_t>(elements));
      for (int i = 0; i < elements; ++i) {
        out.String(large ? LargeText(i) : SmallText(i));
        if (type == ValueType::kHash) out.String("value");
        if (type == ValueType::kZset) out.Double(i);
      }
    });
  }

  // A stream without entries, with one group of so many consumers.
  static void Groups(Writer& out, int consumers, bool large) {
    for (const uint64_t number : {0, 0, 5, 5, 0, 0, 0, 0, 7, 1}) out.Length(number);
    out.String("group");
    for (const uint64_t number : {0, 0, 0, 0}) out.Length(number);
    out.Length(static_cast<uint64_t>(consumers));
    for (int i = 0; i < consumers; ++i) {
      out.String(large ? LargeText(i) : SmallText(i));
      for (const uint64_t time_ms : {1, 1}) out.Fixed64(time_ms);
      out.Length(0);
    }
  }

  void ExpectRefused(const std::string& payload) {
    TestEngine t;
    t.Run("SET k kept");
    const uint64_t before = base::HeapUsedBytes();
    base::SetHeapLimit(before + 4 * payload.size() + (40u << 20));
    EXPECT_EQ(t.RunArgs({"RESTORE", "fresh", "0", payload}), kOom);
    EXPECT_EQ(t.RunArgs({"RESTORE", "k", "0", payload, "REPLACE"}), kOom);
    EXPECT_EQ(t.Run("EXISTS fresh"), ":0");
    EXPECT_EQ(t.Run("GET k"), "\"kept\"");
    EXPECT_EQ(t.Run("SET other v"), "+OK");
    EXPECT_LT(base::HeapUsedBytes(), before + payload.size() + (2u << 20));
  }
};

TEST_P(MemoryOfRestore, ManyElementsThatDoNotFit) {
  ExpectRefused(Value(GetParam(), 400'000, false));
}

TEST_P(MemoryOfRestore, LargeElementsThatDoNotFit) { ExpectRefused(Value(GetParam(), 60, true)); }

TEST_P(MemoryOfRestore, WhatFitsIsStored) {
  const std::string payload = Value(GetParam(), 8, true);
  TestEngine t;
  base::SetHeapLimit(base::HeapUsedBytes() + (80u << 20));
  EXPECT_EQ(t.RunArgs({"RESTORE", "k", "0", payload}), "+OK");
  EXPECT_EQ(t.Run("DEL k"), ":1");
}

INSTANTIATE_TEST_SUITE_P(Types, MemoryOfRestore,
                         ::testing::Values(ValueType::kList, ValueType::kSet, ValueType::kHash,
                                           ValueType::kZset, ValueType::kStream3));

TEST(MemoryOfString, AnExpandedTextThatDoesNotFitIsRefused) {
  const std::string payload =
      Payload(ValueType::kString, [](Writer& out) { out.String(std::string(100u << 20, 't')); });
  TestEngine t;
  t.Run("SET k kept");
  base::SetHeapLimit(base::HeapUsedBytes() + (48u << 20));
  EXPECT_EQ(t.RunArgs({"RESTORE", "k", "0", payload, "REPLACE"}), kOom);
  EXPECT_EQ(t.Run("GET k"), "\"kept\"");
  base::SetHeapLimit(0);
}

TEST(MemoryOfDump, AValueThatDoesNotFitTwiceIsAnError) {
  TestEngine t;
  base::SetHeapLimit(base::HeapUsedBytes() + (160u << 20));
  t.Run("CONFIG SET rdbcompression no");
  ASSERT_EQ(t.Run("SETRANGE s 83886079 x"), ":83886080");
  EXPECT_EQ(t.Run("DUMP s"), kOom);
  EXPECT_EQ(t.Run("STRLEN s"), ":83886080");
  t.Run("DEL s");
  for (int i = 0; i < 80; ++i) t.RunArgs({"RPUSH", "l", LargeText(i)});
  EXPECT_EQ(t.Run("DUMP l"), kOom);
  EXPECT_EQ(t.Run("LLEN l"), ":80");
  t.Run("CONFIG SET rdbcompression yes");
  EXPECT_NE(t.Run("DUMP l"), kOom);
  base::SetHeapLimit(0);
}

}  // namespace
}  // namespace kvasm
