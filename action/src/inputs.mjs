// Reads the inputs of the action. A mistake in one is an error that names the input and what to
// write: a cache that is set up wrongly would otherwise be no cache, and nobody would see it.

import { isAbsolute } from 'node:path';

import { BadInput, flag, input, lines, oneOf } from './runner.mjs';
import { credentialInputs, scheme } from './tiers.mjs';

/** The word for no tier, no policy and no limit. */
const NONE = 'none';

/** A name of a variable or a label. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** Milliseconds of a unit of time. */
const UNITS = { s: 1_000, min: 60_000, h: 3_600_000 };

/** What the inputs say. */
export function readInputs(env = process.env) {
  const policy = policyOf(input('policy', env));
  const inputs = {
    version: input('version', env).replace(/^v(?=\d)/, ''),
    sha256: input('sha256', env).toLowerCase(),
    baseUrl: input('base-url', env),
    remote: remoteOf(input('remote', env)),
    policy,
    settings: settingsOf(input('settings', env), policy),
    labels: labelsOf(env, policy),
    readOnly: oneOf('read-only', ['auto', 'true', 'false'], env),
    passCredentials: oneOf('pass-credentials', ['auto', 'true', 'false'], env),
    credentials: credentialsOf(env),
    verbose: flag('verbose', env),
    dir: dirOf(input('dir', env)),
  };
  readTimeout(env);
  pruneOptions(env);
  return inputs;
}

/** The values of the inputs for credentials by their variables; those that are empty are left out. */
export function credentialsOf(env = process.env) {
  const all = credentialInputs().map(({ variable, input: name }) => [variable, input(name, env)]);
  // A secret that does not exist is empty, as in a fork's pull request.
  return Object.fromEntries(all.filter(([, value]) => value !== ''));
}

/** The time that `flush` may take: as cachewarden reads it, and in milliseconds. */
export function readTimeout(env = process.env) {
  const text = input('flush-timeout', env);
  const parts = /^(\d{1,5}) ?(s|min|h)$/.exec(text);
  if (parts === null || Number(parts[1]) === 0) {
    throw new BadInput(`input \`flush-timeout\` is \`${text}\`: write a time such as 60s or 5min`);
  }
  return { text: `${parts[1]}${parts[2]}`, milliseconds: Number(parts[1]) * UNITS[parts[2]] };
}

/** What a store keeps by itself: host/cachewarden/src/cli/trim.rs. */
const MOST_HOURS = 5 * 24;

/** How many hours a text such as `5days` means. */
function hours(text) {
  const [, number, unit] = /^(\d+) ?([a-z]+?)s?$/.exec(text);
  return Number(number) * { min: 1 / 60, h: 1, hour: 1, day: 24, week: 168 }[unit];
}

/** The options of `prune`. */
export function pruneOptions(env = process.env) {
  const olderThan = input('prune-older-than', env);
  if (!/^[1-9]\d{0,5} ?(min|h|hours?|days?|weeks?)$/.test(olderThan)) {
    throw new BadInput(
      `input \`prune-older-than\` is \`${olderThan}\`: write a time such as 5days or 12h`,
    );
  }
  if (hours(olderThan) > MOST_HOURS) {
    throw new BadInput(
      `input \`prune-older-than\` is \`${olderThan}\`: each store removes by itself what was unused ` +
        'for 5days; write that or less',
    );
  }
  const maxSize = input('prune-max-size', env);
  if (maxSize === NONE) {
    return ['--older-than', olderThan];
  }
  if (!/^[1-9]\d{0,5} ?[kMGT]i?B$/.test(maxSize)) {
    throw new BadInput(
      `input \`prune-max-size\` is \`${maxSize}\`: write a size such as 10GB, or \`none\``,
    );
  }
  return ['--older-than', olderThan, '--max-size', maxSize];
}

/** The folder of a store that stays; `undefined` where the job has a store of its own. */
function dirOf(text) {
  if (text === '') {
    return undefined;
  }
  if (!isAbsolute(text)) {
    throw new BadInput(
      `input \`dir\` is \`${text}\`: write an absolute path, such as /var/cache/cachewarden`,
    );
  }
  return text;
}

function remoteOf(text) {
  const addresses = lines(text);
  if (addresses.length === 1 && addresses[0] === NONE) {
    return [];
  }
  if (addresses.length === 0) {
    throw new BadInput(
      'input `remote` is empty: name a tier, such as ghac: or s3://bucket/prefix, or write `none`. ' +
        'If it is from a variable, that is not set',
    );
  }
  addresses.forEach(scheme);
  return addresses;
}

/** `undefined`, `{ name }` of a policy of the release, or `{ file, sha256 }`. */
function policyOf(text) {
  if (text === NONE) {
    return undefined;
  }
  if (/^[a-z0-9-]+$/.test(text)) {
    return { name: text };
  }
  const parts = /^(.+)@sha256:([0-9a-f]{64})$/.exec(text);
  if (parts === null) {
    throw new BadInput(
      `input \`policy\` is \`${text}\`: write the name of a policy of the release, such as ` +
        'trusted-branches, or `none`, or FILE@sha256:HEX with what `sha256sum FILE` prints',
    );
  }
  return { file: parts[1], sha256: parts[2] };
}

function settingsOf(text, policy) {
  if (text === '') {
    return undefined;
  }
  if (policy === undefined) {
    throw new BadInput('input `settings` is for a policy, and `policy` is `none`: leave it out');
  }
  try {
    JSON.parse(text);
  } catch (error) {
    throw new BadInput(`input \`settings\` is no JSON: ${error.message}`);
  }
  return text;
}

/**
 * The labels as `NAME=VALUE`. The values of variables are taken here: a script of a later step can
 * set a variable, and would so change the label.
 */
function labelsOf(env, policy) {
  const typed = lines(input('labels', env));
  if (policy === undefined && typed.length > 0) {
    throw new BadInput('input `labels` is for a policy, and `policy` is `none`: leave it out');
  }
  if (policy === undefined) {
    return [];
  }
  const names = input('label-env', env).split(/[\s,]+/);
  const found = names.filter((name) => name !== '').flatMap((name) => ofVariable(name, env));
  const labels = [...typed, ...found];
  const seen = new Set();
  for (const label of labels) {
    const name = label.split('=')[0];
    if (!label.includes('=') || !NAME.test(name)) {
      throw new BadInput(`input \`labels\` has \`${label}\`: write NAME=VALUE, one a line`);
    }
    if (seen.has(name)) {
      throw new BadInput(`the label \`${name}\` is set twice, in \`labels\` and \`label-env\``);
    }
    seen.add(name);
  }
  return labels;
}

function ofVariable(name, env) {
  if (!NAME.test(name)) {
    throw new BadInput(`input \`label-env\` has \`${name}\`: write names of variables`);
  }
  // As `--label-env` does: what is not set is left out, and the policy says which label it misses.
  return env[name] ? [`${name}=${env[name]}`] : [];
}
