#include "core/services/monitors.h"

#include <string>

#include "core/base/numbers.h"
#include "core/resp/buffer.h"

namespace kvasm::services {
namespace {

// Quoted, with escapes for what does not print; each byte becomes four at most.
void AppendQuoted(resp::Buffer& line, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kEscaped = "\"\\\n\r\t\a\b";
  constexpr std::string_view kLetters = "\"\\nrtab";
  line.Append("\"");
  size_t plain = 0;  // where what has not been appended begins
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const size_t letter = kEscaped.find(c);
    if (letter == std::string_view::npos && c >= ' ' && c <= '~') continue;
    line.Append(text.substr(plain, i - plain));
    plain = i + 1;
    if (letter != std::string_view::npos) {
      const char escape[] = {'\\', kLetters[letter]};
      line.Append({escape, sizeof escape});
    } else {
      const auto byte = static_cast<uint8_t>(c);
      const char escape[] = {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
      line.Append({escape, sizeof escape});
    }
  }
  line.Append(text.substr(plain));
  line.Append("\"");
}

// "+1700000000.000000 [0 127.0.0.1:50000]"
std::string HeadOf(const Session& caller, int64_t now_us, bool by_script) {
  constexpr int64_t kSecond = 1'000'000;
  std::string head = "+" + base::Int64Text(now_us / kSecond) + ".";
  head += base::Int64Text(kSecond + now_us % kSecond).substr(1);
  head += " [" + base::Int64Text(caller.db) + " ";
  const std::string_view address = caller.address;
  if (by_script) {
    head += "lua";
  } else if (IsUnixSocket(caller)) {
    head += "unix:";
    head += address.substr(0, address.size() - 2);
  } else {
    head += address.empty() ? "?:0" : address;
  }
  return head + "]";
}

}  // namespace

bool Monitors::Add(Session& session) {
  if (session.monitors) return false;
  session.monitors = true;
  monitors_.push_back(&session);
  return true;
}

void Monitors::Remove(Session& session) {
  if (!session.monitors) return;
  session.monitors = false;
  std::erase(monitors_, &session);
}

void Monitors::Show(const Session& caller, std::span<const std::string_view> arguments,
                    int64_t now_us, bool by_script) {
  resp::Buffer line;
  line.Append(HeadOf(caller, now_us, by_script));
  for (const std::string_view argument : arguments) {
    line.Append(" ");
    AppendQuoted(line, argument);
    if (line.failed()) return;
  }
  line.Append("\r\n");
  if (line.failed()) return;
  const std::string_view parts[] = {line.view()};
  for (Session* monitor : monitors_) {
    if (monitor->reply_mode != ReplyMode::kOff) pubsub_.Send(*monitor, parts);
  }
}

}  // namespace kvasm::services
