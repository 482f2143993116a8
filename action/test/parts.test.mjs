// Parts of the action, each with inputs that a whole job would seldom meet.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { files } from '../src/archive.mjs';
import { cacheProgram, toml } from '../src/configuration.mjs';
import { readInputs } from '../src/inputs.mjs';
import { refusals } from '../src/recording.mjs';
import { checksums, download, find, triple } from '../src/release.mjs';
import { exportVariable, mask, quote } from '../src/runner.mjs';
import { size, summary, time } from '../src/summary.mjs';
import { declaredInputs, scratch, serve } from './runner.mjs';
import { sha256, tarball } from './tarball.mjs';

test('an archive is read file by file, and nothing in it leads out of its folder', () => {
  const bytes = Buffer.from('x'.repeat(513));
  const read = files(
    tarball([
      { name: 'c/', type: '5' },
      { name: 'c/cachewarden', bytes, mode: 0o755 },
      { name: 'c/policies/a.wasm' },
    ]),
  );
  assert.deepEqual(
    read.map(({ name, isProgram }) => [name, isProgram]),
    [
      ['cachewarden', true],
      ['policies/a.wasm', false],
    ],
  );
  assert.ok(read[0].bytes.equals(bytes));
  for (const name of ['c/../../x', '/etc/passwd', 'c/./x', '../x', 'x', 'c/a\\b', 'c//x']) {
    assert.throws(() => files(tarball([{ name }])), /does not lie in its folder/, name);
  }
  for (const type of ['1', '2', '3', 'x']) {
    assert.throws(() => files(tarball([{ name: 'c/x', type }])), /neither a file nor a folder/);
  }
  assert.throws(() => files(Buffer.from('no gzip')), /cannot be unpacked/);
  const cut = tarball([{ name: 'c/x', bytes: Buffer.alloc(5000) }]);
  assert.throws(() => files(cut.subarray(0, 40)), /cannot be unpacked/);
});

test('a machine without a release is named', () => {
  assert.equal(triple('linux', 'arm64'), 'aarch64-unknown-linux-musl');
  assert.throws(() => triple('win32', 'x64'), /no release for win32 on x64/);
  const known = checksums(`${'1'.repeat(64)}  cachewarden-1.0.0-x86_64-unknown-linux-musl.tar.gz`);
  const on = (target) => find('1.0.0', '', target, known).sha256;
  assert.equal(on('x86_64-unknown-linux-musl'), '1'.repeat(64));
  assert.throws(() => on('aarch64-apple-darwin'), /was not released for aarch64/);
  assert.throws(() => checksums('123  cachewarden-1.tar.gz'), /damaged/);
});

test('the newest release is taken, and one of your own has the name of a release', () => {
  const name = (version) => `cachewarden-${version}-x86_64-unknown-linux-musl.tar.gz`;
  const known = checksums(`${'a'.repeat(64)}  ${name('1.0.0')}\n${'b'.repeat(64)}  ${name('1.1.0')}\n`);
  const found = (version, pinned) => find(version, pinned, 'x86_64-unknown-linux-musl', known);
  assert.equal(found('1.0.0', '').file, name('1.0.0'));
  const newest = { version: '1.1.0', file: name('1.1.0'), sha256: 'b'.repeat(64) };
  assert.deepEqual(found('', ''), newest);
  const own = { version: '1.2.0', file: name('1.2.0'), sha256: 'c'.repeat(64) };
  assert.deepEqual(found('1.2.0', 'c'.repeat(64)), own);
});

test('the checksums of this commit can be read', () => {
  assert.doesNotThrow(() => checksums());
});

test('a server that is busy is asked again, and one that has no such file is not', async (context) => {
  const bytes = Buffer.from('release');
  const release = { sha256: sha256(bytes) };
  for (const [statuses, requests] of [
    [[503, 429, 200], 3],
    [[503, 503, 503], 3],
    [[404], 1],
  ]) {
    const left = [...statuses];
    const server = await serve(context, (_, response) => {
      const status = left.shift();
      response.writeHead(status).end(status === 200 ? bytes : '');
    });
    const result = download(`${server.url}/x`, release, async () => {});
    if (statuses.includes(200)) {
      assert.ok((await result).equals(bytes));
    } else {
      await assert.rejects(result, /the server answers (503|404)/);
    }
    assert.equal(server.requests.length, requests);
  }
});

test('a value that looks like commands stays a value', (context) => {
  const file = join(scratch(context), 'env');
  process.env.GITHUB_ENV = file;
  context.after(() => delete process.env.GITHUB_ENV);
  exportVariable('NAME', 'a\nEND\nOTHER=b');
  const text = readFileSync(file, 'utf8');
  const end = /^NAME<<(END_\S+)\n/.exec(text)[1];
  assert.equal(text, `NAME<<${end}\na\nEND\nOTHER=b\n${end}\n`);

  const written = [];
  mask('first\n second % \n', (line) => written.push(line));
  assert.deepEqual(written, ['::add-mask::first', '::add-mask::second %25']);
  const quoted = [];
  quote('::error::no\n', (line) => quoted.push(line));
  assert.equal(quoted[1], '::error::no');
  assert.equal(quoted[2], `::${quoted[0].slice('::stop-commands::'.length)}::`);
});

