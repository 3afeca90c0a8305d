/** Fills a server: many commands on one connection, in chunks, each reply looked at. */
import net from 'node:net';

const CHUNK_BYTES = 256 << 10;

/** One command as RESP. @param {readonly string[]} args */
export function resp(args) {
  let text = `*${args.length}\r\n`;
  for (const arg of args) text += `$${arg.length}\r\n${arg}\r\n`;
  return text;
}

/**
 * Sends `count` commands and resolves when each has been answered without an error. The replies
 * are integers, statuses or bulk strings without line breaks.
 */
export function fill(port, count, command) {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let answered = 0;
    let atLineStart = true;
    let isLengthLine = false;
    const socket = net.connect(port, '127.0.0.1');
    const sendChunk = () => {
      let text = '';
      for (; sent < count && text.length < CHUNK_BYTES; sent++) text += resp(command(sent));
      socket.write(text);
    };
    socket.on('connect', sendChunk);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      for (const byte of chunk) {
        if (atLineStart) {
          if (byte === 0x2d && !isLengthLine) {
            return reject(new Error(chunk.toString('latin1').slice(0, 200)));
          }
          // The line after a bulk string's length is the string, and ends the reply.
          if (isLengthLine) isLengthLine = false;
          else if (byte === 0x24) isLengthLine = true;
        }
        atLineStart = byte === 0x0a;
        if (atLineStart && !isLengthLine) answered++;
      }
      if (answered === count) {
        socket.destroy();
        resolve(undefined);
      } else if (answered === sent) sendChunk();
    });
  });
}
