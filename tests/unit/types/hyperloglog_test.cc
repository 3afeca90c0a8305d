#include "core/types/hyperloglog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/murmur.h"
#include "tests/unit/types/value_fixture.h"

namespace kvasm::types {
namespace {

using Outcome = HyperLogLog::Outcome;

class HyperLogLogTest : public ValueTest {
 protected:
  HyperLogLog Fresh(int64_t sparse_bytes_max = 3000) {
    Restart(Encoding::kRaw);
    data_ = HyperLogLog::TryNew();
    return HyperLogLog(value(), sparse_bytes_max);
  }
  HyperLogLog With(const std::string& bytes, int64_t sparse_bytes_max = 3000) {
    Restart(Encoding::kRaw);
    data_ = RawString::TryNew(bytes);
    return HyperLogLog(value(), sparse_bytes_max);
  }
  static std::string Header(bool sparse) {
    std::string header = "HYLL";
    header += static_cast<char>(sparse);
    return header + std::string(11, '\0');
  }
  /** Valid until the next call. By reference: 16,384 values are no result in wasm. */
  const HyperLogLog::Registers& RegistersOf(std::string_view bytes) {
    registers_.fill(0);
    EXPECT_TRUE(HyperLogLog::MergeInto(bytes, &registers_));
    return registers_;
  }

