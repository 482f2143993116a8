// Who may write the cache, and who gets its credentials.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { BOUNDED, EXPOSED, TRUSTED, classify, rights } from '../src/trust.mjs';
import { choose, credentialInputs, readOnly } from '../src/tiers.mjs';
import { declaredInputs, scratch } from './runner.mjs';

/** The class of an event, on a branch that a person has pushed to unless `more` says otherwise. */
function trustOf(context, name, payload, more = {}) {
  const file = join(scratch(context), 'event.json');
  writeFileSync(file, JSON.stringify(payload ?? {}));
  return classify({
    GITHUB_EVENT_NAME: name,
    GITHUB_EVENT_PATH: file,
    GITHUB_ACTOR: 'octocat',
    GITHUB_REF: 'refs/heads/main',
    ...more,
  }).trust;
}

const BY_DEPENDABOT = { GITHUB_ACTOR: 'dependabot[bot]' };

function pull(repo, login = 'octocat', ref = 'topic') {
  return { pull_request: { base: { repo: { id: 1 } }, head: { repo, ref }, user: { login } } };
}

test('only events that people with the right to write start are trusted', (context) => {
  for (const name of ['push', 'schedule', 'workflow_dispatch', 'merge_group']) {
    assert.equal(trustOf(context, name), TRUSTED, name);
    // A runner that says too little.
    assert.equal(trustOf(context, name, {}, { GITHUB_ACTOR: undefined }), EXPOSED, name);
    assert.equal(trustOf(context, name, {}, { GITHUB_REF: '' }), EXPOSED, name);
  }
  const exposed = [
    'pull_request_target',
    'workflow_run',
    'issue_comment',
    'repository_dispatch',
    'release',
    'an_event_of_next_year',
    'toString',
    '',
  ];
  for (const name of exposed) {
    // The payload of a pull request from a branch does not help such an event.
    assert.equal(trustOf(context, name, pull({ id: 1 })), EXPOSED, name);
  }
});

test('code of Dependabot is a stranger\'s, also where a person has pushed it', (context) => {
  // What GitHub documents as restricted.
  const branch = { GITHUB_REF: 'refs/heads/dependabot/go_modules/x-1.2' };
  assert.equal(trustOf(context, 'push', {}, { ...BY_DEPENDABOT, ...branch }), BOUNDED);
  assert.equal(trustOf(context, 'push', {}, BY_DEPENDABOT), BOUNDED);
  for (const name of ['schedule', 'workflow_dispatch', 'merge_group']) {
    assert.equal(trustOf(context, name, {}, BY_DEPENDABOT), EXPOSED, name);
  }
  // A repository chooses the separator.
  for (const ref of ['dependabot/npm/a', 'dependabot-npm-a', 'dependabot_npm_a', 'Dependabot/a']) {
    for (const name of ['push', 'workflow_dispatch', 'merge_group']) {
      const trust = trustOf(context, name, {}, { GITHUB_REF: `refs/heads/${ref}` });
      assert.equal(trust, EXPOSED, `${name} ${ref}`);
    }
    assert.equal(trustOf(context, 'pull_request', pull({ id: 1 }, 'octocat', ref)), BOUNDED, ref);
  }
  const others = ['heads/dependabots', 'heads/no-dependabot/a', 'tags/dependabot/a', 'heads/renovate/a'];
  for (const ref of others) {
    assert.equal(trustOf(context, 'push', {}, { GITHUB_REF: `refs/${ref}` }), TRUSTED, ref);
  }
  // A person's commit in a pull request of Dependabot, and a run that a person has started again.
  assert.equal(trustOf(context, 'pull_request', pull({ id: 1 }, 'dependabot[bot]')), BOUNDED);
  assert.equal(trustOf(context, 'pull_request', pull({ id: 1 }), BY_DEPENDABOT), BOUNDED);
});

test("a pull request is trusted if its branch is the repository's own", (context) => {
  assert.equal(trustOf(context, 'pull_request', pull({ id: 1 })), TRUSTED);
  assert.equal(trustOf(context, 'pull_request', pull({ id: 2 })), BOUNDED);
  // The fork was deleted.
  assert.equal(trustOf(context, 'pull_request', pull(null)), BOUNDED);
  // Nothing is known.
  assert.equal(trustOf(context, 'pull_request', {}), BOUNDED);
  const none = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: '/none' };
  assert.equal(classify(none).trust, BOUNDED);
});

