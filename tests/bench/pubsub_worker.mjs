// The clients of the bench of publish and subscribe: all subscribers, and the publisher, which
// stays at most a window ahead of what they have received. Arguments: port, number of subscribers.
import net from 'node:net';

const [port, count] = process.argv.slice(2).map(Number);
const kBatch = 100;
/** Messages on their way to each subscriber at most: bounds what the server holds. */
const kWindow = 1000;
const kDigits = 10;
const kReply = `:${count}\r\n`;

const messageOf = (number) => String(number).padStart(kDigits, '0');
const delivery = (number) =>
  `*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$${kDigits}\r\n${messageOf(number)}\r\n`;
const kDeliveryBytes = delivery(0).length;

function connect() {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Bytes received by each subscriber, and the end of it. */
const bytes = new Float64Array(count);
const ends = new Array(count).fill('');
let total = 0;
let wake = () => {};

const subscribers = [];
for (let i = 0; i < count; ++i) {
  const socket = await connect();
  subscribers.push(socket);
  await new Promise((resolve) => {
    socket.once('data', resolve);
    socket.write('SUBSCRIBE ch\r\n');
  });
  socket.on('data', (chunk) => {
    bytes[i] += chunk.length;
    total += chunk.length;
    ends[i] = (ends[i] + chunk.subarray(-kDeliveryBytes).toString('latin1')).slice(-kDeliveryBytes);
    wake();
  });
}
const publisher = await connect();
let replied = 0;
publisher.on('data', (chunk) => {
  replied += chunk.length;
  wake();
});

async function until(isDone) {
  while (!isDone()) await new Promise((resolve) => (wake = resolve));
}

async function publish(messages) {
  bytes.fill(0);
  total = replied = 0;
  const start = performance.now();
  for (let sent = 0; sent < messages;) {
    await until(() => total >= (sent + kBatch - kWindow) * kDeliveryBytes * count);
    let text = '';
    for (let i = 0; i < kBatch && sent < messages; ++i, ++sent) {
      text += `*3\r\n$7\r\nPUBLISH\r\n$2\r\nch\r\n$${kDigits}\r\n${messageOf(sent)}\r\n`;
    }
    publisher.write(text);
  }
  await until(
    () => total >= messages * kDeliveryBytes * count && replied >= messages * kReply.length,
  );
  const seconds = (performance.now() - start) / 1000;
  const last = delivery(messages - 1);
  const isExact =
    replied === messages * kReply.length &&
    bytes.every((each, i) => each === messages * kDeliveryBytes && ends[i] === last);
  return { seconds, received: total / kDeliveryBytes, isExact };
}

process.on('message', ({ messages }) => {
  publish(messages).then(
    (result) => process.send(result),
    (error) => process.send({ error: String(error) }),
  );
});
process.send({ ready: true });
