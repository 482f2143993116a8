// The release that this action installs: which one, its SHA-256, and where it is fetched.
//
// What always holds: bytes that do not have the pinned SHA-256 are neither kept nor unpacked,
// wherever they come from.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { BadInput, CacheProblem } from './runner.mjs';

/** The releases that this version of the action knows, as `sha256sum` prints them. */
const CHECKSUMS = new URL('../checksums.txt', import.meta.url);

/** How often a download is tried: a server that is busy answers a moment later. */
const ATTEMPTS = 3;

/** The pause before the second attempt, in milliseconds; it doubles. */
const PAUSE = 1_000;

/** How long one attempt may take, in milliseconds: a release has some 20 MB. */
const TIMEOUT = 120_000;

/** A download that is larger is no release, and would fill the memory. */
const LARGEST = 256 * 1024 * 1024;

/**
 * The target triples of releases by Node's names of the system and the processor. The programs for
 * Linux are static, so they run whatever the C library is.
 */
const TRIPLES = {
  'linux x64': 'x86_64-unknown-linux-musl',
  'linux arm64': 'aarch64-unknown-linux-musl',
  'darwin x64': 'x86_64-apple-darwin',
  'darwin arm64': 'aarch64-apple-darwin',
};

/** The target triple of this machine. */
export function triple(platform = process.platform, arch = process.arch) {
  const found = TRIPLES[`${platform} ${arch}`];
  if (found === undefined) {
    throw new CacheProblem(
      `there is no release for ${platform} on ${arch}`,
    );
  }
  return found;
}

/** The SHA-256 by the name of the file. */
export function checksums(text = readFileSync(CHECKSUMS, 'utf8')) {
  const found = new Map();
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) {
      continue;
    }
    const parts = /^([0-9a-f]{64}) [ *](cachewarden-\S+\.tar\.gz)$/.exec(line);
    if (parts === null) {
      throw new BadInput(`checksums.txt of this action has a line that is damaged: ${line}`);
    }
    found.set(parts[2], parts[1]);
  }
  return found;
}

/**
 * Which release to install: `{ version, file, sha256 }`. Without a version it is the last of
 * checksums.txt. `pinned` is the SHA-256 of a build that is no release.
 */
export function find(version, pinned, target, known = checksums()) {
  if (pinned !== '' && !/^[0-9a-f]{64}$/.test(pinned)) {
    throw new BadInput('input `sha256` must be the 64 digits that `sha256sum FILE` prints');
  }
  if (pinned !== '' && version === '') {
    throw new BadInput('input `sha256` is given: name the `version` that it belongs to, too');
  }
  // It becomes a part of a path and of a URL.
  if (version !== '' && !/^[0-9A-Za-z][0-9A-Za-z.+-]*$/.test(version)) {
    throw new BadInput(`input \`version\` is \`${version}\`: write it as 0.1.0`);
  }
  const all = versions(known);
  const wanted = version === '' ? all.at(-1) : version;
  if (wanted === undefined) {
    throw new BadInput(
      'this commit of the action knows no release: use the tag of a release, such as ' +
        'cachewarden/cachewarden/action@v0.1.0, or give `version`, `sha256` and `base-url` of a ' +
        'build of your own',
    );
  }
  const file = `cachewarden-${wanted}-${target}.tar.gz`;
  const sha256 = pinned === '' ? known.get(file) : pinned;
  if (sha256 === undefined && all.includes(wanted)) {
    throw new CacheProblem(`version ${wanted} was not released for ${target}`);
  }
  if (sha256 === undefined) {
    throw new BadInput(
      `this commit of the action does not know version ${wanted}, and what it does not know it ` +
        `does not run. Known: ${all.join(', ') || 'none'}. Use the action of that release, ` +
        `cachewarden/cachewarden/action@v${wanted}, or leave \`version\` out`,
    );
  }
  return { version: wanted, file, sha256 };
}

/** The versions that are known for any machine, in the order of the file. */
function versions(known) {
  const endings = Object.values(TRIPLES).map((target) => `-${target}.tar.gz`);
  const all = [...known.keys()].map((file) => {
    const ending = endings.find((end) => file.endsWith(end)) ?? '.tar.gz';
    return file.slice('cachewarden-'.length, -ending.length);
  });
  return [...new Set(all)];
}

/** Where the release lies below the base URL. */
export function address(baseUrl, { version, file }) {
  let base;
  try {
    base = new URL(baseUrl);
  } catch {
    throw new BadInput(`input \`base-url\` is \`${baseUrl}\`, which is no URL`);
  }
  const isHere = ['127.0.0.1', 'localhost', '[::1]'].includes(base.hostname);
  if (base.protocol !== 'https:' && !(base.protocol === 'http:' && isHere)) {
    throw new BadInput(`input \`base-url\` is \`${baseUrl}\`: it must begin with https://`);
  }
  return `${baseUrl.replace(/\/+$/, '')}/v${version}/${file}`;
}

export function isWhole(bytes, { sha256 }) {
  return createHash('sha256').update(bytes).digest('hex') === sha256;
}

/** Downloads the release, and checks it. */
export async function download(url, release, wait = pause) {
  let problem;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) {
      await wait(PAUSE * 2 ** (attempt - 1));
    }
    const answer = await ask(url);
    if (answer.bytes !== undefined) {
      return checked(url, release, answer.bytes);
    }
    problem = answer.problem;
    if (!answer.isBusy) {
      break;
    }
  }
  throw new CacheProblem(
    `cannot download ${url}: ${problem}. Look at the network of the runner and at \`base-url\``,
  );
}

function checked(url, release, bytes) {
  if (!isWhole(bytes, release)) {
    const found = createHash('sha256').update(bytes).digest('hex');
    throw new CacheProblem(
      `${url} has the SHA-256 ${found}, and ${release.sha256} is pinned: it is not run. If the ` +
        'mirror in `base-url` is yours, copy the release again; otherwise report this',
    );
  }
  return bytes;
}

/** One attempt: `{ bytes }`, or `{ problem, isBusy }`. */
async function ask(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT) });
    if (!response.ok) {
      const isBusy = response.status === 429 || response.status >= 500;
      await response.body?.cancel();
      return { problem: `the server answers ${response.status}`, isBusy };
    }
    const pieces = [];
    let size = 0;
    for await (const piece of response.body) {
      size += piece.length;
      if (size > LARGEST) {
        return { problem: `it has more than ${LARGEST} bytes`, isBusy: false };
      }
      pieces.push(piece);
    }
    return { bytes: Buffer.concat(pieces) };
  } catch (error) {
    return { problem: error.cause?.message ?? error.message, isBusy: true };
  }
}
