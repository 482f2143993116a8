// Finds faults in files for CI services without the services: each function returns what is wrong,
// as texts, and nothing where all is well.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PACKAGES, need } from './examples.mjs';
import { run } from './runner.mjs';

const ACTION = fileURLToPath(new URL('..', import.meta.url));

/** How a workflow names our action, at a tag or a commit. */
const OUR_ACTION = /cachewarden\/cachewarden\/action@\S+/g;

/** A GitHub workflow, by actionlint. It knows the inputs of an action in the same repository. */
export async function workflowFaults(text) {
  const folder = mkdtempSync(join(tmpdir(), 'cachewarden-workflow-'));
  try {
    mkdirSync(join(folder, '.github/workflows'), { recursive: true });
    mkdirSync(join(folder, '.git'));
    mkdirSync(join(folder, 'action'));
    for (const file of ['action.yml', 'main.mjs', 'post.mjs']) {
      cpSync(join(ACTION, file), join(folder, 'action', file));
    }
    const workflow = join(folder, '.github/workflows/test.yml');
    writeFileSync(workflow, text.replaceAll(OUR_ACTION, './action'));
    const program = process.env.ACTIONLINT ?? 'actionlint';
    const words = ['-no-color', '-oneline', '-shellcheck=', workflow];
    const { status, log } = await run(program, words, process.env, folder);
    const lines = log.split('\n').filter((line) => line !== '');
    return status === 0 ? lines : [...lines, `actionlint: status ${status}`];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * The options of mounts by their types, which the validator does not look at:
 * https://docs.docker.com/reference/dockerfile/#run---mount
 */
const MOUNTS = {
  bind: 'destination dst from readwrite rw source target',
  cache: 'destination dst from gid id mode readonly ro sharing source target uid',
  secret: 'destination dst env gid id mode required target uid',
};

/** A Dockerfile, by its parser's own validator, and the options of its mounts. */
export function dockerfileFaults(text) {
  const found = need('dockerfile-utils').validate(text, { deprecatedMaintainer: 2 });
  const faults = found.map(({ range, message }) => `line ${range.start.line + 1}: ${message}`);
  for (const [, options] of text.matchAll(/--mount=(\S+)/g)) {
    const names = options.split(',').map((option) => option.split('=')[0]);
    const type = /(?:^|,)type=([^,]+)/.exec(options)?.[1] ?? 'bind';
    const known = ['type', ...(MOUNTS[type] ?? '').split(' ')];
    const unknown = names.filter((name) => !known.includes(name));
    faults.push(...unknown.map((name) => `a mount of the type ${type} has no \`${name}\``));
  }
  return faults;
}

/** The modules of the declarations of Kubernetes' types. */
const KINDS = { ConfigMap: 'core/v1', DaemonSet: 'apps/v1' };

/**
 * Objects of Kubernetes, by the types of its API: TypeScript's compiler names each field that an
 * object does not have, one that is missing, and one of another type. YAML does not say it.
 */
export function kubernetesFaults(objects) {
  const ts = need('typescript');
  const lines = objects.flatMap(({ kind, ...rest }, index) => [
    `import type { ${kind} as Kind${index} } from 'kubernetes-types/${KINDS[kind]}';`,
    `export const object${index}: Kind${index} = ${JSON.stringify({ kind, ...rest }, null, 1)};`,
  ]);
  const file = join(PACKAGES, 'objects.ts');
  const options = {
    strict: true,
    noEmit: true,
    types: [],
    lib: ['lib.es2020.d.ts'],
    skipLibCheck: true,
    module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Node10,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    name === file
      ? ts.createSourceFile(name, lines.join('\n'), ...rest)
      : getSourceFile(name, ...rest);
  const found = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host));
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** What may stand in a declarative pipeline, by https://www.jenkins.io/doc/book/pipeline/syntax/. */
const SECTIONS =
  'agent environment libraries options parameters post stages tools triggers'.split(' ');

/** A Jenkinsfile: its syntax as Groovy, and its sections. Only a Jenkins knows the steps. */
export async function jenkinsfileFaults(text) {
  const { Language, Parser } = need('web-tree-sitter');
  await Parser.init();
  const grammar = join(PACKAGES, 'tree-sitter-groovy/tree-sitter-groovy.wasm');
  const parser = new Parser();
  parser.setLanguage(await Language.load(readFileSync(grammar)));
  const faults = [];
  const look = (node) => {
    if (node.isError || node.isMissing) {
      faults.push(`line ${node.startPosition.row + 1}: no Groovy: ${node.text.slice(0, 60)}`);
    }
    node.children.forEach(look);
  };
  look(parser.parse(text).rootNode);
  const body = /^pipeline \{\n([^]*?)^\}/m.exec(text)?.[1] ?? '';
  const found = [...body.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name);
  const unknown = found.filter((name) => !SECTIONS.includes(name));
  faults.push(...unknown.map((name) => `\`${name}\` is no section of a pipeline`));
  const missing = ['agent', 'stages'].filter((name) => !found.includes(name));
  return [...faults, ...missing.map((name) => `the pipeline has no \`${name}\``)];
}
