// What a failure means for a job: a problem of the cache fails nothing, and a mistake in the
// workflow fails the step with a text that says what to write.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Job, checkTools, scratch, serve, serveBytes } from './runner.mjs';
import { PROGRAM, fromServer, release, sha256, tarball } from './tarball.mjs';

let archive;

before(async () => {
  await checkTools();
  archive = release();
});

function inputs(server, more = {}) {
  return {
    ...fromServer(server, archive),
    remote: 'none',
    ...more,
  };
}

/** Whether later steps get nothing of the action. */
function assertNoCache(job) {
  assert.equal(job.env.GOCACHEPROG, undefined);
  assert.equal(job.outputs.active, 'false');
}

// Each with the inputs and what is said. The release is there, so nothing else is wrong.
const MISTAKES = [
  [{ version: '' }, /name the `version`/],
  [{ sha256: 'abc' }, /64 digits/],
  [{ version: '../x' }, /write it as \d+\.\d+\.\d+/],
  [{ sha256: '' }, /does not know version 9\.9\.9.*action@v9\.9\.9/],
  [{ sha256: '', version: '' }, /knows no release: use the tag of a release/],
  [{ 'base-url': 'http://mirror.example.com' }, /must begin with https/],
  [{ 'base-url': 'mirror' }, /no URL/],
  [{ remote: '' }, /`remote` is empty/],
  [{ remote: 'bucket/prefix' }, /no address: write one a line/],
  [{ remote: 's4://bucket' }, /CW0710.*there are s3/],
  [{ remote: 's3://bucket?secret-access-key=x' }, /CW0710.*no credentials/],
  [{ policy: 'trusted' }, /release does not have. It has trusted-branches/],
  [{ policy: 'policy.wasm' }, /FILE@sha256:HEX/],
  [{ policy: `none.wasm@sha256:${'0'.repeat(64)}` }, /after the step of actions\/checkout/],
  [{ settings: '{' }, /`settings` is no JSON/],
  [{ settings: '{"trusted": 1}' }, /trusted/],
  [{ settings: '{}', policy: 'none' }, /`settings` is for a policy/],
  [{ labels: 'a', policy: 'trusted-branches' }, /write NAME=VALUE/],
  [{ labels: 'a=b', policy: 'none' }, /`labels` is for a policy/],
  [{ labels: 'GITHUB_REF=x' }, /set twice/],
  [{ 'read-only': 'yes' }, /write one of auto, true, false/],
  [{ 'pass-credentials': 'yes' }, /write one of auto, true, false/],
  [{ 'fail-on-error': 'yes' }, /write one of true, false/],
  [{ 'flush-timeout': '1 week' }, /write a time such as 60s/],
  [{ dir: 'cache' }, /`dir` is `cache`: write an absolute path/],
  [{ 'prune-older-than': 'soon' }, /write a time such as 5days/],
  [{ 'prune-older-than': '2weeks' }, /unused for 5days; write that or less/],
  [{ 'prune-max-size': '10' }, /write a size such as 10GB/],
];

test('a mistake in an input fails the step and says what to write', async (context) => {
  const folder = scratch(context);
  const server = await serveBytes(context, archive);
  for (const [wrong, said] of MISTAKES) {
    const job = new Job(folder, 'machine');
    const { status, log } = await job.step('main.mjs', inputs(server, wrong));
    const about = `${JSON.stringify(wrong)}: ${log}`;
    assert.equal(status, 1, about);
    assert.match(log, /^::error title=cachewarden::/m, about);
    assert.match(log, said, about);
    assertNoCache(job);
    // The end of the job has nothing to do, and fails nothing.
    assert.equal((await job.step('post.mjs', inputs(server, wrong))).status, 0, about);
  }
});

