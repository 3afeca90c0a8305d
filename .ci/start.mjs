// npm start: set-up, build when sources are newer than the last build, then node/start.ts: a server
// on 6379 (or the next free port) and the page. Further arguments go to the server:
// npm start -- --requirepass secret
import { pathToFileURL } from 'node:url';
import { buildPackage } from './build.mjs';
import { root, setup } from './steps.mjs';

setup();
buildPackage();
await import(pathToFileURL(`${root}/dist/node/start.js`).href);
