// Replies that tell times of a server's clock, which differ a little between two servers.

/** Their commands. */
export const kTimed = /^(XINFO|XPENDING)$/;

const kTimeNames = /^(idle|inactive|seen-time|active-time)$/;

/** A reply with its times made the same: those behind a name, in pending lists, or recent ones. */
export function untimed(name, reply) {
  if (!Array.isArray(reply.v)) {
    const recent = reply.t === ':' && Number(reply.v) > 1e12 && Number(reply.v) < 1e13;
    return recent ? { t: ':', v: 1 } : reply;
  }
  const v = reply.v.map((item, i, all) => {
    const timed =
      item.t === ':' &&
      Number(item.v) >= 0 &&
      (name === 'XPENDING'
        ? i === 2 && all.length === 4
        : i > 0 && kTimeNames.test(String(all[i - 1].v)));
    return timed ? { t: ':', v: 1 } : untimed(name, item);
  });
  return { ...reply, v };
}

/** A reply without the fields of these names, at any depth. */
export function without(names, reply) {
  if (!Array.isArray(reply.v)) return reply;
  const v = [];
  for (let i = 0; i < reply.v.length; i++) {
    if (reply.v[i].t === '$' && names.test(String(reply.v[i].v))) i++;
    else v.push(without(names, reply.v[i]));
  }
  return { ...reply, v };
}
