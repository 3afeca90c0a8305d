#include "tests/unit/persist/vectors.h"

namespace kvasm::testing {

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string ToHex(const std::string& bytes) {
  std::string hex;
  for (const char byte : bytes) {
    hex += "0123456789abcdef"[static_cast<uint8_t>(byte) >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

std::vector<DumpVector> DumpVectors(const std::string& version) {
  std::vector<DumpVector> vectors;
  const std::string folder = ReferenceFolder();
  if (folder.empty()) return vectors;
  const Json facts = Json::ParseFile(folder + "/vectors/dump-" + version + ".json");
  for (const Json& fact : facts["keys"].items) {
    vectors.push_back({.key = fact["key"].text,
                       .type = fact["type"].text,
                       .encoding = fact["encoding"].text,
                       .payload = FromHex(fact["dump"].text),
                       .expire_at_ms = static_cast<int64_t>(fact["pexpiretime"].number),
                       .value = fact["value"]});
  }
  return vectors;
}

std::vector<std::vector<std::string>> CommandsFor(const DumpVector& vector,
                                                  const std::string& key) {
  std::vector<std::vector<std::string>> commands;
  if (vector.type == "string") return {{"SET", key, FromHex(vector.value.text)}};
  for (const Json& item : vector.value.items) {
    if (vector.type == "list") {
      commands.push_back({"RPUSH", key, FromHex(item.text)});
    } else if (vector.type == "set") {
      commands.push_back({"SADD", key, FromHex(item.text)});
    } else if (vector.type == "hash") {
      commands.push_back({"HSET", key, FromHex(item.items[0].text), FromHex(item.items[1].text)});
    } else if (vector.type == "zset") {
      commands.push_back({"ZADD", key, item.items[1].text, FromHex(item.items[0].text)});
    } else {
      std::vector<std::string> command = {"XADD", key, item.items[0].text};
      for (const Json& text : item.items[1].items) command.push_back(FromHex(text.text));
      commands.push_back(std::move(command));
    }
  }
  return commands;
}

}  // namespace kvasm::testing
