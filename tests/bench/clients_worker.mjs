// The clients of the bench of many connections, and of its test. Arguments: port. Messages:
// `{ idle }` connects so many clients and lets each PING once; `{ blocked, subscribed }` adds
// clients that wait for a list of their own or listen to a channel; `{ pings }` measures;
// `{ wake }` has every blocked client get its element and every subscriber so many messages.
// `dropped` of every answer counts connections that were lost.
import net from 'node:net';

const port = Number(process.argv[2]);
/** Connections that are being made at a time: fewer than a server's backlog. */
const kConnecting = 100;
/** Clients that PING at a time. */
const kPinging = 50;

let dropped = 0;
const idle = [];
const blocked = [];
const subscribed = [];

/** A connection whose `ask(request, bytes)` resolves to the next so many bytes of reply. */
function connect() {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    let text = '';
    let wanted = 0;
    let done;
    const look = () => {
      if (wanted === 0 || text.length < wanted) return;
      const reply = text.slice(0, wanted);
      text = text.slice(wanted);
      wanted = 0;
      done(reply);
    };
    const next = (bytes) =>
      new Promise((give) => {
        wanted = bytes;
        done = give;
        look();
      });
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      look();
    });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      socket.once('close', () => ++dropped);
      resolve({ next, ask: (request, bytes) => (socket.write(request), next(bytes)) });
    });
  });
}

/** Runs `each(i)` for 0 ... count - 1, at most `width` at a time. */
async function inParallel(count, width, each) {
  let next = 0;
  const lane = async () => {
    while (next < count) await each(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}

async function addIdle(count) {
  const start = performance.now();
  await inParallel(count, kConnecting, async () => {
    const client = await connect();
    await client.ask('PING\r\n', '+PONG\r\n'.length);
    idle.push(client);
  });
  return { seconds: (performance.now() - start) / 1000 };
}

const queueOf = (i) => `q:${String(i).padStart(6, '0')}`;
const elementOf = (i) => `job ${String(i).padStart(6, '0')}`;
const popped = (i) => `*2\r\n$8\r\n${queueOf(i)}\r\n$10\r\n${elementOf(i)}\r\n`;
const kMessage = '*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$5\r\nhello\r\n';

async function addOthers(blockedCount, subscribedCount) {
  await inParallel(blockedCount, kConnecting, async (i) => {
    const client = await connect();
    blocked[i] = client.ask(`BLPOP ${queueOf(i)} 0\r\n`, popped(i).length);
  });
  await inParallel(subscribedCount, kConnecting, async () => {
    const client = await connect();
    await client.ask('SUBSCRIBE ch\r\n', '*3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n'.length);
    subscribed.push(client);
  });
  return {};
}

/** PINGs go round all idle clients. @returns milliseconds of each, sorted, and how long all took */
async function ping(count) {
  const latencies = new Float64Array(count);
  const begin = performance.now();
  await inParallel(count, kPinging, async (i) => {
    const start = performance.now();
    const reply = await idle[i % idle.length].ask('PING\r\n', '+PONG\r\n'.length);
    if (reply !== '+PONG\r\n') throw new Error(`PING was answered ${reply}`);
    latencies[i] = performance.now() - start;
  });
  const seconds = (performance.now() - begin) / 1000;
  latencies.sort();
  const at = (share) => latencies[Math.min(count - 1, Math.floor(share * count))];
  return { seconds, p50: at(0.5), p99: at(0.99), max: latencies[count - 1] };
}

/** @returns how many elements and messages have come to those they were meant for */
async function wake(messages) {
  const [control] = idle;
  for (let i = 0; i < blocked.length; ++i) {
    await control.ask(`RPUSH ${queueOf(i)} "${elementOf(i)}"\r\n`, ':1\r\n'.length);
  }
  const replies = await Promise.all(blocked);
  const elements = replies.filter((reply, i) => reply === popped(i)).length;
  const receivers = `:${subscribed.length}\r\n`;
  for (let i = 0; i < messages; ++i) {
    const reply = await control.ask('PUBLISH ch hello\r\n', receivers.length);
    if (reply !== receivers) throw new Error(`PUBLISH was answered ${reply}`);
  }
  let delivered = 0;
  await inParallel(subscribed.length, subscribed.length, async (i) => {
    const text = await subscribed[i].next(kMessage.length * messages);
    if (text === kMessage.repeat(messages)) delivered += messages;
  });
  blocked.length = 0;
  return { elements, delivered };
}

async function answer(message) {
  if (message.idle !== undefined) return addIdle(message.idle);
  if (message.blocked !== undefined) return addOthers(message.blocked, message.subscribed);
  if (message.pings !== undefined) return ping(message.pings);
  return wake(message.wake);
}

process.on('message', (message) => {
  answer(message).then(
    (result) => process.send({ ...result, dropped }),
    (error) => process.send({ error: String(error) }),
  );
});
process.send({ ready: true });
