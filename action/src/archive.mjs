// Reads a release: a gzipped tar archive of one folder with files and folders in it.
//
// What always holds: the bytes were checked against a pinned SHA-256 before. So what is refused here
// is a release that was put together wrongly, and no name of it leads out of the folder.

import { gunzipSync } from 'node:zlib';

import { CacheProblem } from './runner.mjs';

/** tar keeps everything in pieces of this size. */
const BLOCK = 512;

/** What a release may unpack to: several times what it has, so that memory is bounded. */
const LARGEST = 512 * 1024 * 1024;

/** The types of an entry: a file (two spellings) and a folder. */
const FILE = ['0', '\0'];
const FOLDER = '5';

/** The files of an archive: `[{ name, bytes, isProgram }]`, the name without the one folder. */
export function files(archive) {
  const found = [];
  for (const { name, type, mode, bytes } of entries(unzipped(archive))) {
    if (type === FOLDER) {
      continue;
    }
    if (!FILE.includes(type)) {
      throw new CacheProblem(`the release has \`${name}\`, which is neither a file nor a folder`);
    }
    const [folder, ...path] = name.split('/');
    const isPlain = (part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\\');
    if (path.length === 0 || ![folder, ...path].every(isPlain)) {
      throw new CacheProblem(`the release has \`${name}\`, which does not lie in its folder`);
    }
    found.push({ name: path.join('/'), bytes, isProgram: (mode & 0o111) !== 0 });
  }
  return found;
}

function unzipped(archive) {
  try {
    return gunzipSync(archive, { maxOutputLength: LARGEST });
  } catch (error) {
    throw new CacheProblem(`the release cannot be unpacked: ${error.message}`);
  }
}

function* entries(tar) {
  let at = 0;
  while (at + BLOCK <= tar.length && tar[at] !== 0) {
    const header = tar.subarray(at, at + BLOCK);
    const size = number(header, 124, 12);
    const begin = at + BLOCK;
    if (!Number.isInteger(size) || begin + size > tar.length) {
      throw new CacheProblem('the release is no whole tar archive');
    }
    const prefix = text(header, 345, 155);
    yield {
      name: (prefix === '' ? '' : `${prefix}/`) + text(header, 0, 100),
      type: String.fromCharCode(header[156]),
      mode: number(header, 100, 8),
      bytes: tar.subarray(begin, begin + size),
    };
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
}

/** A text that ends at a zero byte, or with its field. */
function text(header, begin, length) {
  return header.toString('utf8', begin, begin + length).split('\0')[0];
}

/** A number in octal digits. */
function number(header, begin, length) {
  return Number.parseInt(text(header, begin, length).trim(), 8);
}
