#include "core/persist/rdb_reader.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "core/base/numbers.h"

namespace kvasm::persist {
namespace {

constexpr size_t kMagicBytes = sizeof kRdbMagic + kRdbVersionDigits;

// "0011" is 11; what is no digit ends it.
int VersionOf(std::string_view digits) {
  int version = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') break;
    version = version * 10 + (digit - '0');
  }
  return version;
}

bool IsType(uint8_t code) {
  constexpr auto kLast = static_cast<uint8_t>(ValueType::kHashListpackEx);
  return code <= kLast && code != 6 && code != 8;
}

// The name of a module's type is in the upper 54 bits of its number: 9 characters of 6 bits.
struct ModuleName {
  static constexpr int kChars = 9;
  char text[kChars];

  explicit ModuleName(uint64_t id) {
    constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    id >>= 10;
    for (int i = kChars; i-- > 0; id >>= 6) text[i] = kAlphabet[id & 63];
  }
  std::string_view view() const { return {text, kChars}; }
};

}  // namespace

RdbReader::Progress RdbReader::progress() const {
  if (state_ == State::kDone) return Progress::kDone;
  return state_ == State::kFailed ? Progress::kFailed : Progress::kMore;
}

void RdbReader::Sum(std::string_view bytes) {
  if (options_.verify_checksum) checksum_.Add(bytes);
}

RdbReader::Progress RdbReader::Feed(std::string_view bytes, size_t* used) {
  const bool sums = state_ < State::kChecksum;
  size_t at = 0;
  while (at < bytes.size() && state_ < State::kChecksum) at += Step(bytes.substr(at));
  if (sums) Sum(bytes.substr(0, at));
  while (at < bytes.size() && state_ < State::kDone) at += Step(bytes.substr(at));
  *used = at;
  return progress();
}

RdbReader::Progress RdbReader::Finish() {
  if (state_ >= State::kDone) return progress();
  if (state_ == State::kRecords) doing_ = Doing::kType;
  if (state_ == State::kChecksum) doing_ = Doing::kChecksum;
  // What there is of the last record may be wrong besides.
  NameWhatIsKept();
  if (state_ >= State::kDone) return progress();
  cut_short_ = true;
  if (kept_.size() != 0) offset_ -= scanner_.begun_bytes();
  Fail("Unexpected EOF reading RDB file");
  return progress();
}

// Before the fault that no more of a record can be had: notes its key, or a fault in what there is.
void RdbReader::NameWhatIsKept() {
  if (kept_.size() == 0) return;
  const uint64_t end = offset_;
  size_t used = 0;
  Parse(kept_.view(), &used);
  if (state_ < State::kDone) offset_ = end;
}

// Reads one record, or keeps what there is of it. Returns the bytes used, more than none.
size_t RdbReader::Step(std::string_view bytes) {
  if (kept_.size() != 0) return Gather(bytes);
  size_t used = 0;
  record_offset_ = offset_;
  return Parse(bytes, &used) == Outcome::kCut ? BeginGathering(bytes) : used;
}

size_t RdbReader::BeginGathering(std::string_view bytes) {
  if (state_ == State::kRecords) {
    kept_.Append(bytes.substr(0, 1));
    scanner_.Begin(static_cast<uint8_t>(bytes[0]));
    return 1 + Gather(bytes.substr(1));
  }
  scanner_.BeginBytes(state_ == State::kMagic ? kMagicBytes : sizeof(uint64_t));
  return Gather(bytes);
}

size_t RdbReader::Gather(std::string_view bytes) {
  const size_t taken = scanner_.Take(bytes);
  const uint64_t size = uint64_t{kept_.size()} + taken;
  if (size > kept_.capacity()) {
    // Half as much more each time, as what follows is not known, and twice as much at most, as what
    // a file claims may be wrong.
    const uint64_t known = size + scanner_.known_bytes();
    const uint64_t wanted =
        std::min<uint64_t>({std::max(known, size + size / 2), size * 2, SIZE_MAX});
    if (!kept_.Reserve(static_cast<size_t>(wanted)) && !kept_.Reserve(static_cast<size_t>(size))) {
      NameWhatIsKept();
      if (state_ != State::kFailed) FailOf(Reader({}), Fault::kOutOfMemory);
      return taken;
    }
  }
  kept_.Append(bytes.substr(0, taken));
  offset_ = record_offset_ + kept_.size();
  if (!scanner_.done()) return taken;
  size_t used = 0;
  if (Parse(kept_.view(), &used) == Outcome::kCut) FailOf(Reader({}), Fault::kCorrupt);
  kept_.Clear();
  return taken;
}

