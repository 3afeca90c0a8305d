#include "core/resp/writer.h"

#include "core/base/numbers.h"

namespace kvasm::resp {
namespace {

constexpr uint32_t kLineBytesMax = 26;

// Writes "<type><value>\r\n" at `to` (room for kLineBytesMax) and returns its length.
uint32_t WriteLine(char* to, char type, int64_t value) {
  to[0] = type;
  if (value >= 0 && value < 10) {
    to[1] = static_cast<char>('0' + value);
    to[2] = '\r';
    to[3] = '\n';
    return 4;
  }
  const size_t digits = base::FormatInt64(to + 1, value);
  to[1 + digits] = '\r';
  to[2 + digits] = '\n';
  return static_cast<uint32_t>(digits) + 3;
}

}  // namespace

void Writer::Header(char type, uint64_t count) {
  char* to = out_.Prepare(kLineBytesMax);
  if (to != nullptr) out_.Advance(WriteLine(to, type, static_cast<int64_t>(count)));
}

void Writer::End(Mark mark, char type, uint64_t count) {
  char line[kLineBytesMax];
  const uint32_t size = WriteLine(line, type, static_cast<int64_t>(count));
  out_.InsertAt(mark.at, {line, size});
}

void Writer::Simple(std::string_view text) {
  Raw("+");
  Raw(text);
  Raw("\r\n");
}

void Writer::Error(std::string_view text) {
  ++errors_;
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  Raw("-");
  char* to = out_.Prepare(static_cast<uint32_t>(text.size()));
  if (to == nullptr) return;
  for (const char c : text) *to++ = c == '\r' || c == '\n' ? ' ' : c;
  out_.Advance(static_cast<uint32_t>(text.size()));
  Raw("\r\n");
}

void Writer::Integer(int64_t value) {
  char* to = out_.Prepare(kLineBytesMax);
  if (to != nullptr) out_.Advance(WriteLine(to, ':', value));
}

void Writer::Bulk(std::string_view bytes) {
  if (bytes.size() > Buffer::kBytesMax - 64) return out_.Append(bytes);  // fails the buffer
  const auto size = static_cast<uint32_t>(bytes.size());
  char* to = out_.Prepare(size + kLineBytesMax + 2);
  if (to == nullptr) return;
  const uint32_t head = WriteLine(to, '$', size);
  if (size > 0) std::memcpy(to + head, bytes.data(), size);
  to[head + size] = '\r';
  to[head + size + 1] = '\n';
  out_.Advance(head + size + 2);
}

void Writer::BulkInteger(int64_t value) {
  char text[base::kIntCharsMax];
  Bulk({text, base::FormatInt64(text, value)});
}

void Writer::Null() { Raw(protocol_ == 2 ? "$-1\r\n" : "_\r\n"); }
void Writer::NullArray() { Raw(protocol_ == 2 ? "*-1\r\n" : "_\r\n"); }

void Writer::Bool(bool value) {
  if (protocol_ == 2) return Integer(value ? 1 : 0);
  Raw(value ? "#t\r\n" : "#f\r\n");
}

void Writer::Double(double value) {
  char text[base::kDoubleCharsMax];
  const std::string_view digits(text, base::FormatDouble(text, value));
  if (protocol_ == 2) return Bulk(digits);
  Raw(",");
  Raw(digits);
  Raw("\r\n");
}

void Writer::BigNumber(std::string_view digits) {
  if (protocol_ == 2) return Bulk(digits);
  Raw("(");
  Raw(digits);
  Raw("\r\n");
}

void Writer::Verbatim(std::string_view format, std::string_view text) {
  if (protocol_ == 2) return Bulk(text);
  Header('=', text.size() + 4);
  constexpr size_t kFormatBytes = 3;
  for (size_t i = 0; i < kFormatBytes; ++i) Raw(i < format.size() ? format.substr(i, 1) : " ");
  Raw(":");
  Raw(text);
  Raw("\r\n");
}

}  // namespace kvasm::resp
