// What the files of examples/ci run, taken out of each, for a machine of the tests: the program,
// the tier and the folders are those of the test, and everything else is as the file has it.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('../../examples/ci/', import.meta.url);

/** Where `cargo xtask action` installs the packages of xtask/locks/npm/action. */
export const PACKAGES =
  process.env.NODE_MODULES ??
  fileURLToPath(new URL('../../target/tools/action/node_modules', import.meta.url));

/** A package that only tests need. */
export function need(name) {
  try {
    return createRequire(`${PACKAGES}/`)(name);
  } catch (error) {
    throw new Error(`run \`cargo xtask action\`, which installs what this test needs: ${error}`);
  }
}

/** The text of an example. */
export function example(name) {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

/** The documents of a YAML file. A key that is there twice is an error. */
export function documents(name) {
  const parsed = need('yaml').parseAllDocuments(example(name));
  const problems = parsed.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  if (problems.length > 0) {
    throw new Error(`${name}: ${problems.join('\n')}`);
  }
  return parsed.map((document) => document.toJS());
}

/**
 * The examples that run commands: what the service sets in a build of main and in one of a pull
 * request, and the script that does all steps of a job as the service does.
 */
export const JOBS = [
  {
    name: 'gitlab',
    main: { CI_PIPELINE_SOURCE: 'push', CI_COMMIT_REF_NAME: 'main' },
    pullRequest: { CI_PIPELINE_SOURCE: 'merge_request_event', CI_COMMIT_REF_NAME: 'feature' },
    script(env) {
      const [{ workflow, test }] = documents('gitlab/gitlab-ci.yml');
      const isMain = env.CI_PIPELINE_SOURCE === 'push';
      const rule = workflow.rules.find(({ if: when }) => when.includes('_BRANCH') === isMain);
      const mode = rule.variables.TIER_MODE;
      // GitLab puts variables into others before a shell sees them.
      const program = test.variables.GOCACHEPROG.replaceAll('$TIER_MODE', mode);
      return [
        `export GOCACHEPROG=${quoted(program)}`,
        ...test.script,
        ...test.after_script.map((line) => `( ${line} )`),
      ];
    },
  },
  {
    name: 'buildkite',
    main: { BUILDKITE_PULL_REQUEST: 'false', BUILDKITE_BRANCH: 'main' },
    // The branch of a fork may have any name.
    pullRequest: { BUILDKITE_PULL_REQUEST: '7', BUILDKITE_BRANCH: 'main' },
    script() {
      const [{ steps }] = documents('buildkite/pipeline.yml');
      return [
        example('buildkite/hooks/environment'),
        steps[0].command,
        example('buildkite/hooks/pre-exit'),
      ];
    },
  },
  {
    name: 'jenkins',
    main: { BRANCH_NAME: 'main' },
    pullRequest: { BRANCH_NAME: 'PR-7', CHANGE_ID: '7' },
    script(env) {
      const text = example('jenkins/Jenkinsfile');
      const mode = env.CHANGE_ID === undefined ? 'readwrite' : 'read';
      const program = /GOCACHEPROG = """([^]*?)"""/
        .exec(text)[1]
        .replaceAll('\\\n', '')
        .replace("${env.CHANGE_ID ? 'read' : 'readwrite'}", mode);
      const steps = [...text.matchAll(/\bsh '(.*)'/g)].map((step) => step[1]);
      return [`export GOCACHEPROG=${quoted(program)}`, ...steps];
    },
  },
  {
    name: 'circleci',
    main: { CIRCLE_BRANCH: 'main' },
    pullRequest: { CIRCLE_BRANCH: 'pull/7' },
    script() {
      const [{ jobs }] = documents('circleci/config.yml');
      const steps = jobs.test.steps.filter((step) => step.run !== undefined);
      const commands = steps.map(({ run }) => run.command ?? run);
      // Each step is a shell of its own, which reads BASH_ENV.
      return commands.map((command) => `bash -eo pipefail -c ${quoted(command)}`);
    },
  },
  {
    name: 'docker',
    main: {},
    script() {
      const { DockerfileParser } = need('dockerfile-ast');
      const instructions = DockerfileParser.parse(example('docker/Dockerfile')).getInstructions();
      const of = (keyword) => instructions.filter((found) => found.getKeyword() === keyword);
      const program = of('ENV')[0].getProperties()[0].getValue();
      const text = of('RUN').at(-1).getArgumentsContent();
      const command = text.replaceAll(/\\\n/g, ' ').replaceAll(/--mount=\S+/g, '');
      return [`export GOCACHEPROG=${quoted(program)}`, command];
    },
  },
  {
    name: 'laptop',
    main: {},
    isRead: true,
    script() {
      return [
        example('laptop/cachewarden.sh'),
        'GOCACHEPROG="$GOCACHEPROG -v" go test ./...',
        'as_agent one go test -count=1 ./...',
        '! as_agent two false',
        'test "$BUILDER" = me',
      ];
    },
  },
];

/** A word of a shell. */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
