// What `post.mjs` does. It runs the program and the configuration that `main.mjs` has noted, and not
// what a variable of the job names by now.

import { pruneOptions, readTimeout } from './inputs.mjs';
import { report } from './guard.mjs';
import { run } from './program.mjs';
import { refusals } from './recording.mjs';
import { addSummary, quote, state, warning } from './runner.mjs';
import { NO_STORE, between, readStats } from './stats.mjs';
import { summary } from './summary.mjs';

/** What `flush` may take beyond its own limit before it is killed, in milliseconds. */
const GRACE = 30_000;

/**
 * How long `prune` may take, in milliseconds: it looks at every entry and object, and waits for
 * another one. The store is whole where it is killed.
 */
const PRUNE = 300_000;

/** Does the whole step. */
export async function finish(env = process.env) {
  const noted = state('job', env);
  if (noted === undefined) {
    console.log('cachewarden was not set up in this job: there is nothing to send');
    return;
  }
  const job = JSON.parse(noted);
  const sent = await flush(job, env);
  const pruned = await prune(job, env);
  try {
    const stats = await ofThisJob(job, env);
    if (stats?.sessions.sessions === 0) {
      console.log('no go command has used the cache: do they run in this job, with Go 1.24 or later?');
    }
    addSummary(summary(stats, job, await refusals(job.recording), { sent: sent.said, pruned }));
  } finally {
    // Whatever the store says of itself.
    if (sent.problem !== undefined) {
      report(sent.problem);
    }
  }
}

/** What the store says, with the sessions of this job alone; `undefined` where that is not known. */
async function ofThisJob(job, env) {
  if (job.sessions === undefined) {
    return undefined;
  }
  const stats = await readStats(job, env);
  return stats && { ...stats, sessions: between(job.sessions, stats.sessions) };
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
  const problem =
    ended.status === 0 || ended.status === NO_STORE
      ? undefined
      : 'not everything was sent to the remote tiers, see the output above';
  return { said, problem };
}

/**
 * Removes from a store that stays what no build has used for long: what was done, in words. A store
 * of the job alone is removed as a whole. No build that is running loses anything: without `--now`,
 * what was used in the last three hours stays.
 */
async function prune({ program, argument, stays }, env) {
  if (!stays) {
    return '';
  }
  const words = ['prune', ...pruneOptions(env), '--no-env', '--config', argument];
  const ended = await run(program, words, { env, timeout: PRUNE });
  const said = `${ended.stdout}${ended.stderr}`.trim();
  if (ended.status === 0) {
    quote(said);
    return said;
  }
  if (ended.status !== NO_STORE) {
    warning(`the store was not pruned, and takes more room than it should: ${said}`);
  }
  return '';
}
