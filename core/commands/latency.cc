// LATENCY: what took long, and how long commands take. LOLWUT, which takes no time at all.
#include "core/command/arguments.h"
#include "core/command/table.h"
#include "core/commands/all.h"
#include "core/commands/help.h"
#include "core/commands/latency_graph.h"
#include "core/services/latency_monitor.h"
#include "core/services/version.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using services::Histogram;
using services::LatencyMonitor;

int64_t NowSeconds(const Call& call) { return call.now_ms() / 1000; }

// --- the monitor ---

void LatencyHistory(Call& call) {
  const LatencyMonitor::Series* series = call.services.latency.Find(call.arg(2));
  if (series == nullptr) return call.reply.Array(0);
  const resp::Writer::Mark mark = call.reply.Begin();
  uint64_t samples = 0;
  series->ForEach([&](const LatencyMonitor::Sample& sample) {
    ++samples;
    call.reply.Array(2);
    call.reply.Integer(sample.time_s);
    call.reply.Integer(sample.duration_ms);
  });
  call.reply.EndArray(mark, samples);
}

void LatencyLatest(Call& call) {
  const LatencyMonitor::Events& events = call.services.latency.events();
  call.reply.Array(events.size());
  for (const auto& [event, series] : events) {
    call.reply.Array(4);
    call.reply.Bulk(event);
    call.reply.Integer(series.last().time_s);
    call.reply.Integer(series.last().duration_ms);
    call.reply.Integer(series.longest_ms());
  }
}

void LatencyReset(Call& call) {
  LatencyMonitor& monitor = call.services.latency;
  uint64_t reset = 0;
  if (call.argc() == 2) reset = monitor.ResetAll();
  for (const std::string_view event : call.args.subspan(2)) reset += monitor.Reset(event);
  call.reply.Integer(static_cast<int64_t>(reset));
}

void LatencyGraphOf(Call& call) {
  const std::string_view event = call.arg(2);
  const LatencyMonitor::Series* series = call.services.latency.Find(event);
  if (series == nullptr) return call.reply.Error(errors::NoLatencySamples(event));
  call.reply.Verbatim("txt", LatencyGraph(event, *series, NowSeconds(call)));
}

void LatencyDoctor(Call& call) {
  call.reply.Verbatim(
      "txt", LatencyReport(call.services.latency, call.services.settings(), NowSeconds(call)));
}

// --- histograms of commands ---

// Replies the durations of a command, if it has been called. True if it has.
bool ReplyHistogram(Call& call, size_t index) {
  const Histogram* durations = call.services.stats.commands[index].durations.get();
  if (durations == nullptr) return false;
  resp::Writer& reply = call.reply;
  reply.Bulk(call.table.at(index).name);
  reply.Map(2);
  reply.Bulk("calls");
  reply.Integer(static_cast<int64_t>(durations->total()));
  reply.Bulk("histogram_usec");
  const resp::Writer::Mark mark = reply.Begin();
  uint64_t steps = 0;
  durations->ForEachDoubling([&](uint64_t upper_ns, uint64_t calls) {
    ++steps;
    reply.Integer(static_cast<int64_t>(upper_ns / 1000));
    reply.Integer(static_cast<int64_t>(calls));
  });
  reply.EndMap(mark, steps);
  return true;
}

// A container stands for its subcommands.
uint64_t ReplyHistogramsOf(Call& call, size_t index) {
  uint64_t replied = ReplyHistogram(call, index) ? 1 : 0;
  if (!call.table.IsContainer(index)) return replied;
  call.table.ForEachSubcommand(index, [&](size_t subcommand, const CommandSpec&) {
    if (ReplyHistogram(call, subcommand)) ++replied;
  });
  return replied;
}

void LatencyHistogram(Call& call) {
  const resp::Writer::Mark mark = call.reply.Begin();
  uint64_t replied = 0;
  if (call.argc() == 2) {
    for (size_t i = 0; i < call.table.size(); ++i) replied += ReplyHistogram(call, i) ? 1 : 0;
  }
  for (const std::string_view name : call.args.subspan(2)) {
    if (call.reply.buffer().failed()) return;
    const int32_t index = call.table.Find(name);
    if (index != Table::kNone) replied += ReplyHistogramsOf(call, static_cast<size_t>(index));
  }
  call.reply.EndMap(mark, replied);
}

