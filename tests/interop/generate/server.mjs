// Sessions and the server.
export default {
  unaltered: /^DEBUG/,
  commands: {
    PING: [1, (r) => r.maybe(2, r.text())],
    ECHO: [1, (r) => [r.text()]],
    'CLIENT SETNAME': [1, (r) => [r.pick(['joe', '', 'a b', 'x'])]],
    'CLIENT GETNAME': [1, () => []],
    'DEBUG STRINGMATCH-LEN': [1, (r) => [String(r.int(0, 4)), 'a*b'], 20],
    NOSUCHCOMMAND: [1, (r) => r.members()],
  },
};