test('any label is one value of the configuration', () => {
  const label = 'A="\\\n\u007f\u0001\' #é';
  assert.equal(toml({ label: [label] }), 'label = ["A=\\"\\\\\\n\\u007F\\u0001\' #é"]\n');
  assert.equal(cacheProgram('/a b/c', "/it's@x"), `'/a b/c' --no-env --config "/it's@x"`);
  assert.throws(() => cacheProgram(`/"'`, '/x'), /both kinds of quotes/);
});

test('the default inputs are valid, and labels are taken from variables', () => {
  const inputs = Object.entries({ ...declaredInputs(), labels: 'a=b=c\n\n d=' });
  const env = Object.fromEntries(inputs.map(([name, text]) => [`INPUT_${name.toUpperCase()}`, text]));
  const read = readInputs({ ...env, GITHUB_REF: 'refs/heads/main', GITHUB_REPOSITORY: '' });
  assert.deepEqual(read.labels, ['a=b=c', 'd=', 'GITHUB_REF=refs/heads/main']);
  assert.deepEqual(read.remote, ['ghac:']);
  assert.deepEqual(read.policy, { name: 'trusted-branches' });
  assert.deepEqual(read.credentials, {});
});

test('refusals are counted with their reasons, and a miss is none', async (context) => {
  const file = join(scratch(context), 'recording.jsonl');
  assert.equal(existsSync(file), false);
  assert.deepEqual(await refusals(file), { rows: [], more: 0 });
  const line = (fields) => appendFileSync(file, `${JSON.stringify(fields)}\n`);
  line({ line: 'get', kind: 'other', verdict: 'skip' });
  line({ line: 'get', kind: 'other', verdict: 'skip' });
  line({ line: 'get', kind: 'other', verdict: 'hit' });
  line({ line: 'put', kind: 'other', verdict: 'local' });
  line({ line: 'answer', command: 'get', reason: 'absent' });
  line({ line: 'answer', command: 'put', reason: 'policy-off' });
  line({ line: 'trap', question: 'get' });
  line({ line: 'open', refusal: { session: 'not here' } });
  appendFileSync(file, '{"line": "get", "verd');
  const { rows, more } = await refusals(file);
  assert.equal(more, 0);
  assert.deepEqual(rows[0], { request: 'get', kind: 'other', reason: 'skip', count: 2 });
  assert.deepEqual(
    rows.map(({ reason }) => reason).sort(),
    ['policy-off', 'skip', 'the policy refused the session: not here', 'the policy trapped'],
  );
  writeFileSync(file, '');
  for (let index = 0; index < 20; index += 1) {
    line({ line: 'get', kind: `kind-${index}`, verdict: 'miss' });
  }
  const many = await refusals(file);
  assert.equal(many.rows.length + many.more, 20);
  assert.ok(many.more > 0);
});

test('no text of somebody else is Markdown or HTML in the summary', () => {
  const sessions = { gets: 3, hits: 2, puts: 1, 'bytes-put': 1500, 'refused-gets': 0, 'refused-puts': 0 };
  const failure = '<script>|[x](y)`';
  const stats = { sessions, outbox: [{ entries: 1, failure }] };
  const job = { addresses: ['s3://`b`'], policy: '<b>', isReadOnly: true, why: '*w*' };
  const text = summary(stats, job, { rows: [], more: 0 }, { sent: '</pre><b>', pruned: '' });
  assert.match(text, /\| Hits \| 2 \(66\.7 %\) \|/);
  assert.match(text, /\| Stored by this job \| 1\.5 kB in 1 puts \|/);
  assert.doesNotMatch(text, /<script|<b>|\[x\]|\*w\*|`/);
  assert.equal(text.match(/<\/pre>/g).length, 1);
  assert.equal(size(999), '999 B');
});

test('the summary has the time that was saved, or says why it is not known', () => {
  const of = (saved) => {
    const counts = { gets: 3, hits: 2, puts: 1, 'bytes-put': 1, 'refused-gets': 0, 'refused-puts': 0 };
    const stats = { sessions: { ...counts, 'time-saved': saved } };
    const job = { addresses: [], policy: 'none', isReadOnly: false, why: '' };
    return summary(stats, job, { rows: [], more: 0 }, { sent: '', pruned: '' });
  };
  const row = '| Time saved, estimated | 2 min 4 s, the sum of build steps, in 2 hits |';
  assert.ok(of({ milliseconds: 123_600, hits: 2, 'least-made': 10 }).includes(row));
  const few = of({ milliseconds: 123_600, hits: 2, 'least-made': 4 });
  assert.ok(few.includes(`${row.slice(0, -2)}; rough, of 4 steps of a kind |`), few);
  assert.match(of(null), /\| Time saved, estimated \| no estimate: too little was built/);
  assert.deepEqual([0, 59_940, 59_960, 119_700].map(time), ['0.0 s', '59.9 s', '1 min 0 s', '2 min 0 s']);
});
