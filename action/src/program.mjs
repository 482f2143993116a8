// Runs cachewarden, with no variable of the job that changes its options.

import { spawn } from 'node:child_process';

/** The exit status for a mistake in options, a policy or its settings. */
export const WRONG_OPTIONS = 2;

/** What a program may print before the rest is dropped, in characters. */
const LONGEST = 1_000_000;

/**
 * Runs the program to its end: `{ status, stdout, stderr }`. A program that takes longer than
 * `timeout` milliseconds is killed, and one that cannot be started has a text for that: both have
 * the status `undefined`.
 */
export function run(program, words, { env = process.env, timeout }) {
  return new Promise((resolve) => {
    const child = spawn(program, words, {
      env: withoutOptions(env),
      // An empty stdin ends a helper.
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // That of `spawn` would wait for its time where the program cannot be started.
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    const read = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        read[name] = (read[name] + text).slice(0, LONGEST);
      });
    }
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve({ ...read, stderr: `cannot start ${program}: ${error.message}` });
    });
    child.on('close', (status) => {
      clearTimeout(timer);
      const ended = status === null ? `${read.stderr}it did not end in time\n` : read.stderr;
      resolve({ ...read, status: status ?? undefined, stderr: ended });
    });
  });
}

/** GOCACHEPROG would name another store, and is what any step may have set. */
function withoutOptions(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name !== 'GOCACHEPROG'));
}
