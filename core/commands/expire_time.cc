#include "core/commands/expire_time.h"

#include <limits>

#include "core/base/numbers.h"

namespace kvasm::commands {

std::optional<int64_t> ReadPositiveExpireTime(command::Call& call, std::string_view text,
                                              ExpireUnit unit) {
  const std::optional<int64_t> given = base::ParseInt64(text);
  if (!given) {
    call.reply.Error(errors::kNotInteger);
    return std::nullopt;
  }
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  int64_t at = *given;
  bool good = at > 0 && (!unit.seconds || at <= kMost / 1000);
  if (good && unit.seconds) at *= 1000;
  if (good && !unit.absolute) {
    good = at <= kMost - call.now_ms();
    if (good) at += call.now_ms();
  }
  if (good) return at;
  call.reply.Error(errors::InvalidExpire(call.spec.name));
  return std::nullopt;
}

bool TakeExpireOption(command::Arguments& in, bool again, ExpireUnit* unit,
                      std::string_view* text) {
  static constexpr struct {
    std::string_view word;
    ExpireUnit unit;
  } kOptions[] = {{"EX", {.seconds = true, .absolute = false}},
                  {"PX", {.seconds = false, .absolute = false}},
                  {"EXAT", {.seconds = true, .absolute = true}},
                  {"PXAT", {.seconds = false, .absolute = true}}};
  for (const auto& option : kOptions) {
    if ((again && !(option.unit == *unit)) || !in.TakeWithValue(option.word)) continue;
    *unit = option.unit;
    *text = in.Next();
    return true;
  }
  return false;
}

}  // namespace kvasm::commands
