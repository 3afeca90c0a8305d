// The control plane: one embind class, for what is not on the path of a command.
#include <emscripten/bind.h>
#include <emscripten/val.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "bindings/door.h"
#include "bindings/method_of.h"
#include "core/base/alloc.h"
#include "core/base/errors.h"
#include "core/base/hash.h"
#include "core/base/sha1.h"
#include "core/command/access.h"
#include "core/services/tracking.h"

namespace kvasm::bindings {
namespace {

using emscripten::val;

std::string TextOf(const val& options, const char* name) { return options[name].as<std::string>(); }

// Seeds are given as text of any form; equal texts give equal engines.
uint64_t SeedOf(const std::string& text) { return base::SipHash13({0, 0}, text); }

engine::Options ReadOptions(const val& options) {
  const std::string seed = TextOf(options, "seed");
  return {
      .has_seed = !seed.empty(),
      .seed = SeedOf(seed),
      .standalone = TextOf(options, "serverMode") == "standalone",
      .process_id = static_cast<int64_t>(options["processId"].as<double>()),
      .system_memory_bytes = static_cast<uint64_t>(options["systemMemoryBytes"].as<double>()),
      .script_limit_ms = static_cast<int64_t>(options["scriptLimitMs"].as<double>()),
      .executable = TextOf(options, "executable"),
      .config_file = TextOf(options, "configFile"),
  };
}

void AppendLine(std::string* text, std::string_view line) {
  if (!text->empty()) text->push_back('\n');
  text->append(line);
}

const char* KindName(services::Effect::Kind kind) {
  using Kind = services::Effect::Kind;
  switch (kind) {
    case Kind::kAclLoad:
      return "aclLoad";
    case Kind::kAclSave:
      return "aclSave";
    case Kind::kConfigRewrite:
      return "configRewrite";
    case Kind::kConfigSet:
      return "configSet";
    case Kind::kCrash:
      return "crash";
    case Kind::kDone:
      return "done";
    case Kind::kShutdown:
      return "shutdown";
    default:
      return "config";
  }
}

// Bytes, not text: names and patterns may be of any.
val BytesOf(std::string_view bytes) {
  const val view(emscripten::typed_memory_view(bytes.size(), bytes.data()));
  return val::global("Uint8Array").new_(view);
}

// Those whose parts go by the names of the kind; see bindings/js/module.ts.
val PlainEffect(const services::Effect& effect) {
  using Kind = services::Effect::Kind;
  val out = val::object();
  out.set("kind", val(KindName(effect.kind)));
  out.set("session", static_cast<double>(effect.session));
  switch (effect.kind) {
    case Kind::kAclLoad:
      out.set("file", effect.name);
      break;
    case Kind::kAclSave:
    case Kind::kConfigRewrite:
      out.set("file", effect.name);
      out.set("content", BytesOf(effect.value));
      break;
    case Kind::kDone:
      out.set("error", effect.value);
      break;
    case Kind::kCrash:
      out.set("signal", effect.name);
      out.set("reason", effect.value);
      break;
    default:
      out.set("name", effect.name);
      out.set("value", effect.value);
  }
  return out;
}

const char* LevelName(host::LogLevel level) {
  switch (level) {
    case host::LogLevel::kDebug:
      return "debug";
    case host::LogLevel::kVerbose:
      return "verbose";
    case host::LogLevel::kNotice:
      return "notice";
    default:
      return "warning";
  }
}

class EngineHandle {
 public:
  explicit EngineHandle(val options) {
    base::SetHeapLimit(static_cast<uint64_t>(options["memoryLimitBytes"].as<double>()));
    door_ = std::make_unique<Door>(ReadOptions(options));
    SetTheDoor(door_.get());
  }
  ~EngineHandle() { SetTheDoor(nullptr); }

  double OpenSession(int kind, const std::string& address, const std::string& local_address) {
    services::Session& session =
        engine().Open({.network = kind == 1, .address = address, .local_address = local_address});
    return static_cast<double>(session.id);
  }
  // Gives a session the user of another, unless that is the program itself, and its database.
  void TakeAfter(double id, double other, bool with_database) {
    services::Session& session = *engine().Find(static_cast<uint64_t>(id));
    const services::Session& model = *engine().Find(static_cast<uint64_t>(other));
    if (with_database) session.db = model.db;
    if (model.user == &engine().acl().host_user()) return;
    session.user = model.user;
    session.authenticated = model.authenticated;
  }
  int DatabaseOf(double id) { return engine().Find(static_cast<uint64_t>(id))->db; }
  // The name of a session's user; "" if it is the program itself.
  std::string UserOf(double id) {
    const services::AclUser* user = engine().Find(static_cast<uint64_t>(id))->user;
    return user == &engine().acl().host_user() ? std::string() : user->name();
  }
  // Whether a session's user may run a command without arguments: "" or the error.
  std::string RefusalOf(double id, uint32_t index) {
    const services::AclUser& user = *engine().Find(static_cast<uint64_t>(id))->user;
    const command::CommandSpec& spec = engine().table().at(index);
    const std::string_view args[] = {spec.name};
    if (command::CheckAccess(user, spec, index, args).ok()) return {};
    return errors::NoPermission(errors::DeniedCommand(user.name(), spec.name));
  }
  // As CLIENT TRACKING ON.
  void Track(double id) {
    services::Session& session = *engine().Find(static_cast<uint64_t>(id));
    engine().services().tracking.Enable(session, {}, {});
  }
  void CloseSession(double id) { engine().Close(static_cast<uint64_t>(id)); }

