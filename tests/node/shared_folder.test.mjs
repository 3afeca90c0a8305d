// A folder is written by one at a time, whichever of its files that is: the package or a server,
// with snapshots, a log, or both.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { StorageError, StorageLockedError, open } from 'kvasm';
import { startKvasm } from '../interop/server.mjs';
import { makeFolder } from './folders.mjs';
import { connect } from './server_client.mjs';

const kLog = ['--appendonly', 'yes', '--save', ''];
const kSnapshots = ['--appendonly', 'no', '--save', '900 1'];

async function started(test, folder, args) {
  const server = await startKvasm({ args: ['--dir', folder, ...args] });
  test.after(() => server.stop());
  return server;
}

async function ask(server, ...words) {
  const client = await connect(server.port);
  const reply = await client.ask(...words);
  client.close();
  return reply;
}

const isLocked = (error) => error instanceof StorageLockedError && error.code === 'ELOCKED';

describe('a folder that a database has open', () => {
  it('is refused to a server with a log, or with save points', async (test) => {
    const folder = makeFolder(test);
    const db = await open(`file:${folder}`);
    await db.set('k', 'v');
    for (const args of [kLog, kSnapshots]) await assert.rejects(started(test, folder, args));
    await db.close();
    const server = await started(test, folder, kLog);
    assert.equal(await ask(server, 'EXISTS', 'k'), ':1');
  });

  it('is refused to what a server begins to write later', async (test) => {
    const folder = makeFolder(test);
    const db = await open(`file:${folder}`);
    await db.set('k', 'v');
    const server = await started(test, folder, ['--appendonly', 'no', '--save', '']);
    assert.match(await ask(server, 'SAVE'), /^-ERR/);
    await ask(server, 'CONFIG', 'SET', 'appendonly', 'yes');
    await ask(server, 'SET', 'theirs', '1');
    await db.set('after', '1');
    await db.close();
    const again = await open(`file:${folder}`);
    assert.deepEqual((await again.keys('*')).sort(), ['after', 'k']);
    await again.close();
  });
});

describe('a folder that a server has', () => {
  it('with a log alone is refused to a database with a log', async (test) => {
    const folder = makeFolder(test);
    const server = await started(test, folder, kLog);
    await assert.rejects(open(`file:${folder}`), isLocked);
    assert.equal(await ask(server, 'SET', 'k', 'v'), '+OK');
    // Snapshots are other files, but for who saves there meanwhile.
    const db = await open(`file:${folder}`, { config: { save: '900 1' } });
    assert.match(await ask(server, 'SAVE'), /^-ERR/);
    await assert.rejects(db.configSet('appendonly', 'yes'), /Unable to turn on AOF/);
    assert.equal((await db.configGet('appendonly')).appendonly, 'no');
    await assert.rejects(db.bgrewriteaof());
    await db.close();
    assert.equal(await ask(server, 'SAVE'), '+OK');
    await assert.rejects(open(`file:${folder}`, { config: { save: '900 1' } }), isLocked);
  });

  it('with save points is refused to every database', async (test) => {
    const folder = makeFolder(test);
    await started(test, folder, kSnapshots);
    await assert.rejects(open(`file:${folder}`), isLocked);
    await assert.rejects(open(`file:${folder}`, { config: { save: '900 1' } }), isLocked);
  });
});

it('servers share a folder if their logs have folders of their own', async (test) => {
  const folder = makeFolder(test);
  const other = ['--appenddirname', 'other'];
  const servers = [
    await started(test, folder, kLog),
    await started(test, folder, [...kLog, ...other]),
    await started(test, folder, ['--appendonly', 'no', '--save', '']),
  ];
  for (const server of servers) assert.equal(await ask(server, 'SET', 'k', 'v'), '+OK');
  await assert.rejects(started(test, folder, kLog));
});

it("a file in the place of the log's folder is named, and no lock is left", async (test) => {
  const folder = makeFolder(test);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'appendonlydir');
  writeFileSync(path, 'mine');
  for (let attempt = 0; attempt < 2; ++attempt) {
    await assert.rejects(open(`file:${folder}`), (error) => {
      assert.ok(error instanceof StorageError);
      assert.equal(error.code, 'ENOTDIR');
      assert.ok(error.message.includes(path), error.message);
      return true;
    });
  }
  assert.equal(readFileSync(path, 'utf8'), 'mine');
});
