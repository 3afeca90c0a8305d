// Commands about sessions: channels, and what CLIENT, HELLO and RESET change. { client: 2 } stands
// for the id of session 2.
import { since } from '../versions.mjs';
import { weighted } from './arguments.mjs';

/** Listening, and no longer. Without channels only where the order of the answers is known. */
export const subscribe = weighted([
  [6, (r) => ['SUBSCRIBE', ...r.many(1, 3, () => r.channel())]],
  [4, (r) => ['PSUBSCRIBE', ...r.many(1, 2, () => r.pattern())]],
  [2, (r) => ['SSUBSCRIBE', ...r.many(1, 2, () => r.channel())]],
  [2, (r) => ['UNSUBSCRIBE', ...r.many(1, 2, () => r.channel())]],
  [2, (r) => ['PUNSUBSCRIBE', ...r.many(1, 2, () => r.pattern())]],
  [1, (r) => ['SUNSUBSCRIBE', ...r.many(1, 2, () => r.channel())]],
]);
export const unsubscribeAll = weighted([
  [3, () => ['UNSUBSCRIBE']],
  [3, () => ['PUNSUBSCRIBE']],
  [1, () => ['SUNSUBSCRIBE']],
]);

export const publish = weighted([
  [5, (r) => ['PUBLISH', r.channel(), r.element()]],
  [2, (r) => ['SPUBLISH', r.channel(), r.element()]],
]);

export const pubsub = weighted([
  [1, (r) => ['PUBSUB', 'CHANNELS', ...r.maybe(2, r.pattern())]],
  [1, (r) => ['PUBSUB', 'NUMSUB', ...r.many(0, 3, () => r.channel())]],
  [1, () => ['PUBSUB', 'NUMPAT']],
  [1, (r) => ['PUBSUB', 'SHARDCHANNELS', ...r.maybe(2, r.pattern())]],
  [1, (r) => ['PUBSUB', 'SHARDNUMSUB', ...r.many(0, 3, () => r.channel())]],
]);

export const unblock = (r, client) => [
  'CLIENT',
  'UNBLOCK',
  { client },
  ...r.maybe(2, r.pick(['TIMEOUT', 'ERROR', 'error', 'SOON'])),
];

/** What a session says of itself. */
export const self = weighted([
  [2, () => ['HELLO', '3']],
  [2, () => ['HELLO', '2']],
  [1, (r) => ['HELLO', r.pick(['3', '2']), 'SETNAME', r.element()]],
  [1, (r) => ['HELLO', ...r.maybe(2, r.pick(['4', 'x', '1']))]],
  [2, () => ['RESET']],
  [2, (r) => ['SELECT', r.db()]],
  [1, (r) => ['CLIENT', 'SETNAME', r.pick(['', 'one', 'two', 'a b'])]],
  [1, () => ['CLIENT', 'GETNAME']],
  [1, () => ['CLIENT', 'INFO']],
  [
    1,
    (r) =>
      since('resetEviction', r.version) ? ['CLIENT', 'NO-EVICT', r.pick(['ON', 'OFF'])] : ['PING'],
  ],
  [
    1,
    (r) =>
      since('noTouch', r.version) ? ['CLIENT', 'NO-TOUCH', r.pick(['ON', 'OFF', 'off'])] : ['PING'],
  ],
  [2, (r) => ['PING', ...r.maybe(2, r.element())]],
  [1, (r) => ['ECHO', r.element()]],
]);

export const quiet = weighted([
  [1, () => ['CLIENT', 'REPLY', 'OFF']],
  [2, (r) => ['CLIENT', 'REPLY', 'SKIP']],
]);

/** Each once: a real server replies twice to those that overlap with each other. */
const prefixes = (r) =>
  [...new Set(r.many(0, 2, () => r.pick(['l', 'z', 's1', 'k', 'x'])))].flatMap((p) => [
    'PREFIX',
    p,
  ]);

/** Client side caching, told to the session itself or, `redirect`, to another one. */
const track = (r, redirect) => {
  const broadcast = r.once(3);
  return ['CLIENT', 'TRACKING', r.once(6) ? 'OFF' : 'ON'].concat(
    redirect,
    broadcast ? ['BCAST', ...prefixes(r)] : r.maybe(3, r.pick(['OPTIN', 'OPTOUT'])),
    since('loopsOfServed', r.version) ? r.maybe(4, 'NOLOOP') : [],
  );
};

export const tracking = weighted([
  [3, (r) => track(r, [])],
  [3, (r, sessions) => track(r, ['REDIRECT', { client: r.int(0, sessions - 1) }])],
  [1, () => ['CLIENT', 'TRACKING', 'OFF']],
  [2, (r) => ['CLIENT', 'CACHING', r.pick(['YES', 'NO'])]],
  [1, () => ['CLIENT', 'TRACKINGINFO']],
  [2, () => ['SUBSCRIBE', '__redis__:invalidate']],
]);
