#include "core/persist/rdb_check.h"

#include "core/base/numbers.h"

namespace kvasm::persist {
namespace {

std::string Number(uint64_t value) { return base::Int64Text(static_cast<int64_t>(value)); }

std::string Shown(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      shown += c;
    } else {
      shown += "\\x";
      shown += kHex[byte >> 4];
      shown += kHex[byte & 15];
    }
  }
  return shown;
}

std::string_view NameOf(RdbReader::Doing doing) {
  using Doing = RdbReader::Doing;
  switch (doing) {
    case Doing::kStart:
      return "start";
    case Doing::kType:
      return "read-type";
    case Doing::kExpire:
      return "read-expire";
    case Doing::kKey:
      return "read-key";
    case Doing::kValue:
      return "read-object-value";
    case Doing::kChecksum:
      return "check-sum";
    case Doing::kLength:
      return "read-len";
    case Doing::kAux:
      return "read-aux";
    case Doing::kModuleAux:
      return "read-module-aux";
    default:
      return "read-functions";
  }
}

}  // namespace

std::vector<std::string> TellFault(const RdbReader& reader) {
  std::vector<std::string> lines{"--- RDB ERROR DETECTED ---"};
  const auto add = [&](std::string_view what, const std::string& text) {
    lines.push_back("[additional info] ");
    lines.back() += what;
    lines.back() += text;
  };
  // The tool's own word for what the server calls an encoding type.
  constexpr std::string_view kUnknownType = "Unknown RDB encoding type ";
  const std::string_view error = reader.error();
  lines.push_back("[offset " + Number(reader.offset()) + "] ");
  lines.back() += error.starts_with(kUnknownType)
                      ? "Invalid object type: " + std::string(error.substr(kUnknownType.size()))
                      : Shown(error);
  if (reader.out_of_memory()) add("Memory ran out: ", "the file may be sound");
  add("While doing: ", std::string(NameOf(reader.doing())));
  if (reader.has_key()) add("Reading key ", "'" + Shown(reader.key()) + "'");
  if (reader.type() >= 0) {
    const auto code = static_cast<uint8_t>(reader.type());
    add("Reading type ", Number(code) + " (" + std::string(TypeCodeName(code)) + ")");
  }
  return lines;
}

RdbCheck::RdbCheck(Output& output, int64_t now_ms, const base::HashSeed& seed)
    : output_(output),
      now_ms_(now_ms),
      seed_(seed),
      context_{.seed = &seed_, .limits = &limits_, .prng = &prng_},
      reader_(*this, context_, {.skip_modules = true}) {}

void RdbCheck::Begin(std::string_view name) { Info("Checking RDB file " + Shown(name)); }

RdbReader::Progress RdbCheck::Feed(std::string_view bytes, size_t* used) {
  return Conclude(reader_.Feed(bytes, used));
}

RdbReader::Progress RdbCheck::Finish() { return Conclude(reader_.Finish()); }

void RdbCheck::Info(std::string_view text) {
  std::string line = "[offset " + Number(reader_.offset()) + "] ";
  line += text;
  output_.Line(line);
}

void RdbCheck::Count(std::string_view what, uint64_t count) {
  std::string line = "[info] " + Number(count) + " ";
  line += what;
  output_.Line(line);
}

RdbReader::Progress RdbCheck::Conclude(RdbReader::Progress progress) {
  if (progress == RdbReader::Progress::kMore || concluded_) return progress;
  concluded_ = true;
  if (progress == RdbReader::Progress::kDone) {
    Info("\\o/ RDB looks OK! \\o/");
  } else {
    if (reader_.has_key()) ++counts_.keys;
    for (const std::string& line : TellFault(reader_)) output_.Line(line);
  }
  Count("keys read", counts_.keys);
  Count("expires", counts_.expires);
  Count("already expired", counts_.already_expired);
  if (counts_.empty > 0) Count("empty keys skipped", counts_.empty);
  return progress;
}

void RdbCheck::TellTypes() {
  for (size_t i = 0; i < counts_.of_type.size(); ++i) {
    const std::string name(types::TypeName(static_cast<types::Type>(i)));
    Count("of type " + name, counts_.of_type[i]);
  }
  if (counts_.modules > 0) Count("of modules", counts_.modules);
  Count("libraries of functions", counts_.functions);
}

bool RdbCheck::Aux(std::string_view name, std::string_view value) {
  Info("AUX FIELD " + Shown(name) + " = '" + Shown(value) + "'");
  return true;
}

base::Status RdbCheck::Function(std::string_view) {
  ++counts_.functions;
  return base::Status::Ok();
}

base::Status RdbCheck::SelectDb(int64_t db) {
  Info("Selecting DB ID " + base::Int64Text(db));
  return base::Status::Ok();
}

base::Status RdbCheck::Put(std::string_view, LoadedValue& value, int64_t expire_at_ms, int64_t,
                           int) {
  ++counts_.keys;
  ++counts_.of_type[static_cast<size_t>(value.type())];
  if (expire_at_ms != -1) ++counts_.expires;
  if (expire_at_ms != -1 && expire_at_ms < now_ms_) ++counts_.already_expired;
  return base::Status::Ok();
}

void RdbCheck::Empty(std::string_view) {
  ++counts_.keys;
  ++counts_.empty;
}

void RdbCheck::Module(std::string_view key, std::string_view module) {
  if (key.empty()) return Info("MODULE AUX for: " + Shown(module));
  ++counts_.keys;
  ++counts_.modules;
}

void RdbCheck::End(bool checked) {
  if (reader_.version() < kRdbVersionChecksum) return;
  Info(checked ? "Checksum OK" : "RDB file was saved with checksum disabled: no check performed.");
}

}  // namespace kvasm::persist
