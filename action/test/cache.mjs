// A fake of GitHub's cache service, version 2, that keeps what it gets: its three calls, and the
// storage of blobs whose addresses it answers with. host/servers has one in Rust, which is checked
// with GitHub's own client; this one has as much as jobs of the tests need.

import { messages } from './messages.mjs';
import { serve } from './runner.mjs';

const SERVICE = '/twirp/github.actions.results.api.v1.CacheService/';

/** A cache, as `serve` returns a server, with `keys`: those of all entries that are whole. */
export async function storingCache(context) {
  const entries = [];
  const server = await serve(context, async (request, response) => {
    const pieces = [];
    for await (const piece of request) {
      pieces.push(piece);
    }
    const sent = Buffer.concat(pieces);
    const { pathname, searchParams } = new URL(request.url, server.url);
    const answer = pathname.startsWith(SERVICE)
      ? call(pathname.slice(SERVICE.length), messages(request, sent), entries, server.url)
      : blob(request, searchParams, entries[Number(pathname.split('/').pop())], sent);
    const body = answer.body ?? '';
    // An answer to HEAD has the length, too.
    const headers = { 'Content-Length': Buffer.byteLength(body), ...answer.headers };
    response.writeHead(answer.status, headers).end(body);
  });
  const keys = () => entries.filter(({ isWhole }) => isWhole).map(({ key }) => key);
  return { ...server, keys };
}

function call(name, { text, texts, number, message }, entries, url) {
  const key = text('key', 2);
  const version = text('version', name === 'CreateCacheEntry' ? 3 : 4);
  const index = entries.findIndex((entry) => entry.key === key && entry.version === version);
  const address = (blob) => `${url}/blobs/${blob}?sig=signed`;
  if (name === 'CreateCacheEntry') {
    if (index !== -1) {
      return refusal(409, 'already_exists');
    }
    entries.push({ key, version, blocks: new Map(), isWhole: false });
    return message([['ok', 1, true], ['signed_upload_url', 2, address(entries.length - 1)]]);
  }
  if (name === 'FinalizeCacheEntryUpload') {
    const entry = entries[index];
    if (entry?.bytes?.length !== number('size_bytes', 3)) {
      return refusal(400, 'invalid_argument');
    }
    entry.isWhole = true;
    return message([['ok', 1, true], ['entry_id', 2, `${index + 1}`]]);
  }
  if (name === 'GetCacheEntryDownloadURL') {
    const found = find(entries, [key, ...texts('restore_keys', 3)], version);
    if (found === undefined) {
      return message([]);
    }
    const download = address(entries.indexOf(found));
    return message([['ok', 1, true], ['signed_download_url', 2, download], ['matched_key', 3, found.key]]);
  }
  return refusal(404, 'bad_route');
}

/** The entry with the first key, or the newest whose key begins with one of them. */
function find(entries, keys, version) {
  const whole = entries.filter((entry) => entry.isWhole && entry.version === version).reverse();
  const newest = (begin) => whole.find((entry) => entry.key.startsWith(begin));
  return whole.find((entry) => entry.key === keys[0]) ?? keys.map(newest).find((entry) => entry);
}

/** As much of Azure Blob Storage as uploads and downloads by signed addresses need. */
function blob({ method, headers }, query, entry, body) {
  if (entry === undefined || query.get('sig') !== 'signed') {
    return { status: 404 };
  }
  if (method !== 'PUT') {
    return entry.bytes === undefined ? { status: 404 } : part(entry.bytes, headers.range);
  }
  if (query.get('comp') === 'block') {
    entry.blocks.set(query.get('blockid'), body);
  } else if (query.get('comp') === 'blocklist') {
    const ids = [...body.toString().matchAll(/<(?:Latest|Uncommitted)>(.*?)</g)];
    entry.bytes = Buffer.concat(ids.map(([, id]) => entry.blocks.get(id)));
  } else {
    entry.bytes = body;
  }
  return { status: 201 };
}

/** The bytes, or those of a range such as `bytes=0-99`. */
function part(bytes, range) {
  const found = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
  if (found === null) {
    return { status: 200, body: bytes };
  }
  const begin = Number(found[1]);
  const end = found[2] === '' ? bytes.length : Math.min(bytes.length, Number(found[2]) + 1);
  if (begin >= end) {
    return { status: 416, headers: { 'Content-Range': `bytes */${bytes.length}` } };
  }
  const place = `bytes ${begin}-${end - 1}/${bytes.length}`;
  return { status: 206, headers: { 'Content-Range': place }, body: bytes.subarray(begin, end) };
}

function refusal(status, code) {
  const headers = { 'Content-Type': 'application/json' };
  return { status, headers, body: JSON.stringify({ code, msg: code }) };
}
