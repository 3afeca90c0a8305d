// @ts-check
import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { POINTS_PER_VOTE } from './articles.mjs';
import { runScenario } from './scenario.mjs';
const db=new Redis(21400);
for (const n of [1,2]) {
await db.flushall();
console.time('x');
const r = await runScenario(db);
console.timeEnd('x');
console.log(r.outcomes, r.readings.length, r.articles.length, r.articles[0], r.articles[999]);
console.log(r.readings.map(x=>x.groups.map(g=>g.size+' '+g.best.length+g.cacheHeld+g.cacheIsShort).join()));
}
db.quit();
