// HyperLogLog. GET shows the bytes, so the representation is compared, not only the counts.
const elements = (r) => {
  const from = r.int(0, 3000);
  if (r.once(3))
    return Array.from({ length: r.int(20, r.once(4) ? 600 : 80) }, (_, i) => `e${from + i}`);
  return r.many(0, 4, () => (r.once(8) ? r.text() : `e${r.int(0, 3000)}`));
};

export default {
  type: 'hll',
  look: (key) => ['GET', key],
  commands: {
    PFADD: [8, (r) => [r.key('hll'), ...elements(r)]],
    PFCOUNT: [5, (r) => [...r.keys('hll')]],
    PFMERGE: [3, (r) => [r.key('hll'), ...r.keys('hll', 0, 3)]],
    PFDEBUG: [
      1,
      (r) => [r.pick(['ENCODING', 'DECODE', 'TODENSE', 'GETREG', 'nope']), r.key('hll')],
      2,
    ],
    'GET ': [1, (r) => [r.key('hll')]],
    'OBJECT ENCODING ': [1, (r) => [r.key('hll')]],
  },
  limits: {
    'hll-sparse-max-bytes': [(r) => String(r.pick([0, 20, 100, 500, 3000, 20000])), '3000'],
  },
};
