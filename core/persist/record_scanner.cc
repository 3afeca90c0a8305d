// The form of a record is a text of these letters:
//
//   s  a string             1 4 8 F  so many bytes (F: 16)
//   l  a length             d        a score as text: its length in a byte, and the text
//   m  a module's value: pairs of a code and what it says, up to code 0
//   (  a number of rounds, then so many times what stands up to  )
#include "core/persist/record_scanner.h"

#include <algorithm>

#include "core/persist/reader.h"

namespace kvasm::persist {
namespace {

const char* FormOfOpcode(uint8_t code) {
  switch (static_cast<Opcode>(code)) {
    case Opcode::kSlotInfo:
      return "lll";
    case Opcode::kFunction:
      return "s";
    case Opcode::kModuleAux:
      return "lm";
    case Opcode::kIdle:
      return "l";
    case Opcode::kFrequency:
      return "1";
    case Opcode::kAux:
      return "ss";
    case Opcode::kResizeDb:
      return "ll";
    case Opcode::kExpireMs:
      return "8";
    case Opcode::kExpireSeconds:
      return "4";
    case Opcode::kSelectDb:
      return "l";
    default:
      return "";
  }
}

// Of the key and the value.
const char* FormOfType(uint8_t code) {
  switch (static_cast<ValueType>(code)) {
    case ValueType::kString:
    case ValueType::kHashZipmap:
    case ValueType::kListZiplist:
    case ValueType::kSetIntset:
    case ValueType::kZsetZiplist:
    case ValueType::kHashZiplist:
    case ValueType::kHashListpack:
    case ValueType::kZsetListpack:
    case ValueType::kSetListpack:
    case ValueType::kHashListpackExCandidate:
      return "ss";
    case ValueType::kList:
    case ValueType::kSet:
    case ValueType::kListQuicklist:
      return "s(s)";
    case ValueType::kZsetText:
      return "s(sd)";
    case ValueType::kHash:
      return "s(ss)";
    case ValueType::kZset:
      return "s(s8)";
    case ValueType::kModule:
      return "slm";
    case ValueType::kListQuicklist2:
      return "s(ls)";
    case ValueType::kStream1:
      return "s(ss)lll(sll(F8l)(s8(F)))";
    case ValueType::kStream2:
      return "s(ss)llllllll(slll(F8l)(s8(F)))";
    case ValueType::kStream3:
      return "s(ss)llllllll(slll(F8l)(s88(F)))";
    case ValueType::kHashExpiryCandidate:
      return "s(lss)";
    case ValueType::kHashExpiry:
      return "s8(lss)";
    case ValueType::kHashListpackEx:
      return "s8s";
    default:
      return "";
  }
}

uint32_t FixedBytes(char letter) {
  if (letter == 'F') return 16;
  return letter >= '1' && letter <= '8' ? static_cast<uint32_t>(letter - '0') : 0;
}

// The bytes of the string behind the head that is read here.
uint64_t StringBytes(Reader& in) {
  switch (const uint8_t first = in.Peek()) {
    case length_byte::kInt8:
    case length_byte::kInt16:
    case length_byte::kInt32:
      in.Byte();
      return uint64_t{1} << (first - length_byte::kInt8);
    case length_byte::kCompressed: {
      in.Byte();
      const uint64_t compressed_bytes = in.Length();
      in.Length();
      return compressed_bytes;
    }
    default:
      return in.Length();
  }
}

// The number that a letter begins with.
uint64_t NumberOf(char letter, Reader& in) {
  if (letter == 's') {
    const uint64_t bytes = StringBytes(in);
    if (bytes > kStringBytesMax) in.Fail(Fault::kCorrupt);
    return bytes;
  }
  if (letter != 'd') return in.Length();
  constexpr uint8_t kSaysAll = 253;
  const uint8_t bytes = in.Byte();
  return bytes < kSaysAll ? bytes : 0;
}

}  // namespace

void RecordScanner::Begin(uint8_t code) {
  *this = RecordScanner();
  at_ = code >= kOpcodeLeast ? FormOfOpcode(code) : FormOfType(code);
}

void RecordScanner::BeginBytes(uint64_t bytes) {
  *this = RecordScanner();
  skip_ = bytes;
}

size_t RecordScanner::Take(std::string_view bytes) {
  size_t taken = 0;
  while (!done()) {
    if (skip_ > 0) {
      const auto step = static_cast<size_t>(std::min<uint64_t>(skip_, bytes.size() - taken));
      skip_ -= step;
      taken += step;
      passed_ = skip_ > 0 ? passed_ + step : 0;
      if (skip_ > 0) break;
    } else if (*at_ == ')' && module_piece_ == 0) {
      EndRound();
    } else if (const uint32_t fixed = FixedBytes(letter()); fixed > 0) {
      skip_ = fixed;
      Advance();
    } else if (taken < bytes.size()) {
      taken += TakeHead(bytes.substr(taken));
    } else {
      break;
    }
  }
  return taken;
}

uint64_t RecordScanner::begun_bytes() const {
  if (head_bytes_ == 0) return passed_;
  Reader in({head_, head_bytes_});
  NumberOf(letter(), in);
  return head_bytes_ - in.position();
}

size_t RecordScanner::TakeHead(std::string_view bytes) {
  for (size_t taken = 0; taken < bytes.size();) {
    head_[head_bytes_++] = bytes[taken++];
    Reader in({head_, head_bytes_});
    const uint64_t number = NumberOf(letter(), in);
    if (in.fault() == Fault::kCutShort) continue;
    head_bytes_ = 0;
    if (!in.ok()) {
      Stop();
    } else if (letter() == '(') {
      Enter(number);
    } else if (letter() == 'm') {
      TakeModuleCode(number);
    } else {
      if (letter() != 'l') skip_ = number;
      Advance();
    }
    return taken;
  }
  return bytes.size();
}

void RecordScanner::Enter(uint64_t rounds) {
  ++at_;
  if (rounds > 0) {
    loops_[depth_++] = {at_, rounds};
    return;
  }
  for (int open = 1; open > 0; ++at_) open += *at_ == '(' ? 1 : *at_ == ')' ? -1 : 0;
}

void RecordScanner::EndRound() {
  Loop& loop = loops_[depth_ - 1];
  if (--loop.rounds > 0) {
    at_ = loop.body;
  } else {
    --depth_;
    ++at_;
  }
}

void RecordScanner::TakeModuleCode(uint64_t code) {
  switch (code) {
    case module_opcode::kEnd:
      return Advance();
    case module_opcode::kSigned:
    case module_opcode::kUnsigned:
      module_piece_ = 'l';
      return;
    case module_opcode::kFloat:
      module_piece_ = '4';
      return;
    case module_opcode::kDouble:
      module_piece_ = '8';
      return;
    case module_opcode::kString:
      module_piece_ = 's';
      return;
    default:
      Stop();
  }
}

void RecordScanner::Advance() {
  if (module_piece_ == 0) ++at_;
  module_piece_ = 0;
}

void RecordScanner::Stop() {
  at_ = "";
  module_piece_ = 0;
  skip_ = 0;
  damaged_ = true;
}

}  // namespace kvasm::persist
