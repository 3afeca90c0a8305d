// Lengths, strings and numbers, written and read back.
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "core/base/alloc.h"
#include "core/base/bytes.h"
#include "core/base/prng.h"
#include "core/persist/reader.h"
#include "core/persist/writer.h"

namespace kvasm::persist {
namespace {

class TextSink final : public Sink {
 public:
  std::string text;
  void Append(std::string_view bytes) override { text += bytes; }
};

template <class Write>
std::string Written(Write write, WriteOptions options = {}) {
  TextSink sink;
  Writer writer(sink, options);
  write(writer);
  return sink.text;
}

std::string WrittenString(std::string_view text, bool compress = true) {
  return Written([&](Writer& out) { out.String(text); }, {.compress = compress});
}

std::string Bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}

// What reading a string gives; "fault N" if it is one.
std::string ReadString(std::string_view bytes) {
  Reader in(bytes);
  StringScratch scratch;
  const std::string text(in.String(scratch));
  return in.ok() ? text : "fault " + std::to_string(static_cast<int>(in.fault()));
}

const std::string kCutShort = "fault " + std::to_string(static_cast<int>(Fault::kCutShort));
const std::string kCorrupt = "fault " + std::to_string(static_cast<int>(Fault::kCorrupt));

TEST(Elements, LengthsTakeTheShortestForm) {
  const auto length = [](uint64_t value) {
    return Written([value](Writer& out) { out.Length(value); });
  };
  EXPECT_EQ(length(63), Bytes({63}));
  EXPECT_EQ(length(64), Bytes({0x40, 64}));
  EXPECT_EQ(length(16383), Bytes({0x7f, 0xff}));
  EXPECT_EQ(length(16384), Bytes({0x80, 0, 0, 0x40, 0}));
  EXPECT_EQ(length(UINT32_MAX), Bytes({0x80, 0xff, 0xff, 0xff, 0xff}));
  EXPECT_EQ(length(uint64_t{UINT32_MAX} + 1), Bytes({0x81, 0, 0, 0, 1, 0, 0, 0, 0}));
}

TEST(Elements, EveryLengthReadsBack) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const uint64_t value : {(uint64_t{1} << bit) - 1, uint64_t{1} << bit, UINT64_MAX}) {
      const std::string bytes = Written([value](Writer& out) { out.Length(value); });
      Reader in(bytes);
      EXPECT_EQ(in.Length(), value);
      EXPECT_TRUE(in.ok());
      EXPECT_EQ(in.left(), 0u);
    }
  }
}

TEST(Elements, NumbersOf32BitsAreWrittenAsSuch) {
  EXPECT_EQ(WrittenString("0"), Bytes({0xc0, 0}));
  EXPECT_EQ(WrittenString("-128"), Bytes({0xc0, 0x80}));
  EXPECT_EQ(WrittenString("128"), Bytes({0xc1, 0x80, 0}));
  EXPECT_EQ(WrittenString("-32769"), Bytes({0xc2, 0xff, 0x7f, 0xff, 0xff}));
  EXPECT_EQ(WrittenString("2147483648"),
            "\x0a"
            "2147483648");
  for (const char* text : {"007", "+1", "-0", "1.5", "", " 1"}) {
    EXPECT_EQ(WrittenString(text)[0], static_cast<char>(std::string(text).size())) << text;
  }
  EXPECT_EQ(Written([](Writer& out) { out.Integer(-2147483648); }), WrittenString("-2147483648"));
  EXPECT_EQ(Written([](Writer& out) { out.Integer(INT64_MIN); }),
            WrittenString("-9223372036854775808"));
}

TEST(Elements, LongStringsAreCompressedIfThatSaves) {
  const std::string run(100, 'a');
  EXPECT_EQ(WrittenString(run)[0], '\xc3');
  EXPECT_EQ(WrittenString(run, false), Bytes({0x40, 100}) + run);
  const std::string short_run(20, 'a');
  EXPECT_EQ(WrittenString(short_run), Bytes({20}) + short_run);
  const std::string no_gain = "abcdefghijklmnopqrstuvwxyz0123456789";
  EXPECT_EQ(WrittenString(no_gain), Bytes({36}) + no_gain);
}

