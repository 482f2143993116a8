// The recipes: the files of examples/ci, and the blocks of docs/ci.md and docs/ci/. Each is looked
// at by a tool of its format; examples.test.mjs runs what the files run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync, readdirSync } from 'node:fs';

import { documents, example, need } from './examples.mjs';
import { gitlabFaults } from './gitlab.mjs';
import { dockerfileFaults, jenkinsfileFaults, kubernetesFaults, workflowFaults } from './lint.mjs';
import { run } from './runner.mjs';

const DOCS = new URL('../../docs/', import.meta.url);

/** The pages with recipes. */
const PAGES = ['ci.md', ...readdirSync(new URL('ci/', DOCS)).map((name) => `ci/${name}`)];

/** The blocks of a page: `{ language, text }`, each without what it is indented by. */
function blocks(page) {
  const text = readFileSync(new URL(page, DOCS), 'utf8');
  const found = [...text.matchAll(/^( *)```(\S*)\n([^]*?)\n\1```$/gm)];
  return found.map(([, , language, body]) => {
    const lines = body.split('\n');
    const indents = lines.filter((line) => line !== '').map((line) => /^ */.exec(line)[0].length);
    const least = Math.min(...indents);
    return { language, text: lines.map((line) => line.slice(least)).join('\n') };
  });
}

/** A step or several, as a workflow. */
function workflowOf(steps) {
  const body = steps.replaceAll(/^(?=.)/gm, '      ');
  return `on: push\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps:\n${body}\n`;
}

/** What is wrong with a block of YAML: a workflow, steps of one, or a pipeline of GitLab. */
function yamlFaults(text) {
  const parsed = need('yaml').parseDocument(text);
  if (parsed.errors.length > 0) {
    return parsed.errors.map(String);
  }
  const value = parsed.toJS();
  if (Array.isArray(value)) {
    return workflowFaults(workflowOf(text));
  }
  if (Object.hasOwn(value, 'jobs')) {
    return workflowFaults(text);
  }
  return gitlabFaults(value);
}

/** By the language that a block names. A block without one is not looked at. */
const CHECKS = {
  yaml: yamlFaults,
  json: (text) => JSON.parse(text) && [],
  // The lines for a Dockerfile that begins elsewhere on the page.
  dockerfile: (text) => dockerfileFaults(/^FROM /m.test(text) ? text : `FROM scratch\n${text}`),
  sh: async (text) => {
    const { status, log } = await run('bash', ['-n', '-c', text], process.env);
    return status === 0 ? [] : [log];
  },
};

test('no recipe of a page has a fault that a tool of its format finds', async () => {
  const seen = new Set();
  for (const page of PAGES) {
    for (const { language, text } of blocks(page)) {
      assert.ok(Object.hasOwn(CHECKS, language), `${page}: a block of \`${language}\``);
      assert.deepEqual(await CHECKS[language](text), [], `${page}:\n${text}`);
      seen.add(language);
    }
  }
  assert.deepEqual([...seen].sort(), Object.keys(CHECKS).sort());
});

test('a fault in a recipe of a page is found', async () => {
  const [workflow] = blocks('ci.md').filter(({ text }) => text.includes('runs-on'));
  assert.notDeepEqual(await yamlFaults(workflow.text.replace('uses:', 'use:')), []);
  const [step] = blocks('ci/github.md').filter(({ text }) => text.includes('base-url'));
  const faults = await yamlFaults(step.text.replace('base-url', 'base-urls'));
  assert.match(faults.join('\n'), /base-urls/);
  const [pipeline] = blocks('ci.md').filter(({ text }) => text.includes('pull-push'));
  for (const [right, wrong] of [
    ['policy: pull-push', 'policy: pull-and-push'],
    ['policy: pull-push', 'polices: pull-push'],
    ['before_script', 'before_scripts'],
    ['- go test ./...', '- go: test'],
    ['    - if: $CI_PIPELINE', '    - iff: $CI_PIPELINE'],
    ['  script:\n', '  services:\n'],
  ]) {
    assert.ok(pipeline.text.includes(right), right);
    assert.notDeepEqual(await yamlFaults(pipeline.text.replace(right, wrong)), [], wrong);
  }
});

test('the workflow has no fault that actionlint finds, nor has the action', async () => {
  const text = example('github/test.yml');
  assert.deepEqual(await workflowFaults(text), []);
  // An input that the action does not have, and a key that GitHub does not have.
  for (const [right, wrong] of [['remote:', 'remotes:'], ['runs-on:', 'run-on:']]) {
    assert.match((await workflowFaults(text.replace(right, wrong))).join('\n'), /remotes|run-on/);
  }
});

test('the workflow names the action of this version', () => {
  const manifest = readFileSync(new URL('../../Cargo.toml', import.meta.url), 'utf8');
  const version = /^\[workspace\.package\]\nversion = "(.+)"$/m.exec(manifest)[1];
  const [{ jobs }] = documents('github/test.yml');
  const uses = jobs.test.steps.map((step) => step.uses);
  assert.ok(uses.includes(`cachewarden/cachewarden/action@v${version}`), uses.join('\n'));
});

test('the pipeline for GitLab has no key that GitLab does not have', () => {
  const [document] = documents('gitlab/gitlab-ci.yml');
  assert.deepEqual(gitlabFaults(document), []);
  const { test: job, ...rest } = document;
  const wrong = { ...rest, test: { ...job, after_scripts: job.after_script } };
  assert.match(gitlabFaults(wrong)[0], /after_scripts/);
});

test('the Dockerfile has no fault that its validator finds', () => {
  const text = example('docker/Dockerfile');
  assert.deepEqual(dockerfileFaults(text), []);
  assert.notDeepEqual(dockerfileFaults(text.replace('WORKDIR', 'WORKDR')), []);
  assert.notDeepEqual(dockerfileFaults(text.replace('COPY . .', 'COPY .')), []);
  assert.match(dockerfileFaults(text.replace('target=/var', 'targt=/var'))[0], /targt/);
  assert.match(dockerfileFaults(text.replace('type=cache', 'type=cash'))[0], /cash/);
});

test('the Jenkinsfile is Groovy, and its pipeline has the sections of one', async () => {
  const text = example('jenkins/Jenkinsfile');
  assert.deepEqual(await jenkinsfileFaults(text), []);
  for (const [right, wrong] of [
    ["sh 'go test", 'sh go test'],
    ['\n  ])', '\n  )'],
    ['  stages {', '  stage {'],
    ['  post {', '  posts {'],
  ]) {
    assert.ok(text.includes(right), right);
    assert.notDeepEqual(await jenkinsfileFaults(text.replace(right, wrong)), [], wrong);
  }
});

test('the DaemonSet has the fields that Kubernetes has', () => {
  const objects = documents('kubernetes/daemonset.yaml');
  assert.deepEqual(kubernetesFaults(objects), []);
  const wrong = (change) => {
    const copy = structuredClone(objects[1]);
    change(copy.spec.template.spec.containers[0]);
    return copy;
  };
  const faults = kubernetesFaults([
    wrong((container) => (container.readinesProbe = {})),
    wrong((container) => (container.args = 'serve')),
    wrong((container) => delete container.name),
  ]);
  assert.equal(faults.length, 3, faults.join('\n'));
  ['readinesProbe', "'string'", "'name'"].forEach((text, at) => assert.ok(faults[at].includes(text), faults[at]));
});
