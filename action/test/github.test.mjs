// GitHub's own cache: a later step has what the helper needs, and no more than its event allows.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { Job, checkTools, scratch, serve, serveBytes } from './runner.mjs';
import { release, sha256 } from './tarball.mjs';

let archive;

before(async () => {
  await checkTools();
  archive = release();
});

/** A job, whose runner offers this cache to actions. */
async function prepared(context, cache, event, more = {}) {
  const server = await serveBytes(context, archive);
  const job = new Job(scratch(context), 'machine', event).module('hello');
  job.ofActions = {
    ACTIONS_RUNTIME_TOKEN: 'the token of the job',
    ACTIONS_RESULTS_URL: `${cache.url}/`,
    ACTIONS_CACHE_SERVICE_V2: 'True',
  };
  const inputs = { version: '9.9.9', sha256: sha256(archive), 'base-url': server.url, ...more };
  const main = await job.step('main.mjs', inputs);
  assert.equal(main.status, 0, main.log);
  return { job, main, inputs };
}

/** A cache that has nothing. */
function emptyCache(context) {
  return serve(context, (request, response) => {
    request.resume();
    response.setHeader('Content-Type', 'application/json');
    response.end('{"ok": false}');
  });
}

test('the helper of a later step asks the cache with the token of the job', async (context) => {
  const cache = await emptyCache(context);
  const { job, main } = await prepared(context, cache, { name: 'push' });
  assert.match(main.log, /^::add-mask::the token of the job$/m);
  // The name that other programs look for is not set.
  assert.equal(job.env.ACTIONS_RUNTIME_TOKEN, undefined);
  const built = await job.build();
  assert.equal(built.status, 0, built.log);
  const asked = cache.requests.filter(({ url }) => url.includes('CacheService/GetCacheEntry'));
  assert.ok(asked.length > 0, cache.requests.map(({ url }) => url).join('\n'));
  const tokens = new Set(cache.requests.map(({ headers }) => headers.authorization));
  assert.deepEqual([...tokens], ['Bearer the token of the job']);
});

test('a job that may build code of a stranger with your rights gets no token', async (context) => {
  const cache = await emptyCache(context);
  const { job, main } = await prepared(context, cache, { name: 'pull_request_target' });
  assert.match(main.log, /::warning .*ghac: is left out: .*pass-credentials: true/);
  assert.equal(job.env.CACHEWARDEN_GHAC_RUNTIME_TOKEN, undefined);
  assert.equal(job.env.ACTIONS_RESULTS_URL, undefined);
  // The job has a cache of its own all the same.
  assert.equal(job.outputs.active, 'true');
  const built = await job.build();
  assert.equal(built.status, 0, built.log);
  assert.equal(cache.requests.length, 0);
});

test("a fork's pull request has a token that GitHub bounds, and only reads", async (context) => {
  const cache = await emptyCache(context);
  const payload = { pull_request: { base: { repo: { id: 1 } }, head: { repo: { id: 2 } } } };
  const { job, inputs } = await prepared(context, cache, { name: 'pull_request', payload });
  await job.build();
  const post = await job.step('post.mjs', inputs);
  assert.equal(post.status, 0, post.log);
  const methods = new Set(cache.requests.map(({ url }) => url.split('/').pop()));
  assert.deepEqual([...methods], ['GetCacheEntryDownloadURL']);
});
