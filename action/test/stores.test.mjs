// A store that stays on a runner of one's own: it is used again, and pruned at the end of each job.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { chmodSync, mkdirSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { between } from '../src/stats.mjs';
import { Job, checkTools, filesBelow, scratch, serveBytes } from './runner.mjs';
import { PROGRAM, fromServer, release, sha256, tarball } from './tarball.mjs';

let archive;

before(async () => {
  await checkTools();
  archive = release();
});

/** The inputs of a job whose store stays. */
function inputs(server, dir, more = {}) {
  return {
    ...fromServer(server, archive),
    remote: 'none',
    verbose: 'true',
    dir,
    ...more,
  };
}

/** A job from its begin to its end. */
async function whole(job, chosen) {
  const main = await job.step('main.mjs', chosen);
  assert.equal(main.status, 0, main.log);
  const built = await job.build();
  assert.equal(built.status, 0, built.log);
  const post = await job.step('post.mjs', chosen);
  assert.equal(post.status, 0, post.log);
  const [gets, hits] = /(\d+) gets, (\d+) hits/.exec(built.log).slice(1).map(Number);
  return { main, post, gets, hits };
}

/**
 * As if nothing in a store had been used for so many days. That a session trims once a day is noted
 * beside the entries and objects, and stays: otherwise the next one would trim before the prune.
 */
function age(store, days) {
  for (const file of filesBelow(store).filter((file) => dirname(file) !== store)) {
    const time = statSync(file).mtimeMs / 1000 - days * 24 * 3600;
    utimesSync(file, time, time);
  }
}

test('a store that stays is used by the next job, and pruned of what no job uses', async (context) => {
  const folder = scratch(context);
  const server = await serveBytes(context, archive);
  const dir = join(folder, 'stays');
  const first = new Job(folder, 'first').module('hello');
  const cold = await whole(first, inputs(server, dir));
  assert.equal(first.outputs.dir, dir);
  assert.equal(cold.hits, 0);
  assert.match(first.summary, /Removed 0 entries/);

  age(dir, 10);
  const second = new Job(folder, 'second').module('hello again');
  const warm = await whole(second, inputs(server, dir, { 'prune-older-than': '4days' }));
  assert.ok(warm.hits > warm.gets / 2, second.summary);
  // The first job's program is among what nobody uses any more; what this job has used stays.
  assert.match(warm.post.log, /^Removed [1-9]\d* entr/m);
  assert.match(second.summary, /<pre>Removed [1-9]\d* entr/);
  // The store has counted both jobs, and the page has this one.
  assert.match(second.summary, new RegExp(`\\| Gets \\| ${warm.gets} \\|`));
  assert.match(second.summary, new RegExp(`\\| Hits \\| ${warm.hits} `));
  assert.match(second.summary, /\| Time saved, estimated \| \d.*, in [1-9]\d* hits \|/);

  // A limit that nothing fits into: what was used in the last three hours stays all the same.
  const third = new Job(folder, 'third').module('hello again');
  const again = await whole(third, inputs(server, dir, { 'prune-max-size': '1kB' }));
  assert.match(third.summary, /Removed 0 entries .*\n.* larger than asked for/);
  const fourth = new Job(folder, 'fourth').module('hello again');
  assert.ok((await whole(fourth, inputs(server, dir))).hits >= again.hits);
});

test('a job that builds code of a stranger gets a store of its own', async (context) => {
  const folder = scratch(context);
  const server = await serveBytes(context, archive);
  const dir = join(folder, 'stays');
  await whole(new Job(folder, 'main').module('hello'), inputs(server, dir));
  const before = filesBelow(dir);
  const payload = { pull_request: { base: { repo: { id: 1 } }, head: { repo: { id: 2 } } } };
  const event = { name: 'pull_request', ref: 'refs/pull/7/merge', payload };
  const fork = new Job(folder, 'fork', event).module('of a stranger');
  const { main, hits } = await whole(fork, inputs(server, dir));
  assert.match(main.log, /::warning .*`dir` is not used.*from a fork/);
  assert.equal(hits, 0);
  assert.equal(fork.outputs.dir.startsWith(fork.env.RUNNER_TEMP), true);
  assert.doesNotMatch(fork.summary, /Removed/);
  assert.deepEqual(filesBelow(dir), before);
});

test('a folder that cannot be the store is found at once', async (context) => {
  const folder = scratch(context);
  const server = await serveBytes(context, archive);
  const dir = join(folder, 'of-all');
  mkdirSync(dir);
  chmodSync(dir, 0o777);
  const job = new Job(folder, 'machine').module('hello');
  const main = await job.step('main.mjs', { ...inputs(server, dir), 'fail-on-error': 'true' });
  assert.notEqual(main.status, 0, main.log);
  assert.match(main.log, /::error .*CW0103/);
  assert.equal(job.env.GOCACHEPROG, undefined);
});

test('a prune that fails, fails no job', async (context) => {
  const folder = scratch(context);
  const script = `#!/bin/sh\n[ "$1" != prune ] || { echo no disk >&2; exit 3; }\nexec '${PROGRAM}' "$@"\n`;
  const broken = tarball([{ name: 'c/cachewarden', bytes: Buffer.from(script), mode: 0o755 }]);
  const server = await serveBytes(context, broken);
  const job = new Job(folder, 'machine').module('hello');
  const chosen = inputs(server, join(folder, 'stays'), {
    sha256: sha256(broken),
    policy: 'none',
    'fail-on-error': 'true',
  });
  const { post } = await whole(job, chosen);
  assert.match(post.log, /::warning .*the store was not pruned.*no disk/);
  assert.match(job.summary, /\| Gets \| [1-9]/);
});

test('what a job has done is the difference of what the store has counted', () => {
  const saved = (milliseconds, hits, made) => ({ milliseconds, hits, 'least-made': made });
  const before = { gets: 5, hits: 2, since: 7, 'time-saved': saved(90, 2, 3) };
  const after = { gets: 9, hits: 5, since: 7, kinds: {}, 'time-saved': saved(80, 4, 12) };
  const done = between(before, after);
  assert.deepEqual([done.gets, done.hits], [4, 3]);
  assert.deepEqual(done['time-saved'], saved(0, 2, 12));
  assert.equal(between(before, { ...after, 'time-saved': null })['time-saved'], null);
  assert.deepEqual(between({ gets: 0, 'time-saved': null }, after)['time-saved'], after['time-saved']);
});