void LatencyHelp(Call& call) {
  ReplyHelp(call, {
                      "DOCTOR",
                      "    What the samples amount to, and what can be done about it.",
                      "GRAPH <event>",
                      "    A drawing of the samples of <event>.",
                      "HISTOGRAM [COMMAND ...]",
                      "    How long calls of these commands, or of all, have taken.",
                      "HISTORY <event>",
                      "    The samples of <event>: when, and how many milliseconds.",
                      "LATEST",
                      "    The last sample of each event.",
                      "RESET [<event> ...]",
                      "    Forget the samples of these events, or of all.",
                  });
}

void Lolwut(Call& call) {
  if (call.argc() >= 3) {
    Arguments in(call, 1);
    if (in.Take("VERSION")) in.Int();
    if (!in.ok()) return;
  }
  call.reply.Verbatim("txt", "Redis ver. " + std::string(services::kRedisVersion) + "\n");
}

constexpr uint32_t kLatencyFlags = kAdmin | kNoScript | kLoading | kStale;
constexpr std::string_view kLatencyTips =
    "nondeterministic_output,request_policy:all_nodes,response_policy:special";

constexpr CommandSpec kSpecs[] = {
    {.name = "latency",
     .arity = -2,
     .group = Group::kServer,
     .since = "2.8.13",
     .complexity = "Depends on the subcommand.",
     .summary = "Tells what took long."},
    {.name = "latency|doctor",
     .handler = &LatencyDoctor,
     .arity = 2,
     .group = Group::kServer,
     .flags = kLatencyFlags,
     .since = "2.8.13",
     .tips = kLatencyTips,
     .complexity = "O(1)",
     .summary = "Reports in words what took long, with advice."},
    {.name = "latency|graph",
     .handler = &LatencyGraphOf,
     .arity = 3,
     .group = Group::kServer,
     .flags = kLatencyFlags,
     .since = "2.8.13",
     .syntax = "event",
     .tips = kLatencyTips,
     .complexity = "O(1)",
     .summary = "Draws the samples of an event."},
    {.name = "latency|help",
     .handler = &LatencyHelp,
     .arity = 2,
     .group = Group::kServer,
     .flags = kLoading | kStale,
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of LATENCY."},
    {.name = "latency|histogram",
     .handler = &LatencyHistogram,
     .arity = -2,
     .group = Group::kServer,
     .flags = kLatencyFlags,
     .since = "7.0.0",
     .syntax = "[command...]",
     .tips = kLatencyTips,
     .complexity = "O(N) in the number of commands",
     .summary = "Returns how long calls of commands have taken, as a cumulative distribution."},
    {.name = "latency|history",
     .handler = &LatencyHistory,
     .arity = 3,
     .group = Group::kServer,
     .flags = kLatencyFlags,
     .since = "2.8.13",
     .syntax = "event",
     .tips = kLatencyTips,
     .complexity = "O(1)",
     .summary = "Returns the samples of an event."},
    {.name = "latency|latest",
     .handler = &LatencyLatest,
     .arity = 2,
     .group = Group::kServer,
     .flags = kLatencyFlags,
     .since = "2.8.13",
     .tips = kLatencyTips,
     .complexity = "O(1)",
     .summary = "Returns the last sample of each event."},
    {.name = "latency|reset",
     .handler = &LatencyReset,
     .arity = -2,
     .group = Group::kServer,
     .flags = kLatencyFlags,
     .since = "2.8.13",
     .syntax = "[event...]",
     .tips = "request_policy:all_nodes,response_policy:agg_sum",
     .complexity = "O(1)",
     .summary = "Forgets the samples of events. Returns how many events there were."},
    {.name = "lolwut",
     .handler = &Lolwut,
     .arity = -1,
     .group = Group::kServer,
     .flags = kReadonly | kFast,
     .since = "5.0.0",
     .syntax = "[VERSION version:integer]",
     .complexity = "O(1)",
     .summary = "Shows the version."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs LatencyCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