  val ConfigGet(const std::string& name) {
    std::string value;
    return engine().config().Get(name, &value) ? val(value) : val::undefined();
  }
  std::string ConfigSet(const std::string& name, const std::string& value) {
    const services::Config::Pair pair{name, value};
    const base::Status status =
        engine().config().Set({&pair, 1}, services::Config::Source::kStartup);
    return status.ok() ? std::string() : std::string(status.error());
  }
  // Names come as lines of one text: pushing them one by one into an array took 4 ms of start-up.
  std::string ConfigNames() {
    std::string names;
    for (const std::string& name : engine().config().Names()) AppendLine(&names, name);
    return names;
  }
  // A "user" directive: name and rules. "" or what is wrong.
  std::string DefineUser(const val& words) {
    const auto kept = emscripten::vecFromJSArray<std::string>(words);
    const std::vector<std::string_view> views(kept.begin(), kept.end());
    const base::Status status = engine().acl().Define(views);
    return status.ok() ? std::string() : std::string(status.error());
  }
  // A "rename-command" directive. "" or what is wrong.
  std::string RenameCommand(const std::string& from, const std::string& to) {
    return std::string(engine().RenameCommand(from, to));
  }
  // The users of a file, at start-up. "" or what is wrong.
  std::string LoadUsers(const std::string& file, const std::string& text) {
    const base::Status status = engine().LoadUsers(file, text);
    return status.ok() ? std::string() : std::string(status.error());
  }
  void EndAclLoad(double session, bool read, const std::string& text) {
    engine().EndAclLoad(static_cast<uint64_t>(session), read, text);
  }
  void EndAclSave(double session, bool written) {
    engine().EndAclSave(static_cast<uint64_t>(session), written);
  }
  void EndConfigRewrite(double session, const std::string& reason) {
    engine().EndConfigRewrite(static_cast<uint64_t>(session), reason);
  }
  void EndConfigSet(double session, const std::string& name, const std::string& reason) {
    engine().EndConfigSet(static_cast<uint64_t>(session), name, reason);
  }
  // Files: from now on there are some; `done` effects with the id tell of the end of what is asked
  // for, and why it failed.
  void StartStorage(double id) { engine().durability().Start(Told(id)); }
  void LoadFile(const std::string& path, double id) {
    engine().durability().LoadFile(path, Told(id));
  }
  void SaveTo(const std::string& path, double id) {
    const base::Status status = engine().durability().SaveTo(path, Told(id));
    if (!status.ok()) Told(id)(status.error());
  }
  void WhenSaved(double id) { engine().durability().WhenSaved(Told(id)); }
  void WhenRewritten(double id) { engine().durability().WhenRewritten(Told(id)); }
  void EndStorage(double id) {
    engine().durability().PrepareShutdown(durability::ShutdownSave::kAsConfigured, false, Told(id));
  }
  // As SHUTDOWN: `save` is "", "SAVE" or "NOSAVE".
  void Shutdown(const std::string& save, bool force) {
    using durability::ShutdownSave;
    engine().Shutdown(save.empty()     ? ShutdownSave::kAsConfigured
                      : save == "SAVE" ? ShutdownSave::kYes
                                       : ShutdownSave::kNo,
                      force);
  }
  // Ends the script a session waits for: `kind` is "script" or "function", as of the KILL command
  // that is meant, or "" for either. "" or why not; undefined if it runs none.
  val KillScript(double session, const std::string& kind) {
    if (!engine().RunsScript(static_cast<uint64_t>(session))) return val::undefined();
    const bool is_eval = kind.empty() ? engine().is_eval_suspended() : kind == "script";
    const base::Status killed = engine().KillScript(is_eval);
    return val(killed.ok() ? std::string() : std::string(killed.error()));
  }
  // What EVALSHA knows a script by.
  std::string ScriptSha(const std::string& script) { return base::HexText(base::Sha1(script)); }
  std::string CommandNames() {
    std::string names;
    const command::Table& table = engine().table();
    for (size_t i = 0; i < table.size(); ++i) AppendLine(&names, table.at(i).name);
    return names;
  }

  val TakeEffects() {
    val effects = val::array();
    for (const QueuedLog::Line& line : door_->log().Take()) {
      val out = val::object();
      out.set("kind", val("log"));
      out.set("level", val(LevelName(line.level)));
      out.set("text", line.text);
      effects.call<void>("push", out);
    }
    for (const services::Effect& effect : engine().effects().Take()) {
      effects.call<void>("push", PlainEffect(effect));
    }
    return effects;
  }

