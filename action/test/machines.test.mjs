// Whole jobs: the action as a runner starts it, with a release from a server, and a real go command
// that starts the real program.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Job, checkTools, filesBelow, scratch, serveBytes } from './runner.mjs';
import { fromServer, release } from './tarball.mjs';

let archive;

before(async () => {
  await checkTools();
  archive = release();
});

/** The inputs of a job with a tier in a folder, and the release from this server. */
function inputs(server, folder, more = {}) {
  return {
    ...fromServer(server, archive),
    remote: `file://${encodeURI(folder)}/tier`,
    verbose: 'true',
    ...more,
  };
}

/** The payload of a pull request from a repository with this number to the one with number 1. */
function pullRequest(head) {
  const payload = { pull_request: { base: { repo: { id: 1 } }, head: { repo: { id: head } } } };
  return { name: 'pull_request', ref: 'refs/pull/7/merge', payload };
}

/** A job of main that has filled the tier. */
async function fill(server, folder) {
  const job = new Job(folder, 'first').module('hello');
  const chosen = inputs(server, folder);
  const main = await job.step('main.mjs', chosen);
  assert.equal(main.status, 0, main.log);
  const built = await job.build();
  assert.equal(built.status, 0, built.log);
  const post = await job.step('post.mjs', chosen);
  assert.equal(post.status, 0, post.log);
  return { job, main, built, post };
}

test('a second machine builds with what the first one has put', async (context) => {
  const folder = scratch(context);
  const server = await serveBytes(context, archive);
  const { job: first, built: cold, main } = await fill(server, folder);
  assert.doesNotMatch(main.log, /::(warning|error)/);
  assert.match(cold.log, / 0 hits/);
  assert.match(first.summary, /\| Hits \| 0 /);
  assert.match(first.summary, /\| Waiting to be uploaded \| nothing \|/);
  assert.match(first.summary, /trusted-branches/);
  assert.deepEqual(
    { active: first.outputs.active, readOnly: first.outputs['read-only'] },
    { active: 'true', readOnly: 'false' },
  );
  assert.equal(server.requests[0].url.startsWith('/v9.9.9/cachewarden-9.9.9-'), true);

  const second = new Job(folder, 'second').module('hello');
  const chosen = inputs(server, folder);
  await second.step('main.mjs', chosen);
  const warm = await second.build();
  assert.equal(warm.status, 0, warm.log);
  const [gets, hits] = /(\d+) gets, (\d+) hits/.exec(warm.log).slice(1).map(Number);
  // The rest are indexes of modules, which are of no use on another machine.
  assert.ok(hits > gets / 2, warm.log);
  assert.match(warm.log, /remote [1-9]\d* hits/);
  await second.step('post.mjs', chosen);
  assert.match(second.summary, new RegExp(`\\| Hits \\| ${hits} `));
  assert.match(second.summary, /\| of these from remote tiers \| [1-9]/);
  assert.match(second.summary, /\| Downloaded \| [1-9][0-9.]* [kM]B/);
});

test("a fork's pull request reads what main has put, and sends nothing", async (context) => {
  const folder = scratch(context);
  const server = await serveBytes(context, archive);
  await fill(server, folder);
  const before = filesBelow(join(folder, 'tier'));
  assert.notEqual(before.length, 0);
  const fork = new Job(folder, 'fork', pullRequest(2)).module('of a stranger');
  const chosen = inputs(server, folder);
  const main = await fork.step('main.mjs', chosen);
  assert.equal(main.status, 0, main.log);
  assert.equal(fork.outputs['read-only'], 'true');
  const built = await fork.build();
  assert.match(built.log, /remote [1-9]\d* hits/);
  const post = await fork.step('post.mjs', chosen);
  assert.equal(post.status, 0, post.log);
  assert.match(fork.summary, /Nothing of this job is uploaded: .*from a fork/);
  assert.deepEqual(filesBelow(join(folder, 'tier')), before);

  // The same build in a job that may write does change the tier.
  const branch = new Job(folder, 'branch', pullRequest(1)).module('of a colleague');
  await branch.step('main.mjs', chosen);
  assert.equal(branch.outputs['read-only'], 'false');
  await branch.build();
  await branch.step('post.mjs', chosen);
  assert.notDeepEqual(filesBelow(join(folder, 'tier')), before);
});

test('a tool cache that somebody has changed is put right without a download', async (context) => {
  const folder = scratch(context);
  const server = await serveBytes(context, archive);
  const job = new Job(folder, 'machine').module('hello');
  await job.step('main.mjs', inputs(server, folder));
  assert.equal(server.requests.length, 1);
  const program = readFileSync(job.outputs.program);
  writeFileSync(job.outputs.program, '#!/bin/sh\necho a stranger\n');
  await job.step('main.mjs', inputs(server, folder));
  assert.ok(readFileSync(job.outputs.program).equals(program));
  assert.equal(server.requests.length, 1);

  // An archive with other bytes is fetched again.
  const kept = filesBelow(job.env.RUNNER_TOOL_CACHE).find((file) => file.endsWith('.tar.gz'));
  writeFileSync(kept, 'other bytes');
  await job.step('main.mjs', inputs(server, folder));
  assert.equal(server.requests.length, 2);
  assert.ok(readFileSync(kept).equals(archive));
});

test('a later step that changes the configuration stops the go command', async (context) => {
  const folder = scratch(context);
  const server = await serveBytes(context, archive);
  const job = new Job(folder, 'machine').module('hello');
  await job.step('main.mjs', inputs(server, folder));
  const file = filesBelow(job.env.RUNNER_TEMP).find((path) => path.endsWith('.toml'));
  writeFileSync(file, readFileSync(file, 'utf8').replace('refs/heads/main', 'refs/heads/other'));
  const built = await job.build();
  assert.notEqual(built.status, 0);
  assert.match(built.log, /CW0404/);
});

test('what the policy refuses is in the summary with its reason', async (context) => {
  const folder = scratch(context);
  const server = await serveBytes(context, archive);
  const job = new Job(folder, 'machine').module('hello');
  // Without the label of the repository, the policy grants no scope.
  const chosen = inputs(server, folder, { 'label-env': 'GITHUB_REF' });
  const main = await job.step('main.mjs', chosen);
  assert.match(main.log, /no label GITHUB_REPOSITORY/);
  await job.build();
  await job.step('post.mjs', chosen);
  assert.match(job.summary, /\| Refused puts \| [1-9]/);
  assert.match(job.summary, /\| put \| .* \| no-write-scope \| [1-9]/);

  // With settings for a store of one repository, it needs no such label.
  const other = new Job(folder, 'other').module('hello');
  const settings = inputs(server, folder, { ...chosen, settings: '{"repository": null}' });
  await other.step('main.mjs', settings);
  await other.build();
  await other.step('post.mjs', settings);
  assert.match(other.summary, /\| Refused puts \| 0 \|/);
});

test('a job without a tier has a cache of its own', async (context) => {
  const folder = scratch(context);
  const server = await serveBytes(context, archive);
  const job = new Job(folder, 'machine').module('hello');
  const chosen = inputs(server, folder, { remote: 'none', policy: 'none' });
  const main = await job.step('main.mjs', chosen);
  assert.equal(main.status, 0, main.log);
  await job.build();
  job.module('hello again');
  const built = await job.build();
  assert.match(built.log, / [1-9]\d* hits/);
  await job.step('post.mjs', chosen);
  assert.match(job.summary, /Tiers: none/);
});
