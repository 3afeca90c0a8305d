#include "core/persist/manifest.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/base/numbers.h"
#include "core/resp/inline_arguments.h"

namespace kvasm::persist {
namespace {

// Redis reads lines into a buffer of this size; what is longer goes on as a line of its own.
constexpr size_t kLineBytesMax = 1024;
constexpr std::string_view kInvalid = "Invalid AOF manifest file format";

// Takes the next line off `text`, with its end if it has one.
std::string_view TakeLine(std::string_view& text) {
  const size_t end = text.find('\n');
  const size_t bytes = std::min(end == text.npos ? text.size() : end + 1, kLineBytesMax);
  const std::string_view line = text.substr(0, bytes);
  text.remove_prefix(bytes);
  return line;
}

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// As loosely as Redis reads it: what is not a number is 0, what follows it is ignored.
int64_t LooseNumber(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && base::IsSpace(text[at])) ++at;
  size_t end = at;
  if (end < text.size() && (text[end] == '-' || text[end] == '+')) ++end;
  if (at < text.size() && text[at] == '+') ++at;
  while (end < text.size() && base::IsDigit(text[end])) ++end;
  const bool negative = at < end && text[at] == '-';
  if (negative) ++at;
  while (at < end && text[at] == '0') ++at;
  if (at == end) return 0;
  const std::string_view digits = text.substr(at, end - at);
  const auto number = base::ParseInt64(digits);
  if (number) return negative ? -*number : *number;
  return negative ? INT64_MIN : INT64_MAX;
}

bool IsPlain(char c) { return c > ' ' && c <= '~' && c != '\\' && c != '"'; }

void AppendQuoted(std::string& out, std::string_view name) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kKnown = "\n\r\t\a\b\\\"";
  constexpr std::string_view kNames = "nrtab\\\"";
  out += '"';
  for (const char c : name) {
    const size_t known = kKnown.find(c);
    if (known != kKnown.npos) {
      out += '\\';
      out += kNames[known];
    } else if (c >= ' ' && c <= '~') {
      out += c;
    } else {
      out += "\\x";
      out += kHex[static_cast<uint8_t>(c) >> 4];
      out += kHex[static_cast<uint8_t>(c) & 15];
    }
  }
  out += '"';
}

void AppendLine(std::string& out, const AofFile& file) {
  out += "file ";
  if (!file.name.empty() && std::all_of(file.name.begin(), file.name.end(), IsPlain)) {
    out += file.name;
  } else {
    AppendQuoted(out, file.name);
  }
  out += " seq ";
  out += base::Int64Text(file.seq);
  out += " type ";
  out += static_cast<char>(file.type);
  out += '\n';
}

std::string NameOf(std::string_view prefix, int64_t seq, std::string_view suffix) {
  std::string name(prefix);
  name += '.';
  name += base::Int64Text(seq);
  name += suffix;
  return name;
}

AofFile Retired(AofFile file) {
  file.type = AofFile::Type::kHistory;
  return file;
}

}  // namespace

std::optional<Manifest> Manifest::Parse(std::string_view text, ManifestFault& fault) {
  Manifest manifest;
  if (text.empty()) fault.text = "Found an empty AOF manifest";
  for (uint32_t number = 1; !text.empty(); ++number) {
    const std::string_view line = TakeLine(text);
    if (line.front() == '#') continue;
    if (line.back() != '\n' || line.find('\0') != line.npos) {
      fault.text = "The AOF manifest file contains too long line";
      break;
    }
    const std::string_view content = Trim(line);
    if (manifest.AddLine(content, fault)) continue;
    fault.line = number;
    fault.line_text = content;
    break;
  }
  if (!fault.text.empty()) return std::nullopt;
  return manifest;
}

bool Manifest::AddLine(std::string_view line, ManifestFault& fault) {
  const auto fail = [&fault](std::string_view why) {
    fault.text = why;
    return false;
  };
  std::vector<std::string> words;
  // More words than needed, for what later versions may add.
  if (!resp::SplitInlineArguments(line, &words) || words.size() < 6 || words.size() % 2 != 0) {
    return fail(kInvalid);
  }
  std::optional<std::string> name;
  int64_t seq = 0;
  char type = '\0';
  for (size_t i = 0; i < words.size(); i += 2) {
    std::string& value = words[i + 1];
    if (base::EqualsIgnoreCase(words[i], "file")) {
      if (value.find_first_of("/\\") != value.npos) {
        return fail("File can't be a path, just a filename");
      }
      name = std::move(value);
    } else if (base::EqualsIgnoreCase(words[i], "seq")) {
      seq = LooseNumber(value);
    } else if (base::EqualsIgnoreCase(words[i], "type")) {
      type = value.empty() ? '\0' : value[0];
    }
  }
  if (!name || seq == 0 || type == '\0') return fail(kInvalid);
  AofFile file{std::move(*name), seq, static_cast<AofFile::Type>(type)};
  switch (file.type) {
    case AofFile::Type::kBase:
      if (base_) return fail("Found duplicate base file information");
      base_seq_ = seq;
      base_ = std::move(file);
      return true;
    case AofFile::Type::kHistory:
      history_.push_back(std::move(file));
      return true;
    case AofFile::Type::kIncrement:
      if (seq <= increment_seq_) return fail("Found a non-monotonic sequence number");
      increment_seq_ = seq;
      increments_.push_back(std::move(file));
      return true;
  }
  return fail("Unknown AOF file type");
}

std::string Manifest::Text() const {
  std::string text;
  if (base_) AppendLine(text, *base_);
  for (const AofFile& file : history_) AppendLine(text, file);
  for (const AofFile& file : increments_) AppendLine(text, file);
  return text;
}

const AofFile& Manifest::NewBase(std::string_view prefix, bool rdb) {
  if (base_) history_.insert(history_.begin(), Retired(std::move(*base_)));
  const int64_t seq = ++base_seq_;
  base_ = AofFile{NameOf(prefix, seq, rdb ? ".base.rdb" : ".base.aof"), seq, AofFile::Type::kBase};
  return *base_;
}

const AofFile& Manifest::NewIncrement(std::string_view prefix) {
  const int64_t seq = ++increment_seq_;
  increments_.push_back({NameOf(prefix, seq, ".incr.aof"), seq, AofFile::Type::kIncrement});
  return increments_.back();
}

void Manifest::RetireIncrements(bool keep_last) {
  const size_t kept = keep_last && !increments_.empty() ? 1 : 0;
  const auto end = increments_.end() - static_cast<ptrdiff_t>(kept);
  std::vector<AofFile> retired;
  for (auto at = increments_.begin(); at != end; ++at) retired.push_back(Retired(std::move(*at)));
  history_.insert(history_.begin(), retired.begin(), retired.end());
  increments_.erase(increments_.begin(), end);
}

void Manifest::AdoptOldFile(std::string_view name) {
  base_ = AofFile{std::string(name), 1, AofFile::Type::kBase};
  base_seq_ = 1;
}

std::string ManifestName(std::string_view prefix) { return std::string(prefix) + ".manifest"; }

}  // namespace kvasm::persist
