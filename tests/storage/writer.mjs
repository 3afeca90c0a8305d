// A process that writes to a folder until it is killed, and tells what is done: "append 7" ...
//
//   node writer.mjs FOLDER FIRST      FIRST: the number of the first append
import { writeSync } from 'node:fs';
import { FileStorage } from '../../dist/node/storage_files.js';
import { contentOf, lineOf } from './writing.mjs';

const [folder, first] = process.argv.slice(2);
const storage = new FileStorage(folder);
await storage.lock();
const tell = (what, number) => writeSync(1, `${what} ${number}\n`);

tell('begin', first);
for (let i = Number(first); ; i++) {
  await storage.append('d/log', lineOf(i));
  tell('append', i);
  if (i % 5 === 0) {
    await storage.replace('state', contentOf(i));
    tell('replace', i);
  }
  if (i % 7 === 0) {
    const content = contentOf(i);
    await storage.remove('d/temp');
    await storage.append('d/temp', content.subarray(0, 70_000));
    await storage.append('d/temp', content.subarray(70_000));
    await storage.rename('d/temp', 'dump');
    tell('rename', i);
  }
}
