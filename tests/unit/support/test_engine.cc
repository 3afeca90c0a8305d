#include "tests/unit/support/test_engine.h"

#include <cstdlib>

#include "core/resp/inline_arguments.h"

namespace kvasm::testing {
namespace {

std::string Join(std::string_view resp, size_t* at, int64_t count, bool pairs) {
  std::string text;
  for (int64_t i = 0; i < count; ++i) {
    if (i > 0) text += ", ";
    text += Render(resp, at);
    if (pairs) text += ": " + Render(resp, at);
  }
  return text;
}

}  // namespace

std::string Render(std::string_view resp, size_t* at) {
  const size_t end = resp.find("\r\n", *at);
  if (end == std::string_view::npos) return "(incomplete)";
  const char type = resp[*at];
  const std::string line(resp.substr(*at + 1, end - *at - 1));
  *at = end + 2;
  const int64_t count = std::atoll(line.c_str());
  switch (type) {
    case '$':
    case '=': {
      if (count < 0) return "(nil)";
      const std::string bulk(resp.substr(*at, static_cast<size_t>(count)));
      *at += static_cast<size_t>(count) + 2;
      return "\"" + bulk + "\"";
    }
    case '_':
      return "(nil)";
    case '*':
      return count < 0 ? "(nil)" : "[" + Join(resp, at, count, false) + "]";
    case '~':
      return "~[" + Join(resp, at, count, false) + "]";
    case '>':
      return ">[" + Join(resp, at, count, false) + "]";
    case '%':
      return "{" + Join(resp, at, count, true) + "}";
    default:
      return type + line;
  }
}

std::string Taken(services::Session& session) {
  std::string bytes(session.out.view());
  session.out.Clear();
  return bytes;
}

void ListJournal::Record(std::span<const std::string_view> arguments) {
  std::string line;
  for (const std::string_view argument : arguments) {
    if (!line.empty()) line += ' ';
    line += argument;
  }
  records.push_back(line);
}

TestEngine::TestEngine(int64_t script_limit_ms)
    : engine(host, {.has_seed = true, .seed = 42, .script_limit_ms = script_limit_ms}),
      session_(engine.Open({})) {
  session_.reply.set_protocol(2);
}

std::string TestEngine::Run(std::string_view line) { return Run(session_, line); }

std::string TestEngine::Run(services::Session& session, std::string_view line) {
  std::vector<std::string> arguments;
  if (!resp::SplitInlineArguments(line, &arguments) || arguments.empty()) return "(bad line)";
  const std::vector<std::string_view> views(arguments.begin(), arguments.end());
  engine.Execute(session, views);
  const std::string reply(session.out.view());
  session.out.Clear();
  size_t at = 0;
  return reply.empty() ? "" : Render(reply, &at);
}

std::string TestEngine::RunArgs(const std::vector<std::string>& arguments) {
  const std::vector<std::string_view> views(arguments.begin(), arguments.end());
  engine.Execute(session_, views);
  const std::string reply(session_.out.view());
  session_.out.Clear();
  size_t at = 0;
  return reply.empty() ? "" : Render(reply, &at);
}

std::string TestEngine::Raw(services::Session& session, std::string_view bytes) {
  engine.Feed(session, bytes);
  std::string reply(session.out.view());
  session.out.Clear();
  while (session.input_held) {
    engine.Feed(session, {});
    reply += session.out.view();
    session.out.Clear();
  }
  return reply;
}

services::Session& TestEngine::OpenNetwork() {
  return engine.Open({.network = true, .address = "127.0.0.1:50000"});
}

}  // namespace kvasm::testing