RdbReader::Outcome RdbReader::Parse(std::string_view record, size_t* used) {
  Reader in(record);
  record_ = record;
  Outcome outcome = Outcome::kFault;
  if (state_ == State::kRecords) {
    outcome = ParseRecord(in);
  } else if (state_ == State::kMagic) {
    outcome = ParseMagic(in);
  } else {
    outcome = ParseChecksum(in);
  }
  *used = in.position();
  if (outcome != Outcome::kCut) offset_ = record_offset_ + in.position();
  return outcome;
}

// What a reader that came to the end of a record tells.
RdbReader::Outcome RdbReader::Read(const Reader& in) {
  if (in.fault() == Fault::kCutShort) return Outcome::kCut;
  if (!in.ok()) return FailOf(in, in.fault());
  offset_ = record_offset_ + in.position();
  return Outcome::kWhole;
}

RdbReader::Outcome RdbReader::Fail(std::string_view what, std::string_view detail) {
  state_ = State::kFailed;
  error_ = what;
  error_ += detail;
  return Outcome::kFault;
}

RdbReader::Outcome RdbReader::FailOf(const Reader& in, Fault fault) {
  if (in.position() > 0) offset_ = record_offset_ + in.position();
  if (fault == Fault::kOutOfMemory) {
    out_of_memory_ = true;
    return Fail("Out of memory reading RDB file");
  }
  return Fail(in.cause().empty() ? "Invalid data in RDB file" : in.cause());
}

RdbReader::Outcome RdbReader::ParseMagic(Reader& in) {
  const std::string_view magic = in.Bytes(kMagicBytes);
  if (const Outcome outcome = Read(in); outcome != Outcome::kWhole) return outcome;
  if (magic.substr(0, sizeof kRdbMagic) != std::string_view(kRdbMagic, sizeof kRdbMagic)) {
    return Fail("Wrong signature trying to load DB from file");
  }
  version_ = VersionOf(magic.substr(sizeof kRdbMagic));
  if (version_ < 1 || version_ > kRdbVersionMost) {
    return Fail("Can't handle RDB format version ", base::Int64Text(version_));
  }
  state_ = State::kRecords;
  return Outcome::kWhole;
}

RdbReader::Outcome RdbReader::ParseChecksum(Reader& in) {
  doing_ = Doing::kChecksum;
  const uint64_t expected = in.Fixed64();
  if (const Outcome outcome = Read(in); outcome != Outcome::kWhole) return outcome;
  const bool checked = options_.verify_checksum && expected != 0;
  if (checked && expected != checksum_.value()) return Fail("RDB CRC error");
  state_ = State::kDone;
  target_.End(checked);
  return Outcome::kWhole;
}

RdbReader::Outcome RdbReader::ParseRecord(Reader& in) {
  doing_ = Doing::kType;
  const uint8_t code = in.Byte();
  if (code >= kOpcodeLeast) return ParseOpcode(in, static_cast<Opcode>(code));
  if (!IsType(code)) {
    return Fail("Unknown RDB encoding type ", base::Int64Text(code));
  }
  return ParseKey(in, code);
}

RdbReader::Outcome RdbReader::ParseOpcode(Reader& in, Opcode code) {
  switch (code) {
    case Opcode::kAux:
      return ParseAux(in);
    case Opcode::kFunction:
      return ParseFunction(in);
    case Opcode::kFunctionCandidate:
      return Fail("Pre-release function format not supported.");
    case Opcode::kModuleAux:
      doing_ = Doing::kModuleAux;
      return ParseModule(in, {}, false);
    case Opcode::kSlotInfo:
      doing_ = Doing::kLength;
      for (int i = 0; i < 3; ++i) in.Length();
      return Read(in);
    case Opcode::kSelectDb: {
      doing_ = Doing::kLength;
      const uint64_t db = in.Length();
      if (const Outcome outcome = Read(in); outcome != Outcome::kWhole) return outcome;
      const int64_t known = db > INT64_MAX ? INT64_MAX : static_cast<int64_t>(db);
      const base::Status status = target_.SelectDb(known);
      return status ? Outcome::kWhole : Fail(status.error());
    }
    case Opcode::kResizeDb: {
      doing_ = Doing::kLength;
      const uint64_t keys = in.Length();
      const uint64_t volatile_keys = in.Length();
      const Outcome outcome = Read(in);
      if (outcome == Outcome::kWhole) target_.Resize(keys, volatile_keys);
      return outcome;
    }
    case Opcode::kEof:
      return ParseEnd(in);
    default:
      return ParseAboutNextKey(in, code);
  }
}

