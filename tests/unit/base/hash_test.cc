#include "core/base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace kvasm::base {
namespace {

// SipHash-1-3 of 0, 1, 2, ... under the key 00 01 .. 0f, as computed by the authors' program.
TEST(SipHash13, MatchesTheReferenceForEveryTailLength) {
  const HashSeed seed{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::string text;
  const uint64_t expected[] = {
      0xabac0158050fc4dc, 0xc9f49bf37d57ca93, 0x82cb9b024dc7d44d, 0x8bf80ab8e7ddf7fb,
      0xcf75576088d38328, 0xdef9d52f49533b67, 0xc50d2b50c59f22a7, 0xd3927d989bb11140,
      0x369095118d299a8e, 0x25a48eb36c063de4, 0x79de85ee92ff097f, 0x70c118c1f94dc352,
      0x78a384b157b4d9a2, 0x306f760c1229ffa7, 0x605aa111c0f95d34, 0xd320d86d2a519956};
  for (const uint64_t hash : expected) {
    EXPECT_EQ(SipHash13(seed, text), hash) << "length " << text.size();
    text.push_back(static_cast<char>(text.size()));
  }
}

TEST(SipHash13, DependsOnBothHalvesOfTheSeed) {
  const std::set<uint64_t> hashes = {SipHash13({1, 2}, "key"), SipHash13({2, 2}, "key"),
                                     SipHash13({1, 3}, "key")};
  EXPECT_EQ(hashes.size(), 3u);
}

TEST(SipHash13, ReadsNothingOutsideTheText) {
  for (size_t size = 0; size < 40; ++size) {
    const std::string exact(size, 'a');
    const std::string padded = "xyz" + exact + "suffix";
    EXPECT_EQ(SipHash13({}, exact), SipHash13({}, std::string_view(padded).substr(3, size)));
  }
}

TEST(Equal, ComparesEveryByteAtEveryLength) {
  for (size_t size = 0; size < 40; ++size) {
    const std::string a(size, 'k');
    EXPECT_TRUE(Equal(a, std::string(a)));
    EXPECT_FALSE(Equal(a, a + "k"));
    for (size_t i = 0; i < size; ++i) {
      std::string b = a;
      b[i] = 'K';
      EXPECT_FALSE(Equal(a, b)) << size << " " << i;
    }
  }
}

}  // namespace
}  // namespace kvasm::base
