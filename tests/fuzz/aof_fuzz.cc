// Append-only files and manifests, damaged. Whatever the bytes are: read in pieces of any size they
// say the same, the part that is said to be good is good, what was read can be written and read
// again, and memory is bounded by what is there.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/prng.h"
#include "core/persist/aof_check.h"
#include "core/persist/aof_reader.h"
#include "core/persist/aof_writer.h"
#include "core/persist/manifest.h"
#include "tests/fuzz/damage.h"
#include "tests/fuzz/program.h"

namespace kvasm {
namespace {

using persist::AofCheck;
using persist::AofReader;
using persist::Manifest;

struct Text {
  std::string bytes;
  void Append(std::string_view appended) { bytes += appended; }
};

// Writes what it is told again.
class Echo final : public AofReader::Target {
 public:
  Text out;
  bool Command(std::span<const std::string_view> arguments) override {
    persist::AppendRecord(out, arguments);
    return true;
  }
  bool Annotation(std::string_view line) override {
    out.Append(line);
    return true;
  }
};

// All that a reading shows, as text.
std::string Reading(std::string_view bytes, base::Prng* pieces) {
  Echo echo;
  AofReader reader(echo);
  for (size_t at = 0; at < bytes.size() && !reader.failed();) {
    const size_t most = bytes.size() - at;
    const size_t piece = pieces == nullptr ? most : 1 + pieces->Below(std::min<size_t>(most, 40));
    // On the heap, so that the sanitizer sees every look beyond it.
    const std::vector<char> copy(bytes.begin() + static_cast<ptrdiff_t>(at),
                                 bytes.begin() + static_cast<ptrdiff_t>(at + piece));
    reader.Feed({copy.data(), copy.size()});
    if (reader.memory_bytes() > 65536 + 64 * (at + piece)) return "too much memory";
    at += piece;
  }
  if (!reader.failed()) reader.Finish();
  const persist::AofFault& fault = reader.fault();
  std::string shown = std::move(echo.out.bytes);
  // What was read is what stands there: nothing is passed over.
  if (shown != bytes.substr(0, reader.offset())) return "another text";
  for (const uint64_t number :
       {uint64_t(fault.kind), fault.offset, uint64_t(uint8_t(fault.got[0])),
        uint64_t(uint8_t(fault.got[1])), fault.wanted, fault.present, reader.offset(),
        reader.good_offset(), reader.lines(), reader.commands()}) {
    shown += ' ' + std::to_string(number);
  }
  return shown;
}

struct Checked {
  AofCheck::Verdict verdict;
  uint64_t ok_up_to;
  uint64_t fault_offset;
  uint64_t lines;
  bool operator==(const Checked&) const = default;
};

Checked Check(std::string_view bytes, int64_t until_s, size_t piece_bytes) {
  AofCheck check(0, until_s);
  for (size_t at = 0; at < bytes.size(); at += piece_bytes) {
    const std::string_view piece = bytes.substr(at, piece_bytes);
    const std::vector<char> copy(piece.begin(), piece.end());
    if (check.Feed({copy.data(), copy.size()}) != AofCheck::Verdict::kMore) break;
  }
  const AofCheck::Verdict verdict = check.Finish();
  return {verdict, check.ok_up_to(), check.fault_offset(), check.lines()};
}

// False if something is not as it should be.
bool FeedCommands(std::string_view bytes) {
  base::Prng prng(bytes.size());
  const std::string whole = Reading(bytes, nullptr);
  if (whole == "another text" || whole == "too much memory") return false;
  if (Reading(bytes, &prng) != whole) return false;
  for (const int64_t until_s : {0, 5}) {
    const Checked checked = Check(bytes, until_s, SIZE_MAX / 2);
    const uint64_t good = checked.ok_up_to;
    if (good > bytes.size() || checked.fault_offset > bytes.size()) return false;
    if (checked.verdict == AofCheck::Verdict::kGood && good != bytes.size()) return false;
    if (Check(bytes, until_s, 1 + bytes.size() % 7) != checked) return false;
    const Checked again = Check(bytes.substr(0, good), until_s, 64);
    if (again.verdict != AofCheck::Verdict::kGood) return false;
  }
  return true;
}

bool FeedManifest(std::string_view text) {
  persist::ManifestFault fault;
  const auto manifest = Manifest::Parse(text, fault);
  if (!manifest) return !fault.text.empty();
  if (manifest->empty()) return true;
  const std::string written = manifest->Text();
  // Neither is a name that became too long by being quoted, nor one with an apostrophe, which
  // Redis does not quote.
  if (written.size() > 1000 || written.find('\'') != written.npos) return true;
  return Manifest::Parse(written, fault) == manifest;
}

bool FeedAny(std::string_view bytes) { return FeedCommands(bytes) && FeedManifest(bytes); }

class Generator {
 public:
  explicit Generator(uint64_t seed) : prng_(seed) {}

