// GitHub's own cache: a later step has what the helper needs, and no more than its event allows.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { storingCache } from './cache.mjs';
import { Job, checkTools, scratch, serve, serveBytes } from './runner.mjs';
import { fromServer, release } from './tarball.mjs';

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
  const inputs = { ...fromServer(server, archive), ...more };
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

const FORK = {
  name: 'pull_request',
  ref: 'refs/pull/7/merge',
  payload: { pull_request: { base: { repo: { id: 1 } }, head: { repo: { id: 2 } } } },
};

test('a second machine builds with what the cache of GitHub has of the first one', async (context) => {
  const cache = await storingCache(context);
  // Each is a machine of its own, with an empty store.
  const whole = async (event) => {
    const { job, inputs } = await prepared(context, cache, event, { verbose: 'true' });
    const built = await job.build();
    assert.equal(built.status, 0, built.log);
    const post = await job.step('post.mjs', inputs);
    assert.equal(post.status, 0, post.log);
    assert.doesNotMatch(post.log, /::warning/);
    const [gets, hits] = /(\d+) gets, (\d+) hits/.exec(built.log).slice(1).map(Number);
    return { job, gets, hits };
  };
  const first = await whole({ name: 'push' });
  assert.equal(first.hits, 0);
  assert.match(first.job.summary, /\| Waiting to be uploaded \| nothing \|/);
  const sent = cache.keys();
  assert.notEqual(sent.length, 0);

  const second = await whole({ name: 'push' });
  // The rest are indexes of modules, which are of no use on another machine.
  assert.ok(second.hits > second.gets / 2, second.job.summary);
  const remote = /\| of these from remote tiers \| (\d+) \|/.exec(second.job.summary);
  assert.ok(Number(remote[1]) > second.gets / 2, second.job.summary);
  assert.match(second.job.summary, /\| Downloaded \| [1-9][0-9.]* [kM]B/);

  const before = cache.keys();
  const fork = await whole(FORK);
  assert.match(fork.job.summary, /\| of these from remote tiers \| [1-9]/);
  assert.deepEqual(cache.keys(), before);
});

test("a fork's pull request has a token that GitHub bounds, and only reads", async (context) => {
  const cache = await emptyCache(context);
  const { job, inputs } = await prepared(context, cache, FORK);
  await job.build();
  const post = await job.step('post.mjs', inputs);
  assert.equal(post.status, 0, post.log);
  const methods = new Set(cache.requests.map(({ url }) => url.split('/').pop()));
  assert.deepEqual([...methods], ['GetCacheEntryDownloadURL']);
});
