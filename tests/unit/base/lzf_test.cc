#include "core/base/lzf.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/prng.h"

namespace kvasm::base {
namespace {

// The compressed form, "" when it takes more than `room`.
std::string Compress(std::string_view text, size_t room) {
  std::string out(room, '\0');
  out.resize(LzfCompress(text, out.data(), room));
  return out;
}

std::string Compress(std::string_view text) { return Compress(text, text.size() * 2 + 16); }

bool Expand(std::string_view compressed, size_t size, std::string* out) {
  out->assign(size, '\0');
  return LzfExpand(compressed, out->data(), size);
}

void ExpectReturns(const std::string& text) {
  std::string back;
  ASSERT_TRUE(Expand(Compress(text), text.size(), &back));
  EXPECT_EQ(back, text);
}

// Words, runs and noise: `kind` says how much of which.
std::string RandomText(Prng& prng, size_t size, uint64_t kind) {
  std::string text;
  while (text.size() < size) {
    switch (prng.Below(kind + 1)) {
      case 0:
        text += static_cast<char>(prng.Next());
        break;
      case 1:
        text.append(1 + prng.Below(600), static_cast<char>('a' + prng.Below(3)));
        break;
      default:
        text += "word" + std::to_string(prng.Below(20)) + " ";
    }
  }
  text.resize(size);
  return text;
}

TEST(Lzf, WhatIsCompressedExpandsToTheSame) {
  Prng prng(11);
  ExpectReturns("");
  ExpectReturns("a");
  ExpectReturns("aaa");
  for (int i = 0; i < 3000; ++i) {
    ExpectReturns(RandomText(prng, prng.Below(i % 100 == 0 ? 60'000 : 400), prng.Below(4)));
  }
}

TEST(Lzf, RunsBecomeShort) {
  EXPECT_LE(Compress(std::string(100, 'a')).size(), 6u);
  EXPECT_LE(Compress(std::string(264 * 100, 'a')).size(), 310u);
}

TEST(Lzf, RepetitionsAreFoundUpToTheWindowsEnd) {
  Prng prng(5);
  const std::string noise = RandomText(prng, 8192, 0);
  EXPECT_LT(Compress(noise + noise).size(), 8192u + 8192 / 32 + 200);
  const std::string more = noise + "x";
  EXPECT_GT(Compress(more + more.substr(0, 100)).size(), 8192u + 100);
}

TEST(Lzf, PlainTextShrinksToLessThanHalf) {
  std::string text;
  for (int i = 0; i < 500; ++i) {
    text += "{\"id\":" + std::to_string(i) + ",\"name\":\"user" + std::to_string(i * 7) + "\"},";
  }
  EXPECT_LT(Compress(text).size() * 2, text.size());
}

TEST(Lzf, NeverUsesMoreThanItsRoom) {
  Prng prng(7);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = RandomText(prng, 1 + prng.Below(300), prng.Below(3));
    const size_t room = prng.Below(text.size() + 8);
    std::string out(room + 8, '#');
    const size_t used = LzfCompress(text, out.data(), room);
    ASSERT_LE(used, room);
    ASSERT_EQ(out.substr(room), "########");
    std::string back;
    if (used > 0) ASSERT_TRUE(Expand(out.substr(0, used), text.size(), &back));
  }
}

TEST(Lzf, AStreamOfAnotherLengthIsRefused) {
  std::string back;
  const std::string compressed = Compress(std::string(100, 'a'));
  EXPECT_FALSE(Expand(compressed, 99, &back));
  EXPECT_FALSE(Expand(compressed, 101, &back));
  EXPECT_TRUE(Expand(compressed, 100, &back));
}

TEST(Lzf, FlawedStreamsAreRefused) {
  std::string back;
  EXPECT_FALSE(Expand(std::string("\x05"
                                  "abc",
                                  4),
                      6, &back));                              // literals cut short
  EXPECT_FALSE(Expand(std::string("\x20\x00", 2), 3, &back));  // a copy of nothing
  EXPECT_FALSE(Expand(std::string("\x00"
                                  "a\x20\x01",
                                  4),
                      4, &back));  // from before the start
  EXPECT_FALSE(Expand(std::string("\x00"
                                  "a\xe0",
                                  3),
                      20, &back));  // length cut short
  EXPECT_FALSE(Expand(std::string("\x00"
                                  "a\x20",
                                  3),
                      4, &back));  // distance cut short
  EXPECT_TRUE(Expand(std::string("\x00"
                                 "a\x20\x00",
                                 4),
                     4, &back));
  EXPECT_EQ(back, "aaaa");
}

TEST(Lzf, AnyBytesAreExpandedOrRefused) {
  Prng prng(23);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(prng.Below(40), '\0');
    for (char& byte : bytes) byte = static_cast<char>(prng.Next());
    std::string back;
    const bool valid = Expand(bytes, prng.Below(200), &back);
    if (valid) EXPECT_LE(back.size(), LzfExpandedBytesMax(bytes.size()));
  }
}

}  // namespace
}  // namespace kvasm::base