  double Stat(const std::string& name) {
    if (name == "used_memory") return static_cast<double>(base::HeapUsedBytes());
    if (name == "used_memory_peak") return static_cast<double>(base::HeapPeakBytes());
    if (name == "connected_clients") return static_cast<double>(engine().sessions().size());
    if (name == "total_commands_processed") {
      return static_cast<double>(engine().stats().total_commands_processed);
    }
    // When the first of the waiting sessions gives up; -1 when none ever does.
    if (name == "wait_deadline_ms") {
      if (engine().has_suspended_script()) return 0;
      return static_cast<double>(engine().waiters().NextDeadlineMs());
    }
    // Whether anybody who can connect may use the default user.
    if (name == "default_user_nopass") return engine().acl().default_user().nopass() ? 1 : 0;
    if (name == "shutting_down") return engine().durability().is_shutting_down() ? 1 : 0;
    if (name == "loading") return engine().durability().is_loading() ? 1 : 0;
    const durability::Loader* loader = engine().durability().loader();
    if (name == "loading_total_bytes") {
      return loader == nullptr ? 0 : static_cast<double>(loader->progress().bytes_total);
    }
    if (name == "loading_loaded_bytes") {
      return loader == nullptr ? 0 : static_cast<double>(loader->progress().bytes_loaded);
    }
    if (name == "expired_keys") {
      return static_cast<double>(engine().keyspace().stats().expired_keys);
    }
    return -1;
  }
  void NoteRejectedConnection() { ++engine().stats().rejected_connections; }
  void NoteNetwork(double bytes_in, double bytes_out) {
    engine().stats().net_input_bytes += static_cast<uint64_t>(bytes_in);
    engine().stats().net_output_bytes += static_cast<uint64_t>(bytes_out);
  }

 private:
  engine::Engine& engine() { return door_->engine(); }
  durability::Durability::Done Told(double id) {
    return [this, id](std::string_view error) {
      engine().effects().Add({.kind = services::Effect::Kind::kDone,
                              .value = std::string(error),
                              .session = static_cast<uint64_t>(id)});
    };
  }

  std::unique_ptr<Door> door_;
};

}  // namespace

EMSCRIPTEN_BINDINGS(kvasm) {
  emscripten::class_<EngineHandle>("Engine")
      .constructor<val>()
      .function("openSession", kMethodOf<&EngineHandle::OpenSession>)
      .function("takeAfter", kMethodOf<&EngineHandle::TakeAfter>)
      .function("databaseOf", kMethodOf<&EngineHandle::DatabaseOf>)
      .function("userOf", kMethodOf<&EngineHandle::UserOf>)
      .function("refusalOf", kMethodOf<&EngineHandle::RefusalOf>)
      .function("track", kMethodOf<&EngineHandle::Track>)
      .function("closeSession", kMethodOf<&EngineHandle::CloseSession>)
      .function("configGet", kMethodOf<&EngineHandle::ConfigGet>)
      .function("configSet", kMethodOf<&EngineHandle::ConfigSet>)
      .function("configNames", kMethodOf<&EngineHandle::ConfigNames>)
      .function("defineUser", kMethodOf<&EngineHandle::DefineUser>)
      .function("renameCommand", kMethodOf<&EngineHandle::RenameCommand>)
      .function("loadUsers", kMethodOf<&EngineHandle::LoadUsers>)
      .function("endAclLoad", kMethodOf<&EngineHandle::EndAclLoad>)
      .function("endAclSave", kMethodOf<&EngineHandle::EndAclSave>)
      .function("endConfigRewrite", kMethodOf<&EngineHandle::EndConfigRewrite>)
      .function("endConfigSet", kMethodOf<&EngineHandle::EndConfigSet>)
      .function("startStorage", kMethodOf<&EngineHandle::StartStorage>)
      .function("loadFile", kMethodOf<&EngineHandle::LoadFile>)
      .function("saveTo", kMethodOf<&EngineHandle::SaveTo>)
      .function("shutdown", kMethodOf<&EngineHandle::Shutdown>)
      .function("whenSaved", kMethodOf<&EngineHandle::WhenSaved>)
      .function("whenRewritten", kMethodOf<&EngineHandle::WhenRewritten>)
      .function("endStorage", kMethodOf<&EngineHandle::EndStorage>)
      .function("killScript", kMethodOf<&EngineHandle::KillScript>)
      .function("scriptSha", kMethodOf<&EngineHandle::ScriptSha>)
      .function("commandNames", kMethodOf<&EngineHandle::CommandNames>)
      .function("takeEffects", kMethodOf<&EngineHandle::TakeEffects>)
      .function("stat", kMethodOf<&EngineHandle::Stat>)
      .function("noteRejectedConnection", kMethodOf<&EngineHandle::NoteRejectedConnection>)
      .function("noteNetwork", kMethodOf<&EngineHandle::NoteNetwork>);
}

}  // namespace kvasm::bindings
