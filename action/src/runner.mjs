// What the GitHub Actions runner offers to an action: inputs, environment files, and the commands
// that it reads from stdout.
//
// What always holds: a text from elsewhere (a ref, an answer of a server, the output of a program)
// is never read as a command, and never adds a line to an environment file.

import { appendFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { EOL } from 'node:os';

/** A mistake in the workflow: it fails the step, since only its author can correct it. */
export class BadInput extends Error {}

/** A problem of the cache: the job goes on without it, unless `fail-on-error` is given. */
export class CacheProblem extends Error {}

/** The value of an input, without the white space around it; empty where it is not given. */
export function input(name, env = process.env) {
  return (env[`INPUT_${name.toUpperCase()}`] ?? '').trim();
}

/** The lines of an input that are not empty. */
export function lines(text) {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** An input that is `true` or `false`. */
export function flag(name, env = process.env) {
  return oneOf(name, ['true', 'false'], env) === 'true';
}

/** An input that has one of a few values. */
export function oneOf(name, values, env = process.env) {
  const value = input(name, env);
  if (!values.includes(value)) {
    throw new BadInput(`input \`${name}\` is \`${value}\`: write one of ${values.join(', ')}`);
  }
  return value;
}

/** Keeps a value out of the log. The runner masks line by line, so each line is named. */
export function mask(value, write = toStdout) {
  for (const line of lines(value)) {
    write(`::add-mask::${escaped(line)}`);
  }
}

export function notice(text) {
  toStdout(`::notice title=cachewarden::${escaped(text)}`);
}

export function warning(text) {
  toStdout(`::warning title=cachewarden::${escaped(text)}`);
}

export function error(text) {
  toStdout(`::error title=cachewarden::${escaped(text)}`);
}

/** Prints what a program or a server has said. No line of it is a command for the runner. */
export function quote(text, write = toStdout) {
  const end = randomUUID();
  write(`::stop-commands::${end}`);
  write(text.trimEnd());
  write(`::${end}::`);
}

/** Sets a variable for all later steps of the job. */
export function exportVariable(name, value) {
  appendTo('GITHUB_ENV', name, value);
}

/** Sets an output of this step. */
export function output(name, value) {
  appendTo('GITHUB_OUTPUT', name, value);
}

/** Keeps a value for `post.mjs`. */
export function saveState(name, value) {
  appendTo('GITHUB_STATE', name, value);
}

/** The value that `main.mjs` has kept; `undefined` where it has not come so far. */
export function state(name, env = process.env) {
  return env[`STATE_${name}`];
}

/** Adds Markdown to the page of the job. */
export function addSummary(markdown) {
  append('GITHUB_STEP_SUMMARY', `${markdown}\n`);
}

/** Puts a folder into the PATH of all later steps. */
export function addPath(folder) {
  append('GITHUB_PATH', `${folder}${EOL}`);
}

/** `NAME<<END`, the value and `END`: no value can end that early, since nobody can guess `END`. */
function appendTo(variable, name, value) {
  const end = `END_${randomUUID()}`;
  append(variable, `${name}<<${end}${EOL}${value}${EOL}${end}${EOL}`);
}

function append(variable, text) {
  const file = process.env[variable];
  if (!file) {
    throw new CacheProblem(
      `${variable} is not set: this program is an action, which only a GitHub Actions runner starts`,
    );
  }
  appendFileSync(file, text);
}

function escaped(text) {
  return String(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function toStdout(line) {
  process.stdout.write(`${line}\n`);
}