RdbReader::Outcome RdbReader::ParseAboutNextKey(Reader& in, Opcode code) {
  constexpr int64_t kMsPerSecond = 1000;
  if (code == Opcode::kExpireMs || code == Opcode::kExpireSeconds) doing_ = Doing::kExpire;
  int64_t value = 0;
  if (code == Opcode::kExpireMs) {
    value = static_cast<int64_t>(in.Fixed64());
  } else if (code == Opcode::kExpireSeconds) {
    const std::string_view bytes = in.Bytes(sizeof(int32_t));
    if (in.ok()) value = static_cast<int32_t>(base::Load32(bytes.data())) * kMsPerSecond;
  } else if (code == Opcode::kIdle) {
    value = static_cast<int64_t>(std::min<uint64_t>(in.Length(), INT64_MAX));
  } else {
    value = in.Byte();
  }
  const Outcome outcome = Read(in);
  if (outcome != Outcome::kWhole) return outcome;
  if (code == Opcode::kIdle) {
    idle_s_ = value;
  } else if (code == Opcode::kFrequency) {
    frequency_ = static_cast<int>(value);
  } else {
    expire_at_ms_ = value;
  }
  return outcome;
}

RdbReader::Outcome RdbReader::ParseAux(Reader& in) {
  doing_ = Doing::kAux;
  const std::string_view name = in.String(text_);
  const std::string_view value = in.String(more_text_);
  const Outcome outcome = Read(in);
  if (outcome != Outcome::kWhole || target_.Aux(name, value)) return outcome;
  return Fail("Refused AUX field ", name);
}

RdbReader::Outcome RdbReader::ParseFunction(Reader& in) {
  doing_ = Doing::kFunction;
  const std::string_view code = in.String(text_);
  if (const Outcome outcome = Read(in); outcome != Outcome::kWhole) return outcome;
  const base::Status status = target_.Function(code);
  return status ? Outcome::kWhole : Fail("Failed loading library, ", status.error());
}

RdbReader::Outcome RdbReader::ParseKey(Reader& in, uint8_t type) {
  doing_ = Doing::kKey;
  type_ = type;
  const std::string_view key = in.String(text_);
  Outcome outcome = Read(in);
  if (outcome == Outcome::kWhole) {
    doing_ = Doing::kValue;
    outcome = type == static_cast<uint8_t>(ValueType::kModule) ? ParseModule(in, key, true)
                                                               : ParseValue(in, type, key);
    has_key_ = outcome != Outcome::kWhole;
    if (has_key_) key_ = key;
  }
  if (outcome != Outcome::kWhole) return outcome;
  type_ = -1;
  expire_at_ms_ = -1;
  idle_s_ = -1;
  frequency_ = -1;
  return outcome;
}

RdbReader::Outcome RdbReader::ParseValue(Reader& in, uint8_t type, std::string_view key) {
  if (!target_.WantsKey(key, expire_at_ms_)) return PassOver(in);
  LoadedValue value;
  const Fault fault = LoadValue(in, type, context_, value);
  if (fault == Fault::kCutShort) return Outcome::kCut;
  if (fault == Fault::kEmpty) {
    const Outcome outcome = Read(in);
    if (outcome == Outcome::kWhole) target_.Empty(key);
    return outcome;
  }
  if (fault != Fault::kNone) return FailOf(in, fault);
  offset_ = record_offset_ + in.position();
  const base::Status status = target_.Put(key, value, expire_at_ms_, idle_s_, frequency_);
  return status ? Outcome::kWhole : Fail(status.error());
}

RdbReader::Outcome RdbReader::ParseModule(Reader& in, std::string_view key, bool of_key) {
  const ModuleName name(in.Length());
  if (!in.ok()) return Read(in);
  if (of_key && !options_.skip_modules) {
    return Fail("The RDB file contains module data I can't load: no matching module type ",
                "'" + std::string(name.view()) + "'");
  }
  const Outcome outcome = PassOver(in);
  if (outcome == Outcome::kWhole) target_.Module(key, name.view());
  return outcome;
}

// Moves behind the record.
RdbReader::Outcome RdbReader::PassOver(Reader& in) {
  RecordScanner scanner;
  scanner.Begin(static_cast<uint8_t>(record_[0]));
  const size_t taken = 1 + scanner.Take(record_.substr(1));
  if (!scanner.done()) return Outcome::kCut;
  in.Bytes(taken - in.position());
  if (scanner.damaged()) in.Fail(Fault::kCorrupt);
  return Read(in);
}

RdbReader::Outcome RdbReader::ParseEnd(Reader& in) {
  const Outcome outcome = Read(in);
  if (version_ >= kRdbVersionChecksum) {
    state_ = State::kChecksum;
  } else {
    state_ = State::kDone;
    target_.End(false);
  }
  return outcome;
}

std::string RdbReader::Describe() const {
  std::string text = error_ + " (offset " + base::Int64Text(static_cast<int64_t>(offset_));
  if (type_ >= 0) {
    text += ", type " + base::Int64Text(type_) + " ";
    text += TypeCodeName(static_cast<uint8_t>(type_));
  }
  if (has_key_) text += ", key '" + key_ + "'";
  return text + ")";
}

}  // namespace kvasm::persist
