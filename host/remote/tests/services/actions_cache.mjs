// Saves and restores as an action does, with GitHub's own client.
import assert from 'node:assert';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const { restoreCache, saveCache } = await import(
  `${process.env.NODE_MODULES}/@actions/cache/lib/cache.js`
);

mkdirSync('files');
const bytes = randomBytes(3_000_000);
writeFileSync('files/a', bytes);
const paths = ['files'];
assert.equal(await restoreCache(paths, 'key'), undefined);
// Blocks smaller than the file, so that it is sent in several.
assert.ok((await saveCache(paths, 'key', { uploadChunkSize: 1_000_000 })) > 0);
rmSync('files', { recursive: true });
assert.equal(await restoreCache(paths, 'key'), 'key');
assert.deepEqual(readFileSync('files/a'), bytes);
// An entry is never replaced.
assert.equal(await saveCache(paths, 'key'), -1);
assert.ok((await saveCache(paths, 'key-2')) > 0);
// The key itself, and then the newest whose key begins like one that is asked for.
assert.equal(await restoreCache(paths, 'key'), 'key');
assert.equal(await restoreCache(paths, 'ke'), 'key-2');
assert.equal(await restoreCache(paths, 'other', ['none', 'ke']), 'key-2');
assert.equal(await restoreCache(paths, 'other', ['y']), undefined);
// That were too many uploads.
assert.equal(await saveCache(paths, 'third'), -1);
assert.equal(await restoreCache(paths, 'third'), undefined);
