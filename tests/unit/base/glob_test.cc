#include "core/base/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace kvasm::base {
namespace {

TEST(GlobMatch, MatchesLiterally) {
  EXPECT_TRUE(GlobMatch("abc", "abc"));
  EXPECT_FALSE(GlobMatch("abc", "abcd"));
  EXPECT_FALSE(GlobMatch("abcd", "abc"));
  EXPECT_TRUE(GlobMatch("", ""));
  EXPECT_FALSE(GlobMatch("", "a"));
}

TEST(GlobMatch, StarsAndQuestionMarks) {
  EXPECT_TRUE(GlobMatch("*", "anything"));
  EXPECT_TRUE(GlobMatch("a*", "a"));
  EXPECT_TRUE(GlobMatch("a**c", "abbbc"));
  EXPECT_TRUE(GlobMatch("*b*d", "abcd"));
  EXPECT_TRUE(GlobMatch("a*b*", "ab"));
  EXPECT_FALSE(GlobMatch("a*b*c", "abb"));
  EXPECT_TRUE(GlobMatch("h?llo", "hello"));
  EXPECT_FALSE(GlobMatch("h?llo", "hllo"));
  EXPECT_TRUE(GlobMatch("*a*aab", "aaaaaab"));
}

TEST(GlobMatch, AnEmptyTextMatchesOnlyTheEmptyPattern) {
  EXPECT_FALSE(GlobMatch("*", ""));
  EXPECT_TRUE(MatchesAll("*"));
  EXPECT_FALSE(MatchesAll("**"));
}

TEST(GlobMatch, Classes) {
  EXPECT_TRUE(GlobMatch("h[ae]llo", "hallo"));
  EXPECT_FALSE(GlobMatch("h[ae]llo", "hillo"));
  EXPECT_TRUE(GlobMatch("h[^e]llo", "hallo"));
  EXPECT_FALSE(GlobMatch("h[^e]llo", "hello"));
  EXPECT_TRUE(GlobMatch("h[a-c]llo", "hbllo"));
  EXPECT_TRUE(GlobMatch("h[c-a]llo", "hbllo"));
  EXPECT_TRUE(GlobMatch("[\\]]", "]"));
  EXPECT_FALSE(GlobMatch("[a-]", "-"));  // the range from ']' to 'a', unclosed
}

TEST(GlobMatch, AnUnclosedClassEndsWithThePattern) {
  EXPECT_TRUE(GlobMatch("[ab", "a"));
  EXPECT_FALSE(GlobMatch("[ab", "c"));
  EXPECT_FALSE(GlobMatch("[", "a"));
  EXPECT_TRUE(GlobMatch("[^", "a"));
  EXPECT_TRUE(GlobMatch("[a-", "-"));
}

TEST(GlobMatch, Escapes) {
  EXPECT_TRUE(GlobMatch("a\\*", "a*"));
  EXPECT_FALSE(GlobMatch("a\\*", "ab"));
  EXPECT_TRUE(GlobMatch("a\\", "a\\"));
}

TEST(GlobMatch, IgnoresCaseOnRequest) {
  EXPECT_FALSE(GlobMatch("ABC*", "abcd"));
  EXPECT_TRUE(GlobMatch("ABC*", "abcd", Case::kIgnored));
  EXPECT_TRUE(GlobMatch("[A-C]", "b", Case::kIgnored));
}

TEST(GlobMatch, HandlesBytesThatAreNotText) {
  EXPECT_TRUE(GlobMatch("?", "\xff"));
  EXPECT_TRUE(GlobMatch(std::string_view("a\0b", 3), std::string_view("a\0b", 3)));
  EXPECT_TRUE(GlobMatch("[\x80-\x90]", "\x85"));
}

// Takes 2^n steps in a matcher that retries every star.
TEST(GlobMatch, ManyStarsStayCheap) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "a*";
  EXPECT_FALSE(GlobMatch(pattern + "b", std::string(10000, 'a')));
  EXPECT_TRUE(GlobMatch(pattern, std::string(10000, 'a')));
}

TEST(GlobMatch, RefusesAbusivePatterns) {
  std::string pattern;
  for (int i = 0; i < 1100; ++i) pattern += "*a";
  EXPECT_FALSE(GlobMatch(pattern, std::string(2000, 'a')));
}

}  // namespace
}  // namespace kvasm::base