test('a release that does not come, or has other bytes, leaves a job without a cache', async (context) => {
  const folder = scratch(context);
  const server = await serve(context, (request, response) => {
    const isThere = request.url.includes('/v9.9.9/');
    response.writeHead(isThere ? 200 : 404).end(archive);
  });
  const pinned = { version: '9.9.9', sha256: '0'.repeat(64) };
  for (const [wrong, said] of [
    [{ version: '9.9.8' }, /answers 404/],
    [pinned, /is pinned: it is not run/],
    [{ 'base-url': 'http://127.0.0.1:1', version: '9.9.7' }, /cannot download/],
  ]) {
    for (const fails of [false, true]) {
      const job = new Job(folder, 'machine');
      const chosen = inputs(server, { ...wrong, 'fail-on-error': `${fails}` });
      const { status, log } = await job.step('main.mjs', chosen);
      assert.equal(status, fails ? 1 : 0, log);
      assert.match(log, fails ? /^::error /m : /^::warning /m);
      assert.match(log, said);
      assertNoCache(job);
    }
  }
});

test('a program that does not start leaves a job without a cache', async (context) => {
  const folder = scratch(context);
  for (const [text, said] of [
    ['#!/none\n', /cannot start/],
    ['#!/bin/sh\necho ::set-env name=X::y >&2\nexit 7\n', /with status 7/],
  ]) {
    const broken = tarball([{ name: 'c/cachewarden', bytes: Buffer.from(text), mode: 0o755 }]);
    const server = await serveBytes(context, broken);
    const job = new Job(folder, 'machine');
    const chosen = inputs(server, { sha256: sha256(broken), policy: 'none' });
    const { status, log } = await job.step('main.mjs', chosen);
    assert.equal(status, 0, log);
    assert.match(log, said);
    assertNoCache(job);
    // What a program prints is between these, so the runner reads no command in it.
    const quoted = /^::stop-commands::(.+)\n([^]*)\n::\1::$/m.exec(log);
    assert.ok(quoted !== null, log);
    assert.equal(log.replace(quoted[0], '').match(/^::set-env/m), null);
  }
});

test('a tier that does not answer fails nothing, unless the workflow says so', async (context) => {
  const folder = scratch(context);
  const server = await serveBytes(context, archive);
  for (const fails of [false, true]) {
    const job = new Job(folder, `machine ${fails}`).module('hello');
    const chosen = inputs(server, {
      // Nothing listens on this port.
      remote: 's3://bucket?endpoint=http://127.0.0.1:1&region=auto',
      's3-access-key-id': 'AKIDEXAMPLE',
      's3-secret-access-key': 'a secret of the test',
      'flush-timeout': '5s',
      'fail-on-error': `${fails}`,
    });
    const main = await job.step('main.mjs', chosen);
    assert.equal(main.status, 0, main.log);
    assert.match(main.log, /^::add-mask::a secret of the test$/m);
    assert.equal(job.env.CACHEWARDEN_S3_SECRET_ACCESS_KEY, 'a secret of the test');
    const built = await job.build();
    assert.equal(built.status, 0, built.log);
    const post = await job.step('post.mjs', chosen);
    assert.equal(post.status, fails ? 1 : 0, post.log);
    assert.match(post.log, /not everything was sent/);
    assert.match(job.summary, /\| Waiting to be uploaded \| [1-9]\d* entries/);
    assert.doesNotMatch(job.summary, /a secret of the test/);
  }
});

test('figures that cannot be had fail nothing, and take no cache away', async (context) => {
  const folder = scratch(context);
  const cases = [
    ['fails', 'echo no disk >&2; exit 3', /no disk/],
    // As where it takes too long.
    ['is killed', 'kill -KILL $$', /did not end in time/],
    ['is cut', `printf '{"sessions"'`, /JSON/],
  ];
  for (const [name, instead, said] of cases) {
    const script = `#!/bin/sh\n[ "$1" != stats ] || { ${instead}; exit; }\nexec '${PROGRAM}' "$@"\n`;
    const broken = tarball([{ name: 'c/cachewarden', bytes: Buffer.from(script), mode: 0o755 }]);
    const server = await serveBytes(context, broken);
    const job = new Job(folder, name);
    const chosen = inputs(server, {
      sha256: sha256(broken),
      policy: 'none',
      dir: join(folder, `store ${name}`),
      'fail-on-error': 'true',
    });
    const main = await job.step('main.mjs', chosen);
    assert.equal(main.status, 0, main.log);
    assert.match(main.log, /^::warning .*no figures/m);
    assert.match(main.log, said);
    assert.equal(job.outputs.active, 'true');
    assert.notEqual(job.env.GOCACHEPROG, undefined);
    const post = await job.step('post.mjs', chosen);
    assert.equal(post.status, 0, post.log);
    assert.doesNotMatch(post.log, /^::error|no go command has used the cache/m);
    // The rest of the page is there.
    assert.match(job.summary, /no figures[^]*Policy: [^]*Removed 0 entries/);
  }
});