TEST(Elements, EveryStringReadsBack) {
  base::Prng prng(3);
  for (int i = 0; i < 3000; ++i) {
    std::string text(prng.Below(i % 50 == 0 ? 70'000 : 100), 'x');
    if (prng.Below(2) == 0) {
      for (char& each : text) each = static_cast<char>(prng.Next());
    }
    if (prng.Below(3) == 0)
      text = std::to_string(static_cast<int64_t>(prng.Next()) >> prng.Below(64));
    EXPECT_EQ(ReadString(WrittenString(text)), text);
    EXPECT_EQ(ReadString(WrittenString(text, false)), text);
  }
}

TEST(Elements, EveryPrefixIsCutShort) {
  for (const std::string& whole :
       {WrittenString("12"), WrittenString("70000"), WrittenString(std::string(90, 'b')),
        WrittenString(std::string(20'000, 'c'), false)}) {
    for (size_t size = 0; size < whole.size(); size += 1 + size / 50) {
      EXPECT_EQ(ReadString(whole.substr(0, size)), kCutShort) << size;
    }
  }
}

TEST(Elements, HugeClaimsAreRefusedBeforeMemoryIsTaken) {
  const uint64_t before = base::HeapPeakBytes();
  EXPECT_EQ(ReadString(Bytes({0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})), kCorrupt);
  EXPECT_EQ(ReadString(Bytes({0x80, 0x7f, 0, 0, 0, 'x'})), kCutShort);
  // Compressed: 3 bytes that claim to hold a gigabyte.
  EXPECT_EQ(ReadString(Bytes({0xc3, 3, 0x80, 0x40, 0, 0, 0, 0, 'a', 0})), kCorrupt);
  const std::string claim = Bytes({0x81, 0, 0, 0, 1, 0, 0, 0, 0, 'a'});
  Reader in(claim);
  EXPECT_EQ(in.Count(1), 0u);
  EXPECT_FALSE(in.ok());
  EXPECT_LT(base::HeapPeakBytes(), before + (1 << 20));
}

TEST(Elements, FormsThatAreNoStringAreCorrupt) {
  EXPECT_EQ(ReadString(Bytes({0xc4, 0})), kCorrupt);
  EXPECT_EQ(ReadString(Bytes({0x82, 0, 0, 0, 0})), kCorrupt);
  EXPECT_EQ(ReadString(Bytes({0xc3, 2, 5, 0, 'a'})), kCorrupt);  // holds one byte, not five
  const std::string bytes = Bytes({0xc0, 1});
  Reader in(bytes);
  in.Length();
  EXPECT_EQ(in.fault(), Fault::kCorrupt);
}

TEST(Elements, AfterAFaultNothingIsRead) {
  const std::string bytes = Bytes({0x82, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  Reader in(bytes);
  StringScratch scratch;
  in.Length();
  EXPECT_EQ(in.Byte(), 0);
  EXPECT_EQ(in.Fixed64(), 0u);
  EXPECT_EQ(in.Bytes(1), "");
  EXPECT_EQ(in.String(scratch), "");
  EXPECT_EQ(in.left(), 0u);
  EXPECT_EQ(in.position(), 1u);
}

TEST(Elements, DoublesKeepTheirBits) {
  for (const double value : {0.0, -0.0, 0.1, -1e300, std::numeric_limits<double>::infinity()}) {
    const std::string bytes = Written([value](Writer& out) { out.Double(value); });
    Reader in(bytes);
    EXPECT_EQ(base::BitCast<uint64_t>(in.Double()), base::BitCast<uint64_t>(value));
  }
}

}  // namespace
}  // namespace kvasm::persist
