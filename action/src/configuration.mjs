// Writes the files that the helper reads, into a folder of this job: the configuration, the policy
// and its settings.
//
// What always holds: each is named with its SHA-256, so a later step that changes one stops the go
// command, and does not change what the cache does. With `--no-env`, no variable changes it either.

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { BadInput, CacheProblem } from './runner.mjs';

/** Makes a folder that is removed with the job. */
export function makeFolder(env = process.env) {
  if (!env.RUNNER_TEMP) {
    throw new CacheProblem('RUNNER_TEMP is not set: only a GitHub Actions runner starts this');
  }
  return mkdtempSync(join(env.RUNNER_TEMP, 'cachewarden-'));
}

/** The bytes of the policy; `undefined` for none. */
export function readPolicy(policy, policies, workspace) {
  if (policy === undefined) {
    return undefined;
  }
  if (policy.name !== undefined) {
    const bytes = policies.get(policy.name);
    if (bytes === undefined) {
      throw new BadInput(
        `input \`policy\` is \`${policy.name}\`, which this release does not have. It has ` +
          `${[...policies.keys()].sort().join(', ')}. For a file, write FILE@sha256:HEX`,
      );
    }
    return bytes;
  }
  const file = resolve(workspace ?? '.', policy.file);
  let bytes;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new BadInput(
      `input \`policy\`: cannot read ${file}: ${error.message}. A file of the repository is there ` +
        'after the step of actions/checkout',
    );
  }
  if (hash(bytes) !== policy.sha256) {
    throw new BadInput(
      `input \`policy\`: ${file} has the SHA-256 ${hash(bytes)}, and another one is pinned. If the ` +
        'change is meant, pin this one',
    );
  }
  return bytes;
}

/**
 * Writes the files. Returns `{ argument, store, recording }`; `argument` is what `--config` takes.
 * Without `dir` the store is the job's own.
 */
export function writeConfiguration(folder, { dir, policy, settings, labels, remote, verbose }) {
  const store = dir ?? join(folder, 'store');
  const recording = join(folder, 'recording.jsonl');
  const values = { dir: store, record: recording };
  if (policy !== undefined) {
    values.policy = [keep(folder, 'policy.wasm', policy)];
  }
  if (settings !== undefined) {
    values.settings = `@${keep(folder, 'settings.json', settings)}`;
  }
  if (labels.length > 0) {
    values.label = labels;
  }
  if (remote.length > 0) {
    values.remote = remote;
  }
  if (verbose) {
    values.verbose = true;
  }
  return { argument: keep(folder, 'cachewarden.toml', toml(values)), store, recording };
}

/** The value of GOCACHEPROG. go splits it at spaces, but not within quotes. */
export function cacheProgram(program, argument) {
  const words = [program, '--no-env', '--config', argument];
  return words.map(quoted).join(' ');
}

function quoted(word) {
  if (!/[\s'"]/.test(word)) {
    return word;
  }
  const quote = ["'", '"'].find((mark) => !word.includes(mark));
  if (quote === undefined) {
    throw new CacheProblem(`\`${word}\` has both kinds of quotes: go cannot read it`);
  }
  return `${quote}${word}${quote}`;
}

/** Writes a file that this user alone reads, and returns it with its pin. */
function keep(folder, name, content) {
  const file = join(folder, name);
  writeFileSync(file, content, { mode: 0o600 });
  return `${file}@sha256:${hash(Buffer.from(content))}`;
}

/** A text of TOML. What JSON writes in quotes, TOML reads, but for one character. */
export function toml(values) {
  const text = (value) => JSON.stringify(value).replaceAll('\u007f', '\\u007F');
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${text(value)}\n`);
  return lines.join('');
}

function hash(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
