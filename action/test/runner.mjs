// Runs the action as GitHub's runner does: with inputs and files in variables, and with what one
// step has written there in the variables of the next one.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PROGRAM } from './tarball.mjs';

const ACTION = fileURLToPath(new URL('..', import.meta.url));

/** A folder that is removed after the test. Its name has a space, as folders of runners may have. */
export function scratch(context, prefix = 'cachewarden action-') {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The inputs of action.yml with their defaults. Its form is simple enough for two patterns. */
export function declaredInputs() {
  const text = readFileSync(join(ACTION, 'action.yml'), 'utf8');
  const inputs = text.split('\ninputs:\n')[1].split('\noutputs:\n')[0];
  const found = {};
  for (const part of inputs.split(/^ {2}(?=\S)/m).slice(1)) {
    const name = part.split(':')[0];
    const value = /^ {4}default: (.*)$/m.exec(part)?.[1] ?? '';
    found[name] = value.replace(/^'(.*)'$/, '$1');
  }
  return found;
}

/** A machine with a runner, and a job on it. */
export class Job {
  constructor(folder, name, event = {}) {
    this.folder = join(folder, name);
    this.action = ACTION;
    const inFolder = (...path) => {
      const made = join(this.folder, ...path);
      mkdirSync(made, { recursive: true });
      return made;
    };
    const { name: eventName = 'push', ref = 'refs/heads/main', actor = 'octocat', payload } = event;
    const payloadFile = join(inFolder('files'), 'event.json');
    writeFileSync(payloadFile, JSON.stringify(payload ?? {}));
    const goTelemetry = inFolder('home', '.config', 'go', 'telemetry');
    writeFileSync(join(goTelemetry, 'mode'), 'off');
    this.env = {
      PATH: process.env.PATH,
      HOME: inFolder('home'),
      RUNNER_TEMP: inFolder('temp'),
      RUNNER_TOOL_CACHE: inFolder('tools'),
      GITHUB_WORKSPACE: inFolder('work'),
      GITHUB_REPOSITORY: 'acme/widget',
      GITHUB_REF: ref,
      GITHUB_EVENT_NAME: eventName,
      GITHUB_EVENT_PATH: payloadFile,
      GITHUB_ACTOR: actor,
    };
    // What the runner gives to actions alone.
    this.ofActions = {};
    this.state = {};
    this.outputs = {};
    this.summary = '';
  }

  /** Runs `main.mjs` or `post.mjs` with these inputs: `{ status, log }`. */
  async step(script, inputs = {}) {
    const all = { ...declaredInputs(), ...inputs };
    const asVariables = Object.entries(all).map(([key, value]) => [
      `INPUT_${key.toUpperCase()}`,
      value,
    ]);
    const names = ['GITHUB_ENV', 'GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY', 'GITHUB_PATH'];
    const files = Object.fromEntries(names.map((name) => [name, join(this.folder, 'files', name)]));
    Object.values(files).forEach((file) => writeFileSync(file, ''));
    const states = Object.entries(this.state).map(([key, value]) => [`STATE_${key}`, value]);
    const ended = await run(process.execPath, [join(this.action, script)], {
      ...this.env,
      ...this.ofActions,
      ...Object.fromEntries([...asVariables, ...states]),
      ...files,
    });
    Object.assign(this.env, assignments(files.GITHUB_ENV));
    Object.assign(this.outputs, assignments(files.GITHUB_OUTPUT));
    Object.assign(this.state, assignments(files.GITHUB_STATE));
    this.summary += readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8');
    const added = readFileSync(files.GITHUB_PATH, 'utf8').split('\n').filter((line) => line);
    this.env.PATH = [...added.reverse(), this.env.PATH].join(':');
    return ended;
  }

  /** Writes a module into the workspace. */
  module(text) {
    const file = (name, content) => writeFileSync(join(this.env.GITHUB_WORKSPACE, name), content);
    file('go.mod', 'module example.com/site\n\ngo 1.24\n');
    file('main.go', `package main\n\nimport "strings"\n\nfunc main() { println(strings.ToUpper("${text}")) }\n`);
    return this;
  }

  /** Runs a command as a step of the job. */
  run(program, words) {
    const env = {
      ...this.env,
      GOFLAGS: '-buildvcs=false',
      GOPROXY: 'off',
      GOTOOLCHAIN: 'local',
      CGO_ENABLED: '0',
    };
    return run(program, words, env, this.env.GITHUB_WORKSPACE);
  }

  /** Builds the module: the text that the go command has printed. */
  build() {
    return this.run('go', ['build', '-trimpath', '-o', join(this.folder, 'site'), '.']);
  }
}

/** Reads `NAME<<END`, a value and `END`, as the runner does. */
function assignments(file) {
  const found = {};
  const rest = readFileSync(file, 'utf8').split('\n');
  while (rest.length > 0) {
    const parts = /^([^=]+?)<<(.+)$/.exec(rest.shift());
    if (parts !== null) {
      found[parts[1]] = rest.splice(0, rest.indexOf(parts[2])).join('\n');
      rest.shift();
    }
  }
  return found;
}

/** Runs a program to its end: `{ status, log }`. */
export function run(program, words, env, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (log += text));
    }
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, log }));
  });
}

/** A server on this machine; `answer` gets a request and its answer. `requests` are their paths. */
export async function serve(context, answer) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}`, requests };
}

/** A server with one file at every path. */
export function serveBytes(context, bytes) {
  return serve(context, (_, response) => response.end(bytes));
}

/** All files below a folder. */
export function filesBelow(folder) {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const found = entries.filter((entry) => entry.isFile());
  return found.map((entry) => join(entry.parentPath, entry.name)).sort();
}

/** What is wrong with the machine that the tests run on, before any of them runs. */
export async function checkTools() {
  for (const [program, words] of [
    ['go', ['version']],
    [PROGRAM, ['--version']],
  ]) {
    await run(program, words, process.env).catch((error) => {
      throw new Error(`${program} is needed: build it with cargo, or set CACHEWARDEN: ${error}`);
    });
  }
}
