// The libraries of FUNCTION: each registers functions when it is loaded, which FCALL calls by name.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/scripting/interpreter.h"
#include "core/scripting/shebang.h"

namespace kvasm::scripting {

struct Library;

struct Function {
  std::string name;
  std::string folded;  // in lower case: FCALL finds it in any
  std::string description;
  bool is_described = false;
  uint32_t flags = 0;  // ScriptFlag bits
  int reference = 0;   // of the interpreter
  const Library* library = nullptr;
};

// By Function::folded; the keys are views of it.
using FunctionIndex = std::map<std::string_view, Function*>;

struct Library {
  std::string name;
  std::string code;                                  // with its first line
  std::vector<std::unique_ptr<Function>> functions;  // as registered
  FunctionIndex index;

  // Takes over the reference. False if the library has such a function.
  bool Add(std::unique_ptr<Function> function);
  // Heap bytes, roughly, without what the interpreter holds.
  uint64_t Bytes() const;
};

// Libraries that go together: no two have a function of the same name.
struct LibrarySet {
  std::vector<std::unique_ptr<Library>> libraries;  // as loaded
  FunctionIndex functions;
  uint64_t bytes = 0;

  // Null if there is none.
  const Library* Find(std::string_view name) const;
};

class Libraries {
 public:
  // A library is loaded within this time, microseconds.
  static constexpr int64_t kLoadUsMax = 500'000;

  // `server` is borrowed. Nothing is set up before a library comes.
  explicit Libraries(Server& server) : server_(server) {}

  const LibrarySet& set() const { return set_; }
  // Null if there is none. The name in any case. O(1).
  const Function* Find(std::string_view name) const;

  // Loads a library and returns its name. The error is what FUNCTION LOAD replies; nothing has
  // changed then. O(code).
  base::Result<std::string_view> Load(std::string_view code, bool replace);
  // False if there is none.
  bool Delete(std::string_view name);
  void Clear();

  // FUNCTION RESTORE: what is loaded into a new set becomes the whole, or a part of it, once all
  // could be loaded. Every set is ended by one of Adopt, Join and Abandon. `limit_us`: how long the
  // library may take.
  base::Status LoadInto(LibrarySet& set, std::string_view code, int64_t limit_us);
  void Adopt(LibrarySet& set);
  // The error: there is such a library, which is not to be replaced, or such a function. Nothing
  // has changed then.
  base::Status Join(LibrarySet& set, bool replace);
  void Abandon(LibrarySet& set);

  // Of the functions; there is one as soon as there is a library.
  bool has_interpreter() const { return interpreter_ != nullptr; }
  Interpreter& interpreter() { return *interpreter_; }
  // Heap bytes of the interpreter; of the libraries, roughly.
  uint64_t interpreter_bytes() const;
  uint64_t library_bytes() const { return set_.bytes; }

 private:
  base::Result<std::string_view> LoadAs(LibrarySet& set, std::string_view code, bool replace,
                                        int64_t limit_us);
  // Runs what is behind the first line, which fills `library`.
  base::Status Run(Library& library, std::string_view text, int64_t limit_us);
  void Release(const Library& library);
  void Add(LibrarySet& set, std::unique_ptr<Library> library);
  void Remove(LibrarySet& set, const Library* library);
  // Ends the interpreter when nothing is loaded.
  void Trim();

  Server& server_;
  std::unique_ptr<Interpreter> interpreter_;
  LibrarySet set_;
};

// Letters, digits and underscores, one or more: what libraries and functions may be called.
bool IsLibraryName(std::string_view name);

// What a library finds when it is loaded and what its functions find when they are called: leaves
// both tables in the registry, and globals that show either. May raise an error.
struct LibraryApi {
  int loading = 0;
  int running = 0;
};
void OpenLibraryApi(lua_State* L, LibraryApi* api);
// Neither allocates nor raises.
void ShowApi(lua_State* L, int reference);

}  // namespace kvasm::scripting
