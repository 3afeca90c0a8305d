// Strings as arrays of bits, and integers of any width in them.
const range = (r, high) => [String(r.int(-high, high)), String(r.int(-high, high))];

/** Where a range ends in bits or bytes. */
const unit = (r) => r.pick(['BIT', 'BYTE', 'bit', 'Byte']);

const bitOffset = (r) => String(r.once(40) ? r.pick([4294967296, -1, 100000]) : r.int(0, 500));

const fieldType = (r) => {
  if (r.once(40)) return r.pick(['u64', 'i0', 'u0', 'i65', 'x8', 'U8', '8']);
  return r.pick(['u', 'i', 'i']) + (r.once(3) ? r.pick([1, 8, 16, 32, 63]) : r.int(1, 63));
};

const fieldOffset = (r) =>
  r.once(3) ? `#${r.int(0, r.once(30) ? 40 : 6)}` : String(r.once(50) ? -1 : r.int(0, 200));

const fieldValue = (r) => (r.once(3) ? r.integer() : String(r.int(-300, 300)));

/** Subcommands of BITFIELD. */
const fields = (r, onlyReads) =>
  r
    .many(1, 4, () => {
      const kind = r.int(0, 9);
      if (onlyReads ? kind < 9 : kind < 4) return ['GET', fieldType(r), fieldOffset(r)];
      if (kind < 6) return ['SET', fieldType(r), fieldOffset(r), fieldValue(r)];
      if (kind < 9) return ['INCRBY', fieldType(r), fieldOffset(r), fieldValue(r)];
      return ['OVERFLOW', r.once(20) ? 'NONE' : r.pick(['WRAP', 'SAT', 'FAIL', 'fail'])];
    })
    .flat();

export default {
  type: 'bits',
  look: (key) => ['GET', key],
  commands: {
    SETBIT: [8, (r) => [r.key('bits'), bitOffset(r), r.once(30) ? '2' : String(r.int(0, 1))]],
    GETBIT: [2, (r) => [r.key('bits'), bitOffset(r)]],
    'SETRANGE ': [
      2,
      (r) => [
        r.key('bits'),
        String(r.int(0, 20)),
        Buffer.from(r.many(1, 30, () => r.pick([0, 0, 255, 255, r.int(0, 255)]))),
      ],
    ],
    BITCOUNT: [
      4,
      (r) => [
        r.key('bits'),
        ...r.maybe(2, [...range(r, r.pick([10, 60, 500])), ...r.maybe(2, unit(r))]),
      ],
    ],
    BITPOS: [
      5,
      (r) => {
        const [start, end] = range(r, r.pick([10, 60, 500]));
        return [
          r.key('bits'),
          String(r.int(0, r.once(20) ? 2 : 1)),
          ...r.maybe(2, [start, ...r.maybe(2, [end, ...r.maybe(2, unit(r))])]),
        ];
      },
    ],
    BITOP: [
      4,
      (r) => {
        const operation = r.pick(['AND', 'OR', 'XOR', 'NOT', 'and', 'Not']);
        const sources = r.keys('bits', 1, /not/i.test(operation) && !r.once(10) ? 1 : 4);
        return [operation, r.key('bits'), ...sources];
      },
    ],
    BITFIELD: [8, (r) => [r.key('bits'), ...fields(r, false)]],
    BITFIELD_RO: [2, (r) => [r.key('bits'), ...fields(r, true)]],
  },
};
