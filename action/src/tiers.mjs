// The remote tiers of a job, and the variables with what opens them.

import { BadInput } from './runner.mjs';

const WEBDAV = [
  'CACHEWARDEN_WEBDAV_USERNAME',
  'CACHEWARDEN_WEBDAV_PASSWORD',
  'CACHEWARDEN_WEBDAV_TOKEN',
];

/** The variables of credentials by the scheme of an address: docs/remote.md has the same table. */
const CREDENTIALS = {
  s3: [
    'CACHEWARDEN_S3_ACCESS_KEY_ID',
    'CACHEWARDEN_S3_SECRET_ACCESS_KEY',
    'CACHEWARDEN_S3_SESSION_TOKEN',
  ],
  gs: ['CACHEWARDEN_GS_CREDENTIAL', 'CACHEWARDEN_GS_TOKEN'],
  azblob: ['CACHEWARDEN_AZBLOB_ACCOUNT_KEY', 'CACHEWARDEN_AZBLOB_SAS_TOKEN'],
  redis: ['CACHEWARDEN_REDIS_USERNAME', 'CACHEWARDEN_REDIS_PASSWORD'],
  memcached: ['CACHEWARDEN_MEMCACHED_USERNAME', 'CACHEWARDEN_MEMCACHED_PASSWORD'],
  'webdav+https': WEBDAV,
  'webdav+http': WEBDAV,
};

/** The scheme of GitHub's own cache. */
const GITHUB = 'ghac';

/** All variables of credentials, each with the input that has its value. */
export function credentialInputs() {
  const all = new Set(Object.values(CREDENTIALS).flat());
  return [...all].map((variable) => ({
    variable,
    input: variable.replace('CACHEWARDEN_', '').replaceAll('_', '-').toLowerCase(),
  }));
}

/** The scheme of an address. What else is wrong with an address the program itself says. */
export function scheme(address) {
  const colon = address.indexOf(':');
  if (colon < 1) {
    throw new BadInput(
      `input \`remote\` has \`${withoutCredentials(address)}\`, which is no address: write one a ` +
        'line, such as ghac: or s3://bucket/prefix?region=eu-central-1, or `none`',
    );
  }
  return address.slice(0, colon).toLowerCase();
}

/** An address that is no URL may have a password before its `@`. */
function withoutCredentials(text) {
  return text.includes('@') ? `...@${text.split('@').pop()}` : text;
}

/** The address with `mode=read`; `undefined` for a tier that is only written. */
export function readOnly(address) {
  const [place, query = ''] = address.split(/\?(.*)/s);
  const options = new URLSearchParams(query);
  if (options.getAll('mode').at(-1) === 'write') {
    return undefined;
  }
  options.delete('mode');
  options.set('mode', 'read');
  return `${place}?${options}`;
}

/**
 * What of the named tiers this job uses: `{ addresses, variables, warnings }`. `credentials` are the
 * values of inputs by their variables; `env` is what the runner gives to an action.
 */
export function choose(named, credentials, rights, env) {
  const chosen = { addresses: [], variables: {}, warnings: [] };
  for (const address of named) {
    const about =
      scheme(address) === GITHUB
        ? ofGitHub(rights, env)
        : ofService(scheme(address), credentials, rights);
    const used = rights.readOnly ? readOnly(address) : address;
    if (about.leftOut) {
      chosen.warnings.push(`${address} is left out: ${about.leftOut}`);
    } else if (used !== undefined) {
      chosen.addresses.push(used);
      Object.assign(chosen.variables, about.variables);
    }
  }
  return chosen;
}

/**
 * GitHub gives these to actions, and not to the commands of a step. The helper is a process of such
 * a command, so they are exported: the token as a variable of cachewarden, where a program that
 * looks for ACTIONS_RUNTIME_TOKEN does not find it. Any step that looks for it does.
 */
function ofGitHub(rights, env) {
  const { ACTIONS_RUNTIME_TOKEN, ACTIONS_RESULTS_URL, ACTIONS_CACHE_SERVICE_V2 } = env;
  if (!rights.passToken) {
    return {
      leftOut:
        'every later step could use the token of this job, which may write what other branches ' +
        'read. `pass-credentials: true` passes it on all the same',
    };
  }
  if (!ACTIONS_RUNTIME_TOKEN || !ACTIONS_RESULTS_URL || !ACTIONS_CACHE_SERVICE_V2) {
    return {
      leftOut:
        "this runner offers no cache of GitHub's second version. Name a bucket, or `none`, in the " +
        'input `remote`',
    };
  }
  return {
    variables: {
      CACHEWARDEN_GHAC_RUNTIME_TOKEN: ACTIONS_RUNTIME_TOKEN,
      ACTIONS_RESULTS_URL,
      ACTIONS_CACHE_SERVICE_V2,
    },
  };
}

/** A service with credentials in inputs. Without any, the service looks where its own tools do. */
function ofService(service, credentials, rights) {
  const given = (CREDENTIALS[service] ?? []).filter((variable) => credentials[variable]);
  if (given.length > 0 && !rights.passCredentials) {
    return {
      leftOut:
        'every later step could read its credentials, and a stranger may have written the code ' +
        'that is built. `pass-credentials: true` passes them on; use some that can only read',
    };
  }
  return { variables: Object.fromEntries(given.map((name) => [name, credentials[name]])) };
}