test('what jobs before have done is not shown as what this one has', async (context) => {
  const folder = scratch(context);
  const mark = join(folder, 'asked');
  const script = `#!/bin/sh
[ "$1" != stats ] || [ -e '${mark}' ] || { touch '${mark}'; exit 3; }
exec '${PROGRAM}' "$@"
`;
  const broken = tarball([{ name: 'c/cachewarden', bytes: Buffer.from(script), mode: 0o755 }]);
  const server = await serveBytes(context, broken);
  const job = new Job(folder, 'machine');
  const dir = join(folder, 'store');
  const chosen = inputs(server, { sha256: sha256(broken), policy: 'none', dir });
  assert.equal((await job.step('main.mjs', chosen)).status, 0);
  assert.equal((await job.step('post.mjs', chosen)).status, 0);
  assert.match(job.summary, /no figures/);
  assert.doesNotMatch(job.summary, /Gets/);
});

test('the end of a job does what the action has noted, whatever a later step has set', async (context) => {
  const folder = scratch(context);
  const server = await serveBytes(context, archive);
  const job = new Job(folder, 'machine');
  const chosen = inputs(server, { remote: `file://${encodeURI(folder)}/tier` });
  await job.step('main.mjs', chosen);
  job.env.GOCACHEPROG = '/none/cachewarden --dir /none';
  job.env.CACHEWARDEN_DIR = '/none';
  job.env.CACHEWARDEN_REMOTE = 's3://another-bucket';
  const post = await job.step('post.mjs', chosen);
  assert.equal(post.status, 0, post.log);
  assert.doesNotMatch(post.log, /::warning|none|another-bucket/);
  // No go command has run.
  assert.match(post.log, /no go command has used the cache/);
  assert.match(job.summary, /\| Gets \| 0 \|/);
});

test('the release that checksums.txt names is installed, and no other one', async (context) => {
  const folder = scratch(context);
  const server = await serveBytes(context, archive);
  const job = new Job(folder, 'machine');
  // The action at the tag of a release: its checksums.txt was filled.
  job.action = join(folder, 'action');
  cpSync(new URL('..', import.meta.url), job.action, { recursive: true });
  const triples = ['x86_64-unknown-linux-musl', 'aarch64-unknown-linux-musl'];
  const line = (version, hash) =>
    triples.map((triple) => `${hash}  cachewarden-${version}-${triple}.tar.gz\n`).join('');
  const checksums = line('9.9.8', '0'.repeat(64)) + line('9.9.9', sha256(archive));
  writeFileSync(join(job.action, 'checksums.txt'), `# Releases.\n\n${checksums}`);

  const newest = await job.step('main.mjs', inputs(server, { version: '', sha256: '' }));
  assert.equal(newest.status, 0, newest.log);
  assert.equal(job.outputs.version, '9.9.9');
  const older = await job.step('main.mjs', inputs(server, { version: 'v9.9.8', sha256: '' }));
  assert.match(older.log, /is pinned: it is not run/);
  const other = await job.step('main.mjs', inputs(server, { version: '9.9.7', sha256: '' }));
  assert.equal(other.status, 1);
  assert.match(other.log, /Known: 9\.9\.8, 9\.9\.9/);
});