  std::string Next() {
    std::string bytes = prng_.Below(4) == 0 ? ManifestText() : Commands();
    if (prng_.Below(8) != 0) Damage(&bytes);
    return bytes;
  }

 private:
  template <size_t N>
  std::string_view OneOf(const std::string_view (&list)[N]) {
    return list[prng_.Below(N)];
  }
  std::string Commands() {
    static constexpr std::string_view kWords[] = {
        "SET",       "multi",
        "MULTI",     "EXEC",
        "exec",      "SELECT",
        "discard",   "",
        "0",         "k",
        "\r\n",      "*1\r\n$4\r\nEXEC\r\n",
        "#TS:9\r\n", "a rather long argument, longer than others"};
    static constexpr std::string_view kLines[] = {"#TS:1\r\n", "#TS:5\r\n", "#TS:6\r\n", "#\n",
                                                  "#TS:x\r\n"};
    Text out;
    for (uint64_t i = prng_.Below(12); i > 0; --i) {
      if (prng_.Below(4) == 0) out.Append(OneOf(kLines));
      std::vector<std::string_view> arguments;
      for (uint64_t j = 1 + prng_.Below(4); j > 0; --j) arguments.push_back(OneOf(kWords));
      persist::AppendRecord(out, arguments);
    }
    return out.bytes;
  }
  std::string ManifestText() {
    static constexpr std::string_view kNames[] = {"a.aof", "\"a b\"", "\"\\x00\"", "'q'", "a/b"};
    static constexpr std::string_view kTypes[] = {"b", "h", "i", "i", "i", "z"};
    std::string text = prng_.Below(3) == 0 ? "# comment\n" : "";
    for (uint64_t i = prng_.Below(5); i > 0; --i) {
      text += "file ";
      text += OneOf(kNames);
      text += " seq " + std::to_string(prng_.Below(9)) + " type ";
      text += OneOf(kTypes);
      text += prng_.Below(9) == 0 ? " other pair\n" : "\n";
    }
    return text;
  }
  void Damage(std::string* bytes) {
    static constexpr std::string_view kPieces[] = {
        "*",  "$",  "#",     "\r\n", "\r",  "\n",         std::string_view("\0", 1),
        "-1", "0",  "9999",  "\"",   "\\x", "2147483647", "18446744073709551616",
        "*0", "$0", "*1\r\n"};
    fuzz::Damage(prng_, bytes, kPieces, *bytes);
  }

  base::Prng prng_;
};

}  // namespace
}  // namespace kvasm

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (!kvasm::FeedAny({reinterpret_cast<const char*>(data), size})) std::abort();
  return 0;
}

#ifndef KVASM_LIBFUZZER
int main() {
  if (const char* folder = std::getenv("KVASM_FUZZ_SEEDS")) {
    kvasm::Generator generator(1);
    kvasm::fuzz::WriteSeeds(folder, 500, [&] { return generator.Next(); });
    return 0;
  }
  const uint64_t count = kvasm::fuzz::Setting("KVASM_FUZZ_COUNT", 50000);
  const uint64_t seed = kvasm::fuzz::Setting("KVASM_FUZZ_SEED", 1);
  kvasm::Generator generator(seed);
  for (uint64_t i = 0; i < count; ++i) {
    const std::string bytes = generator.Next();
    if (kvasm::FeedAny(bytes)) continue;
    std::printf("input %llu of seed %llu is not read as it should be:\n",
                static_cast<unsigned long long>(i), static_cast<unsigned long long>(seed));
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    return 1;
  }
  std::printf("%llu inputs, seed %llu\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(seed));
  return 0;
}
#endif
