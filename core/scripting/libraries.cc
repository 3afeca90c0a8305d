#include "core/scripting/libraries.h"

#include <algorithm>
#include <utility>

#include "core/base/alloc.h"
#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/resp/inline_arguments.h"

namespace kvasm::scripting {
namespace {

constexpr uint64_t kNodeBytes = 64;  // what an index or a list adds

struct LibraryHeader {
  std::string name;
  size_t bytes =
      0;  // before the line end: what is compiled begins there, so that line numbers hold
};

base::Result<LibraryHeader> ReadHeader(std::string_view code) {
  if (!code.starts_with("#!")) return base::Error(errors::kLibraryMetadataMissing);
  LibraryHeader header;
  std::string_view line;
  std::vector<std::string> words;
  if (!FirstLine(code, &line) || !resp::SplitInlineArguments(line, &words)) {
    return base::Error(errors::kLibraryMetadata);
  }
  header.bytes = line.size();
  bool is_named = false;
  for (size_t i = 1; i < words.size(); ++i) {
    constexpr std::string_view kName = "name=";
    const std::string_view word = words[i];
    if (!base::EqualsIgnoreCase(word.substr(0, kName.size()), kName)) {
      return base::Error(errors::LibraryMetadataValue(word));
    }
    if (std::exchange(is_named, true)) return base::Error(errors::kLibraryNamedTwice);
    header.name = word.substr(kName.size());
  }
  if (!is_named) return base::Error(errors::kLibraryNotNamed);
  if (!IsLibraryName(header.name)) return base::Error(errors::kLibraryNameChars);
  const std::string_view engine = std::string_view(words[0]).substr(2);
  if (!base::EqualsIgnoreCase(engine, "LUA")) return base::Error(errors::LibraryEngine(engine));
  return header;
}

}  // namespace

bool IsLibraryName(std::string_view name) {
  for (const char c : name) {
    const char lower = static_cast<char>(c | 0x20);
    if (!base::IsDigit(c) && c != '_' && (lower < 'a' || lower > 'z')) return false;
  }
  return !name.empty();
}

bool Library::Add(std::unique_ptr<Function> function) {
  function->library = this;
  if (!index.emplace(function->folded, function.get()).second) return false;
  functions.push_back(std::move(function));
  return true;
}

uint64_t Library::Bytes() const {
  uint64_t bytes = sizeof(Library) + kNodeBytes + name.size() + code.size();
  for (const auto& function : functions) {
    bytes += sizeof(Function) + 2 * kNodeBytes + 2 * function->name.size() +
             function->description.size();
  }
  return bytes;
}

const Library* LibrarySet::Find(std::string_view name) const {
  for (const auto& library : libraries) {
    if (library->name == name) return library.get();
  }
  return nullptr;
}

const Function* Libraries::Find(std::string_view name) const {
  if (set_.functions.empty()) return nullptr;
  const auto found = set_.functions.find(base::LowerCopy(name));
  return found == set_.functions.end() ? nullptr : found->second;
}

// --- loading ---

base::Result<std::string_view> Libraries::Load(std::string_view code, bool replace) {
  base::Result<std::string_view> loaded = LoadAs(set_, code, replace, kLoadUsMax);
  if (!loaded) Trim();
  return loaded;
}

base::Status Libraries::LoadInto(LibrarySet& set, std::string_view code, int64_t limit_us) {
  base::Result<std::string_view> loaded = LoadAs(set, code, false, limit_us);
  if (!loaded) return loaded.TakeError();
  return base::Status::Ok();
}

base::Result<std::string_view> Libraries::LoadAs(LibrarySet& set, std::string_view code,
                                                 bool replace, int64_t limit_us) {
  base::Result<LibraryHeader> header = ReadHeader(code);
  if (!header) return header.TakeError();
  const Library* old = set.Find(header->name);
  if (old != nullptr && !replace) return base::Error(errors::LibraryExists(header->name));

  // The text, its compiled form, and an interpreter.
  constexpr uint64_t kInterpreterBytes = 64 << 10;
  if (!base::HaveRoom(8 * uint64_t{code.size()} + kInterpreterBytes)) {
    return base::Error(errors::kOom);
  }
  auto library = std::make_unique<Library>();
  library->name = std::move(header->name);
  library->code = code;
  base::Status status = Run(*library, code.substr(header->bytes), limit_us);
  if (status && library->functions.empty()) status = base::Error(errors::kNoFunctions);
  for (const auto& function : library->functions) {
    const auto found = set.functions.find(function->folded);
    const bool is_taken = found != set.functions.end() && found->second->library != old;
    if (status && is_taken) status = base::Error(errors::FunctionExists(function->name));
  }
  if (!status) {
    Release(*library);
    return status.TakeError();
  }
  if (old != nullptr) Remove(set, old);
  const std::string_view name = library->name;
  Add(set, std::move(library));
  return name;
}

base::Status Libraries::Run(Library& library, std::string_view text, int64_t limit_us) {
  if (interpreter_ == nullptr) {
    auto interpreter = std::make_unique<Interpreter>(server_, Interpreter::Api::kFunctions);
    if (!interpreter->ok()) return base::Error(errors::kOom);
    interpreter_ = std::move(interpreter);
  }
  const base::Result<int> compiled = interpreter_->Compile(text, "@user_function");
  if (!compiled) return base::Error(errors::LibraryCompile(compiled.error()));
  base::Status status = interpreter_->RunLibrary(*compiled, library, limit_us);
  interpreter_->Release(*compiled);
  return status;
}

// --- sets ---

void Libraries::Release(const Library& library) {
  for (const auto& function : library.functions) interpreter_->Release(function->reference);
}

void Libraries::Add(LibrarySet& set, std::unique_ptr<Library> library) {
  for (const auto& function : library->functions) {
    set.functions.emplace(function->folded, function.get());
  }
  set.bytes += library->Bytes();
  set.libraries.push_back(std::move(library));
}

void Libraries::Remove(LibrarySet& set, const Library* library) {
  for (const auto& function : library->functions) set.functions.erase(function->folded);
  set.bytes -= library->Bytes();
  Release(*library);
  std::erase_if(set.libraries, [&](const auto& other) { return other.get() == library; });
}

bool Libraries::Delete(std::string_view name) {
  const Library* library = set_.Find(name);
  if (library == nullptr) return false;
  Remove(set_, library);
  Trim();
  return true;
}

void Libraries::Clear() {
  set_ = {};
  interpreter_.reset();
}

void Libraries::Adopt(LibrarySet& set) {
  std::swap(set_, set);
  Abandon(set);
}

base::Status Libraries::Join(LibrarySet& set, bool replace) {
  for (const auto& library : set.libraries) {
    if (!replace && set_.Find(library->name) != nullptr) {
      base::Status status = base::Error(errors::RestoredLibraryExists(library->name));
      Abandon(set);
      return status;
    }
  }
  for (const auto& library : set.libraries) {
    for (const auto& function : library->functions) {
      const auto found = set_.functions.find(function->folded);
      if (found == set_.functions.end()) continue;
      if (set.Find(found->second->library->name) != nullptr) continue;  // it goes
      base::Status status = base::Error(errors::FunctionExists(function->name));
      Abandon(set);
      return status;
    }
  }
  for (auto& library : set.libraries) {
    const Library* old = set_.Find(library->name);
    if (old != nullptr) Remove(set_, old);
  }
  for (auto& library : set.libraries) Add(set_, std::move(library));
  set = {};
  return base::Status::Ok();
}

void Libraries::Abandon(LibrarySet& set) {
  for (const auto& library : set.libraries) Release(*library);
  set = {};
  Trim();
}

void Libraries::Trim() {
  if (set_.libraries.empty()) interpreter_.reset();
}

uint64_t Libraries::interpreter_bytes() const {
  return interpreter_ == nullptr ? 0 : interpreter_->memory_bytes();
}

}  // namespace kvasm::scripting
