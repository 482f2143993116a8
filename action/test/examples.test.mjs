// The files of examples/ci: what each runs is run. recipes.test.mjs looks for faults in them.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { JOBS, documents, example } from './examples.mjs';
import { Job, checkTools, filesBelow, run, scratch } from './runner.mjs';
import { POLICY, PROGRAM } from './tarball.mjs';

before(checkTools);

/** The tier that all examples name. */
const TIER = /s3:\/\/go-cache\/widget\?region=eu-central-1(&mode=)?/g;

/** A machine with Go, the program in its place, and what the example expects there. */
function machine(folder, name) {
  const job = new Job(folder, name).module(name);
  const test = 'package main\n\nimport "testing"\n\nfunc TestIt(t *testing.T) {}\n';
  writeFileSync(join(job.env.GITHUB_WORKSPACE, 'main_test.go'), test);
  const policies = join(job.folder, 'opt/cachewarden/policies');
  mkdirSync(policies, { recursive: true });
  symlinkSync(PROGRAM, join(policies, '../cachewarden'));
  cpSync(POLICY, join(policies, 'trusted-branches.wasm'));
  const key = 'CACHEWARDEN_S3_ACCESS_KEY_ID=id\nCACHEWARDEN_S3_SECRET_ACCESS_KEY=secret\n';
  for (const file of [
    'etc/buildkite-agent/cachewarden-read.env',
    'etc/buildkite-agent/cachewarden-readwrite.env',
    'run/secrets/cachewarden',
  ]) {
    mkdirSync(dirname(join(job.folder, file)), { recursive: true });
    writeFileSync(join(job.folder, file), key, { mode: 0o600 });
  }
  for (const path of ['var/cache/cachewarden', 'var/lib/buildkite-agent', 'tmp']) {
    mkdirSync(join(job.folder, path), { recursive: true });
  }
  return job;
}

/** The script with the paths of the machine, and the tier in a folder. */
function onMachine(script, job, tier) {
  return script
    .replaceAll(/\/(opt|etc|var|run|tmp|out)\//g, `${job.folder}/$1/`)
    .replaceAll(TIER, (_, mode) => `file://${tier}${mode === undefined ? '' : '?mode='}`);
}

test('each example sends what main has built, and nothing of a pull request', async (context) => {
  // The shell scripts do not quote these paths, as those that they stand for need no quotes.
  const folder = scratch(context, 'cachewarden-examples-');
  const tier = join(folder, 'tier');
  for (const { name, main, pullRequest, script, isRead } of JOBS) {
    for (const variables of [main, pullRequest].filter((found) => found !== undefined)) {
      const isMain = variables === main && !isRead;
      const job = machine(folder, `${name}-${variables === main ? 'main' : 'pull-request'}`);
      const env = { ...variables, BASH_ENV: join(job.folder, 'bash-env') };
      writeFileSync(env.BASH_ENV, '');
      Object.assign(job.env, env);
      const lines = onMachine(script(variables).join('\n'), job, tier);
      const file = join(job.folder, 'job.sh');
      writeFileSync(file, `set -e\n${lines}\n`);
      const about = `${job.folder}:\n${lines}\n`;
      const parsed = await run('bash', ['-n', file], job.env);
      assert.equal(parsed.status, 0, about + parsed.log);
      const before = name === JOBS[0].name && isMain ? [] : filesBelow(tier);
      const ended = await job.run('bash', [file]);
      assert.equal(ended.status, 0, about + ended.log);
      assert.match(ended.log, /cachewarden: [1-9]\d* gets/, about);
      assert.doesNotMatch(ended.log, /error\[/, about);
      const after = filesBelow(tier);
      if (isMain) {
        assert.ok(after.length > before.length, about + ended.log);
        assert.match(ended.log, /nothing is left/, about);
      } else {
        assert.deepEqual(after, before, about);
      }
      if (before.length > 0) {
        assert.match(ended.log, /remote [1-9]\d* hits/, about + ended.log);
      }
    }
  }
});

test("the laptop's agents read what their person has built, and write elsewhere", async (context) => {
  const folder = scratch(context, 'cachewarden-examples-');
  const job = machine(folder, 'laptop');
  writeFileSync(join(folder, 'profile.sh'), onMachine(example('laptop/cachewarden.sh'), job, folder));
  const profile = `. ${join(folder, 'profile.sh')}`;
  const script = (command) => job.run('bash', ['-c', `set -e\n${profile}\n${command}`]);
  assert.equal((await script('go build -o /dev/null .')).status, 0);
  job.module('of an agent');
  const agent = await script('as_agent one go build -o /dev/null .');
  assert.equal(agent.status, 0, agent.log);
  const stats = await script(`${PROGRAM} stats --json`);
  const { scopes, sessions } = JSON.parse(stats.log);
  assert.deepEqual(Object.keys(scopes).sort(), ['main', 'ref-agent-one']);
  assert.ok(sessions.hits > scopes['ref-agent-one'].entries, stats.log);
});

test("the daemon's configuration is one that the daemon takes", async (context) => {
  const [config, daemons, ...rest] = documents('kubernetes/daemonset.yaml');
  assert.deepEqual([config.kind, daemons.kind, rest.length], ['ConfigMap', 'DaemonSet', 0]);
  const { containers, volumes } = daemons.spec.template.spec;
  const mounted = containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name));
  assert.deepEqual(mounted.sort(), volumes.map(({ name }) => name).sort());
  const folder = scratch(context, 'cachewarden-examples-');
  // A secret is a link to a file that Kubernetes replaces.
  const key = join(folder, 'key.env');
  writeFileSync(`${key}.data`, 'CACHEWARDEN_S3_ACCESS_KEY_ID=id\n', { mode: 0o400 });
  symlinkSync(`${key}.data`, key);
  const text = config.data['serve.toml'].replace('/etc/cachewarden-key/key.env', key);
  const file = join(folder, 'serve.toml');
  writeFileSync(file, text);
  // The image's entry point is the program, and these are the words behind it.
  const words = containers[0].args.map((word) => word.replace('/etc/cachewarden', folder));
  const checked = await run(PROGRAM, [...words, '--check'], process.env);
  assert.equal(checked.status, 0, checked.log);
  assert.match(checked.log, /pull-request/);
});