test('what a job may do follows from its event, or from the inputs with a warning', () => {
  const of = (trust, mode, pass) => {
    const may = rights({ trust, event: 'e', why: 'w' }, mode, pass);
    return [may.readOnly, may.passToken, may.passCredentials, may.warnings.length];
  };
  assert.deepEqual(of(TRUSTED, 'auto', 'auto'), [false, true, true, 0]);
  assert.deepEqual(of(BOUNDED, 'auto', 'auto'), [true, true, false, 0]);
  assert.deepEqual(of(EXPOSED, 'auto', 'auto'), [true, false, false, 0]);
  assert.deepEqual(of(TRUSTED, 'true', 'false'), [true, false, false, 0]);
  assert.deepEqual(of(EXPOSED, 'false', 'true'), [false, true, true, 2]);
  assert.deepEqual(of(BOUNDED, 'auto', 'true'), [true, true, true, 1]);
});

test('a store that stays is for trusted jobs that may write, whatever the inputs are', () => {
  for (const trust of [TRUSTED, BOUNDED, EXPOSED]) {
    for (const mode of ['auto', 'true', 'false']) {
      const may = rights({ trust, event: 'e', why: 'w' }, mode, mode);
      assert.equal(may.sharesStore, trust === TRUSTED && mode !== 'true', `${trust} ${mode}`);
    }
  }
});

test('a read-only address has no other mode left', () => {
  for (const [address, expected] of [
    ['ghac:', 'ghac:?mode=read'],
    ['s3://b/p?region=eu', 's3://b/p?region=eu&mode=read'],
    ['s3://b?mode=readwrite&region=eu', 's3://b?region=eu&mode=read'],
    ['s3://b?mode=read&m%6Fde=readwrite', 's3://b?mode=read'],
    ['s3://b?endpoint=http://h:1/?x', 's3://b?endpoint=http%3A%2F%2Fh%3A1%2F%3Fx&mode=read'],
    ['file:///a?mode=write', undefined],
  ]) {
    assert.equal(readOnly(address), expected, address);
  }
});

const KEY = { CACHEWARDEN_S3_SECRET_ACCESS_KEY: 'secret', CACHEWARDEN_GS_TOKEN: 'other' };
const OF_GITHUB = {
  ACTIONS_RUNTIME_TOKEN: 'token',
  ACTIONS_RESULTS_URL: 'https://results.example.com/',
  ACTIONS_CACHE_SERVICE_V2: 'True',
};

test("a stranger's code gets no credentials that can write", () => {
  const named = ['s3://b', 'ghac:', 'file:///a'];
  const of = (trust, env = OF_GITHUB) =>
    choose(named, KEY, rights({ trust, event: 'e', why: 'w' }, 'auto', 'auto'), env);
  const trusted = of(TRUSTED);
  assert.deepEqual(trusted.addresses, named);
  assert.deepEqual(trusted.variables, {
    CACHEWARDEN_S3_SECRET_ACCESS_KEY: 'secret',
    CACHEWARDEN_GHAC_RUNTIME_TOKEN: 'token',
    ACTIONS_RESULTS_URL: 'https://results.example.com/',
    ACTIONS_CACHE_SERVICE_V2: 'True',
  });
  assert.equal(trusted.warnings.length, 0);

  const bounded = of(BOUNDED);
  assert.deepEqual(bounded.addresses, ['ghac:?mode=read', 'file:///a?mode=read']);
  assert.equal(bounded.variables.CACHEWARDEN_S3_SECRET_ACCESS_KEY, undefined);
  assert.match(bounded.warnings[0], /^s3:\/\/b is left out/);

  const exposed = of(EXPOSED);
  assert.deepEqual(exposed.addresses, ['file:///a?mode=read']);
  assert.deepEqual(exposed.variables, {});
  assert.equal(exposed.warnings.length, 2);

  // A server of one's own may have no such cache.
  assert.match(of(TRUSTED, {}).warnings[0], /^ghac: is left out: this runner offers no cache/);
  // Without any key, the service finds one by itself, or answers everybody.
  const noKey = choose(['s3://b'], {}, rights({ trust: EXPOSED }, 'auto', 'auto'), {});
  assert.deepEqual(noKey.addresses, ['s3://b?mode=read']);
});

test('action.yml has an input for each credential of docs/remote.md', () => {
  const declared = declaredInputs();
  const page = readFileSync(new URL('../../docs/remote.md', import.meta.url), 'utf8');
  const documented = page.match(/(?<=`)CACHEWARDEN_(S3|GS|AZBLOB|REDIS|MEMCACHED|WEBDAV)_\w+/g);
  assert.deepEqual(
    [...new Set(documented)].sort(),
    credentialInputs().map(({ variable }) => variable).sort(),
  );
  for (const { input, variable } of credentialInputs()) {
    assert.ok(Object.hasOwn(declared, input), `${input} (${variable})`);
  }
  assert.equal(declared['read-only'], 'auto');
  assert.equal(declared['pass-credentials'], 'auto');
});