 private:
  HyperLogLog::Registers registers_;
};

TEST(Murmur64A, MatchesTheReferenceForEveryTailLength) {
  const uint64_t expected[] = {
      0xd8dfea6585bc9732, 0x53d2470a9b43b1a7, 0x0eaed676437142cf, 0x77ec90aeb374e502,
      0xb079ee3d44202b3e, 0x52a7daa2324a0e8e, 0x3a4f3a74f538b54f, 0x22fe613bb08c9602,
      0xf3a65df559914567, 0x834fba4d9152daf7, 0xce00afbfdbd6efc4, 0x0f85070a21c57729,
      0x197f9775ba8c25df, 0x28904e1bbb8963c5, 0x4311344e4c269641, 0x10350863b35a3059,
      0xd006e2f88c34e470, 0x876ed29fb39e50af, 0x855c2733bd02b7c3, 0xd2d58a07831e6dfe};
  std::string text;
  for (const uint64_t hash : expected) {
    EXPECT_EQ(base::Murmur64A(text, 0xadc83b19), hash) << "length " << text.size();
    text.push_back(static_cast<char>('a' + text.size()));
  }
}

TEST_F(HyperLogLogTest, AnEmptyOneIsOneRunOfZeros) {
  HyperLogLog hll = Fresh();
  EXPECT_EQ(hll.bytes(), Header(true) + "\x7f\xff");
  EXPECT_EQ(HyperLogLog::Count(hll.bytes()), 0u);
  EXPECT_EQ(HyperLogLog::CachedCount(hll.bytes()), 0u);
  EXPECT_EQ(HyperLogLog::Describe(hll.bytes()), "Z:16384");
}

TEST_F(HyperLogLogTest, TheCachedCountIsStaleAfterAChange) {
  HyperLogLog hll = Fresh();
  hll.SetCachedCount(12345);
  EXPECT_EQ(HyperLogLog::CachedCount(hll.bytes()), 12345u);
  EXPECT_EQ(hll.Add("a"), Outcome::kChanged);
  EXPECT_EQ(HyperLogLog::CachedCount(hll.bytes()), std::nullopt);
  EXPECT_EQ(hll.Add("a"), Outcome::kSame);
}

TEST_F(HyperLogLogTest, RandomElementsLeaveTheRegistersOfAModelWhateverTheEncoding) {
  for (const int64_t sparse_bytes_max : {0, 18, 100, 3000, 20000}) {
    HyperLogLog hll = Fresh(sparse_bytes_max);
    HyperLogLog::Registers model{};
    for (int i = 0; i < 6000; ++i) {
      const std::string element = std::to_string(prng_.Below(5000));
      const HyperLogLog::Trace trace = HyperLogLog::TraceOf(element);
      const bool raises = model[trace.index] < trace.value;
      model[trace.index] = std::max(model[trace.index], trace.value);
      ASSERT_EQ(hll.Add(element), raises ? Outcome::kChanged : Outcome::kSame);
      ASSERT_TRUE(HyperLogLog::LooksValid(hll.bytes()));
      if (!HyperLogLog::IsDense(hll.bytes())) {
        ASSERT_LE(static_cast<int64_t>(hll.bytes().size()),
                  std::max<int64_t>(sparse_bytes_max, 18));
      }
      if (i % 50 != 0) continue;
      ASSERT_EQ(RegistersOf(hll.bytes()), model) << i;
      ASSERT_EQ(HyperLogLog::Count(hll.bytes()), HyperLogLog::Count(model)) << i;
    }
    EXPECT_EQ(RegistersOf(hll.bytes()), model);
    EXPECT_EQ(HyperLogLog::IsDense(hll.bytes()), sparse_bytes_max <= 3000);
  }
}

TEST_F(HyperLogLogTest, RaisingAllRegistersEqualsRaisingThemOneByOneByteForByte) {
  for (int round = 0; round < 200; ++round) {
    const int64_t sparse_bytes_max = prng_.Below(2) ? 3000 : 200;
    const uint64_t elements = prng_.Below(400);
    HyperLogLog hll = Fresh(sparse_bytes_max);
    // Few values, close together, so that runs meet and merge.
    HyperLogLog::Registers one_by_one{};
    for (uint64_t i = 0; i < elements; ++i) {
      one_by_one[prng_.Below(600)] = static_cast<uint8_t>(1 + prng_.Below(3));
    }
    if (prng_.Below(4) == 0) one_by_one[prng_.Below(16384)] = 40;
    HyperLogLog::Registers other{};
    for (uint64_t i = 0; i < elements; ++i) {
      other[prng_.Below(600)] = static_cast<uint8_t>(1 + prng_.Below(3));
    }
    ASSERT_NE(hll.Raise(one_by_one), Outcome::kCorrupt);
    const std::string start(hll.bytes());
    ASSERT_NE(hll.Raise(other), Outcome::kCorrupt);
    const std::string together(hll.bytes());
    HyperLogLog again = With(start, sparse_bytes_max);
    for (uint32_t i = 0; i < other.size(); ++i) {
      if (other[i] == 0) continue;
      // A single register raised: the search begins at the first run each time.
      HyperLogLog::Registers single{};
      single[i] = other[i];
      ASSERT_NE(again.Raise(single), Outcome::kCorrupt);
    }
    ASSERT_EQ(again.bytes(), together) << round;
    for (size_t i = 0; i < other.size(); ++i) other[i] = std::max(other[i], one_by_one[i]);
    ASSERT_EQ(RegistersOf(together), other) << round;
  }
}

TEST_F(HyperLogLogTest, TurningDenseKeepsTheRegistersAndTheCachedCount) {
  HyperLogLog hll = Fresh();
  for (int i = 0; i < 500; ++i) (void)hll.Add(std::to_string(i));
  hll.SetCachedCount(77);
  const HyperLogLog::Registers before = RegistersOf(hll.bytes());
  EXPECT_EQ(hll.ToDense(), Outcome::kChanged);
  EXPECT_EQ(hll.ToDense(), Outcome::kSame);
  EXPECT_EQ(hll.bytes().size(), HyperLogLog::kDenseBytes);
  EXPECT_EQ(RegistersOf(hll.bytes()), before);
  EXPECT_EQ(HyperLogLog::CachedCount(hll.bytes()), 77u);
}

TEST_F(HyperLogLogTest, EstimatesStayWithinFourStandardErrors) {
  HyperLogLog hll = Fresh();
  uint64_t next = 100;
  for (uint64_t added = 1; added <= 300'000; ++added) {
    (void)hll.Add("element:" + std::to_string(added));
    if (added != next) continue;
    const auto count = static_cast<double>(*HyperLogLog::Count(hll.bytes()));
    EXPECT_LT(std::abs(count / static_cast<double>(added) - 1), 4 * 1.04 / 128) << added;
    next = next * 3 / 2;
  }
}

TEST_F(HyperLogLogTest, RegistersThatNoElementGivesAreCountedAsRedisDoes) {
  HyperLogLog::Registers registers;
  registers.fill(63);
  EXPECT_EQ(HyperLogLog::Count(registers), uint64_t{1} << 63);
  registers.fill(51);
  EXPECT_EQ(HyperLogLog::Count(registers), uint64_t{1} << 63);
  registers.fill(0);
  EXPECT_EQ(HyperLogLog::Count(registers), 0u);
}

TEST_F(HyperLogLogTest, OnlyStringsOfTheRightFormLookValid) {
  EXPECT_TRUE(HyperLogLog::LooksValid(Header(true)));
  EXPECT_TRUE(HyperLogLog::LooksValid(Header(false) + std::string(12288, '\0')));
  EXPECT_FALSE(HyperLogLog::LooksValid(Header(false)));
  EXPECT_FALSE(HyperLogLog::LooksValid(Header(false) + std::string(12289, '\0')));
  EXPECT_FALSE(HyperLogLog::LooksValid("HYLL"));
  EXPECT_FALSE(HyperLogLog::LooksValid(""));
  std::string other = Header(true);
  other[4] = '\xff';
  EXPECT_FALSE(HyperLogLog::LooksValid(other));
}

// Whatever bytes a client sets, every operation gives an outcome and stays inside of the string.
TEST_F(HyperLogLogTest, RandomRunsAreNeverATrap) {
  int corrupt = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string bytes = Header(true);
    for (uint64_t i = prng_.Below(40); i > 0; --i) bytes += static_cast<char>(prng_.Next());
    // Often all registers but the last few, so that some are whole and some just not.
    if (prng_.Below(2)) {
      bytes.resize(16);
      uint64_t left = 16384 - prng_.Below(3);
      while (left > 0) {
        const uint64_t run = std::min<uint64_t>(left, 1 + prng_.Below(4));
        bytes += static_cast<char>(0x80 | prng_.Below(32) << 2 | (run - 1));
        left -= run;
        if (left == 0 || prng_.Below(4) != 0) continue;
        const uint64_t zeros = std::min<uint64_t>(left, 1 + prng_.Below(16000));
        bytes += static_cast<char>(0x40 | (zeros - 1) >> 8);
        bytes += static_cast<char>(zeros - 1);
        left -= zeros;
      }
      if (prng_.Below(3) == 0) bytes += static_cast<char>(prng_.Next());
    }
    const bool counted = HyperLogLog::Count(bytes).has_value();
    HyperLogLog::Registers registers{};
    const bool merged = HyperLogLog::MergeInto(bytes, &registers);
    EXPECT_TRUE(merged || !counted);
    EXPECT_EQ(HyperLogLog::Describe(bytes).size(), HyperLogLog::DescriptionBytes(bytes));
    HyperLogLog hll = With(bytes, static_cast<int64_t>(prng_.Below(60)));
    for (int i = 0; i < 20; ++i) {
      if (hll.Add(std::to_string(prng_.Next())) == Outcome::kCorrupt) ++corrupt;
      ASSERT_TRUE(HyperLogLog::LooksValid(hll.bytes()));
    }
    (void)hll.Raise(registers);
    (void)hll.ToDense();
    ASSERT_TRUE(HyperLogLog::LooksValid(hll.bytes()));
  }
  EXPECT_GT(corrupt, 1000);
}

}  // namespace
}  // namespace kvasm::types
