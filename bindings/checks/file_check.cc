// The control plane of the tools that check files, kvasm-check-aof and kvasm-check-rdb: embind
// classes that take a file in pieces. They are a module of their own, without an engine.
#include <emscripten/bind.h>
#include <emscripten/val.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "bindings/method_of.h"
#include "core/persist/aof_check.h"
#include "core/persist/block.h"
#include "core/persist/manifest.h"
#include "core/persist/rdb_check.h"

namespace kvasm::bindings {
namespace {

using emscripten::val;
using persist::AofCheck;
using persist::AofFault;

// Where JavaScript puts the next piece.
class Input {
 public:
  // An address with room for `bytes`; 0 when memory is exhausted.
  uint32_t Reserve(uint32_t bytes) {
    return block_.Reserve(bytes) ? static_cast<uint32_t>(reinterpret_cast<uintptr_t>(block_.data()))
                                 : 0;
  }
  std::string_view Bytes(uint32_t bytes) { return {block_.data(), bytes}; }

 private:
  persist::Block block_;
};

const char* VerdictName(AofCheck::Verdict verdict) {
  using Verdict = AofCheck::Verdict;
  switch (verdict) {
    case Verdict::kMore:
      return "more";
    case Verdict::kGood:
      return "good";
    case Verdict::kFaulty:
      return "faulty";
    case Verdict::kNestedMulti:
      return "nestedMulti";
    case Verdict::kExecWithout:
      return "execWithout";
    case Verdict::kNotATime:
      return "notATime";
    default:
      return "pastTime";
  }
}

const char* KindName(AofFault::Kind kind) {
  using Kind = AofFault::Kind;
  switch (kind) {
    case Kind::kMark:
      return "mark";
    case Kind::kNumber:
      return "number";
    case Kind::kLineEnd:
    case Kind::kLineCut:
      return "lineEnd";
    case Kind::kAnnotation:
      return "annotation";
    case Kind::kBytesCut:
      return "bytesCut";
    case Kind::kTransaction:
      return "transaction";
    case Kind::kOutOfMemory:
      return "outOfMemory";
    default:
      return "cutShort";
  }
}

class AofCheckHandle {
 public:
  AofCheckHandle(double offset, double until_s)
      : check_(static_cast<uint64_t>(offset), static_cast<int64_t>(until_s)) {}

  uint32_t Reserve(uint32_t bytes) { return input_.Reserve(bytes); }
  // Takes what stands at the address given. False when there is no more to learn.
  bool Feed(uint32_t bytes) { return check_.Feed(input_.Bytes(bytes)) == AofCheck::Verdict::kMore; }
  // The outcome for a file that ends here; see bindings/js/module.ts.
  val Finish() {
    val out = val::object();
    out.set("verdict", val(VerdictName(check_.Finish())));
    out.set("okUpTo", static_cast<double>(check_.ok_up_to()));
    out.set("lines", static_cast<double>(check_.lines()));
    out.set("faultOffset", static_cast<double>(check_.fault_offset()));
    const AofFault& fault = check_.fault();
    out.set("fault", val(KindName(fault.kind)));
    out.set("expected", static_cast<int>(fault.expected));
    out.set("first", static_cast<int>(static_cast<int8_t>(fault.got[0])));
    out.set("second", static_cast<int>(static_cast<int8_t>(fault.got[1])));
    out.set("wanted", static_cast<double>(fault.wanted));
    out.set("present", static_cast<double>(fault.present));
    return out;
  }

 private:
  AofCheck check_;
  Input input_;
};

class RdbCheckHandle final : private persist::RdbCheck::Output {
 public:
  // `seed` and `more_seed` are random.
  RdbCheckHandle(const std::string& name, double now_ms, double seed, double more_seed)
      : check_(*this, static_cast<int64_t>(now_ms),
               {static_cast<uint64_t>(seed), static_cast<uint64_t>(more_seed)}) {
    check_.Begin(name);
  }

  uint32_t Reserve(uint32_t bytes) { return input_.Reserve(bytes); }
  // False at the end of the RDB file, wherever that of the bytes is, and at a fault.
  bool Feed(uint32_t bytes) {
    size_t used = 0;
    progress_ = check_.Feed(input_.Bytes(bytes), &used);
    return progress_ == persist::RdbReader::Progress::kMore;
  }
  // What has been said since the last time: lines.
  std::string TakeLines() { return std::exchange(lines_, {}); }
  val Finish() {
    if (progress_ == persist::RdbReader::Progress::kMore) progress_ = check_.Finish();
    val out = val::object();
    out.set("isGood", progress_ == persist::RdbReader::Progress::kDone);
    out.set("end", static_cast<double>(check_.offset()));
    return out;
  }

 private:
  void Line(std::string_view text) override {
    lines_ += text;
    lines_ += '\n';
  }

  std::string lines_;
  persist::RdbCheck check_;
  persist::RdbReader::Progress progress_ = persist::RdbReader::Progress::kMore;
  Input input_;
};

val FileOf(const persist::AofFile& file) {
  val out = val::object();
  out.set("name", file.name);
  out.set("seq", static_cast<double>(file.seq));
  return out;
}

// The files of a manifest, or what is wrong with it.
val ParseManifest(const std::string& text) {
  val out = val::object();
  persist::ManifestFault fault;
  const auto manifest = persist::Manifest::Parse(text, fault);
  if (!manifest) {
    out.set("fault", std::string(fault.text));
    out.set("line", fault.line);
    out.set("lineText", fault.line_text);
    return out;
  }
  if (manifest->base()) out.set("base", FileOf(*manifest->base()));
  val increments = val::array();
  for (const persist::AofFile& file : manifest->increments()) {
    increments.call<void>("push", FileOf(file));
  }
  out.set("increments", increments);
  return out;
}

}  // namespace

EMSCRIPTEN_BINDINGS(kvasm_files) {
  emscripten::class_<AofCheckHandle>("AofCheck")
      .constructor<double, double>()
      .function("reserve", kMethodOf<&AofCheckHandle::Reserve>)
      .function("feed", kMethodOf<&AofCheckHandle::Feed>)
      .function("finish", kMethodOf<&AofCheckHandle::Finish>);
  emscripten::class_<RdbCheckHandle>("RdbCheck")
      .constructor<const std::string&, double, double, double>()
      .function("reserve", kMethodOf<&RdbCheckHandle::Reserve>)
      .function("feed", kMethodOf<&RdbCheckHandle::Feed>)
      .function("takeLines", kMethodOf<&RdbCheckHandle::TakeLines>)
      .function("finish", kMethodOf<&RdbCheckHandle::Finish>);
  emscripten::function("parseManifest", &ParseManifest);
}

}  // namespace kvasm::bindings
