// What `post.mjs` does. It runs the program and the configuration that `main.mjs` has noted, and not
// what a variable of the job names by now.

import { readTimeout } from './inputs.mjs';
import { report } from './guard.mjs';
import { run } from './program.mjs';
import { refusals } from './recording.mjs';
import { CacheProblem, addSummary, quote, state } from './runner.mjs';
import { summary } from './summary.mjs';

/** What `flush` may take beyond its own limit before it is killed, in milliseconds. */
const GRACE = 30_000;

/** How long `stats` may take, in milliseconds: it looks at every entry of the store. */
const STATS = 120_000;

/** Does the whole step. */
export async function finish(env = process.env) {
  const noted = state('job', env);
  if (noted === undefined) {
    console.log('cachewarden was not set up in this job: there is nothing to send');
    return;
  }
  const job = JSON.parse(noted);
  const sent = await flush(job, env);
  const stats = await readStats(job, env);
  if (stats.sessions.sessions === 0) {
    console.log('no go command has used the cache: do they run in this job, with Go 1.24 or later?');
  }
  addSummary(summary(stats, job, await refusals(job.recording), sent.said));
  if (sent.problem !== undefined) {
    report(sent.problem);
  }
}

/** Sends what is left: `{ said, problem }`. Without a tier there is nothing to do. */
async function flush({ program, argument, addresses, isReadOnly }, env) {
  if (addresses.length === 0 || isReadOnly) {
    return { said: '' };
  }
  const { text, milliseconds } = readTimeout(env);
  const words = ['flush', '--timeout', text, '--no-env', '--config', argument];
  const ended = await run(program, words, { env, timeout: milliseconds + GRACE });
  const said = `${ended.stdout}${ended.stderr}`.trim();
  quote(said);
  // It has status 1 where no go command has made a store.
  const problem =
    ended.status === 0 || ended.status === 1
      ? undefined
      : 'not everything was sent to the remote tiers, see the output above';
  return { said, problem };
}

async function readStats({ program, argument }, env) {
  const words = ['stats', '--json', '--no-env', '--config', argument];
  const ended = await run(program, words, { env, timeout: STATS });
  if (ended.status === 1) {
    return NO_STORE;
  }
  if (ended.status !== 0) {
    throw new CacheProblem(`\`cachewarden stats\` failed: ${ended.stderr.trim()}`);
  }
  return JSON.parse(ended.stdout);
}

/** What `stats` would print of a store that no go command has made. */
const NO_STORE = {
  sessions: {
    sessions: 0,
    gets: 0,
    hits: 0,
    'refused-gets': 0,
    puts: 0,
    'refused-puts': 0,
    'bytes-put': 0,
    diverged: 0,
  },
};
