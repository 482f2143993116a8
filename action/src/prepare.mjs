// What `main.mjs` does: choose what this job may do, install the release, try it, and export what
// later steps need. Exports come last, so a failure before them leaves a job without a cache.

import { cacheProgram, makeFolder, readPolicy, writeConfiguration } from './configuration.mjs';
import { credentialsOf, readInputs } from './inputs.mjs';
import { install } from './install.mjs';
import { WRONG_OPTIONS, run } from './program.mjs';
import { address, find, triple } from './release.mjs';
import {
  BadInput,
  CacheProblem,
  addPath,
  exportVariable,
  flag,
  mask,
  notice,
  output,
  quote,
  saveState,
  warning,
} from './runner.mjs';
import { readStats } from './stats.mjs';
import { choose } from './tiers.mjs';
import { TRUSTED, classify, rights } from './trust.mjs';

/** How long the trial may take, in milliseconds: compiling a large policy takes seconds. */
const TRIAL = 180_000;

/** The codes of a store that is not used: see docs/errors.md. Builds go on without one. */
const NOT_USED = /warning\[CW01\d\d\]/;

/** Does the whole step. */
export async function prepare(env = process.env) {
  // Before anything else is printed.
  hide(credentialsOf(env));
  output('active', 'false');
  // Every input is read here, so a mistake is an error whatever else fails.
  flag('fail-on-error', env);
  const inputs = readInputs(env);
  const job = classify(env);
  const allowed = rights(job, inputs.readOnly, inputs.passCredentials);
  const dir = allowed.sharesStore ? inputs.dir : undefined;
  if (dir !== inputs.dir) {
    const why = job.trust === TRUSTED ? '`read-only` is true' : job.why;
    warning(
      `\`dir\` is not used, and the job has a store of its own: ${why}. What this job runs as the ` +
        'same user can write that folder all the same: name it only on a runner that runs no code ' +
        'of strangers',
    );
  }
  const tiers = choose(inputs.remote, inputs.credentials, allowed, env);
  [...allowed.warnings, ...tiers.warnings].forEach(warning);

  const target = triple();
  const release = find(inputs.version, inputs.sha256, target);
  const url = address(inputs.baseUrl, release);
  const installed = await install(release, target, url, env.RUNNER_TOOL_CACHE);
  const folder = makeFolder(env);
  const written = writeConfiguration(folder, {
    dir,
    policy: readPolicy(inputs.policy, installed.policies, env.GITHUB_WORKSPACE),
    settings: inputs.settings,
    labels: inputs.labels,
    remote: tiers.addresses,
    verbose: inputs.verbose,
  });
  const store = dir === undefined ? ['--dir', `${folder}/trial`] : [];
  await tryIt(installed.program, written, store, { ...env, ...tiers.variables });
  const noted = { program: installed.program, argument: written.argument };
  const before = await readStats(noted, env);

  if (env.GOCACHEPROG) {
    notice(`GOCACHEPROG was \`${env.GOCACHEPROG}\`, and is now cachewarden's for later steps`);
  }
  // GitHub masks its own token; a value that is masked twice is no problem.
  hide(tiers.variables);
  for (const [name, value] of Object.entries(tiers.variables)) {
    exportVariable(name, value);
  }
  exportVariable('GOCACHEPROG', cacheProgram(installed.program, written.argument));
  addPath(installed.folder);
  output('active', 'true');
  output('program', installed.program);
  output('version', release.version);
  output('dir', written.store);
  output('read-only', `${allowed.readOnly}`);
  saveState(
    'job',
    JSON.stringify({
      ...noted,
      stays: dir !== undefined,
      // What jobs before this one have done with the store; it is left out where that is not known.
      sessions: before && { ...before.sessions, kinds: undefined, scopes: undefined },
      recording: written.recording,
      addresses: tiers.addresses,
      policy: inputs.policy?.name ?? inputs.policy?.file ?? 'none',
      isReadOnly: allowed.readOnly,
      why: `the event is ${job.event}, and ${job.why}`,
    }),
  );
}

/** Masks credentials. A user's name is none, and one such as `default` would hide half of a log. */
function hide(variables) {
  for (const [name, value] of Object.entries(variables)) {
    if (name.startsWith('CACHEWARDEN_') && !name.endsWith('_USERNAME')) {
      mask(value);
    }
  }
}

/**
 * Starts the helper once, without a go command: it reads its options, loads the policy and opens the
 * session, and then its stdin ends. So a mistake is found in this step and not in the build. The
 * store of the job alone is another one than that of the trial, since the summary is about builds;
 * one that stays is tried itself.
 */
async function tryIt(program, { argument }, store, env) {
  const words = ['--no-env', '--config', argument, ...store];
  const tried = await run(program, words, { env, timeout: TRIAL });
  if (tried.stderr !== '') {
    quote(tried.stderr);
  }
  const said = tried.stderr.trim();
  if (tried.status === WRONG_OPTIONS || NOT_USED.test(said)) {
    throw new BadInput(`an input is wrong: ${said}`);
  }
  if (tried.status !== 0) {
    const ended = tried.status === undefined ? '' : ` with status ${tried.status}`;
    throw new CacheProblem(`cachewarden does not run on this machine${ended}: ${said}`);
  }
}
