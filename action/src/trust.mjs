// What a job may do with the cache, by the event that has started it.
//
// An attacker of the cache wants a build of somebody else to use an object that the attacker has
// made. For that, code of the attacker must run in a job that may write where others read. So the
// question is: who can have written the code that this job runs, and which rights does GitHub give
// the job?
//
// What always holds: an event that is not listed here as trusted gets the least rights. New events
// of GitHub are thus read-only until somebody has thought about them.

import { readFileSync } from 'node:fs';

/** Only people who may write to the repository decide which code runs. */
export const TRUSTED = 'trusted';

/**
 * A stranger has written the code, and GitHub bounds the job itself: it has no secrets, and its
 * token of GitHub's cache can write nothing that other branches read.
 */
export const BOUNDED = 'bounded';

/** A stranger may have written the code, and the job has the rights of the repository. */
export const EXPOSED = 'exposed';

// Each with who decides about the code that is built.
const TRUSTED_EVENTS = {
  // The commits of a branch or a tag: pushing takes the right to write.
  push: 'only people who may write to the repository can push',
  // The default branch, at a time that the default branch itself names.
  schedule: 'it runs the default branch',
  // Somebody with the right to write has chosen the ref.
  workflow_dispatch: 'only people who may write to the repository can start it',
  // What will be the target branch in a moment: a person with the right to write has approved it.
  merge_group: 'a merge queue runs what was approved',
};

// Why these have the least rights; an event in neither list is one that nobody has looked at.
const EXPOSED_EVENTS = {
  // It runs with the secrets and the cache of the base branch. A workflow that checks out the pull
  // request's head runs a stranger's code with them, and that is what such workflows are often for.
  pull_request_target: "it has the base branch's rights, and may build a stranger's code",
  // It runs on the default branch after another workflow, for example one of a fork's pull request,
  // and often uses the artifacts or the head commit of that run.
  workflow_run: "it has the default branch's rights, and may use what a fork's workflow has made",
  // Anybody with an account can write a comment, open an issue, or review a pull request. Workflows
  // that answer to `/test` check out the code of the pull request.
  issue_comment: 'anybody can comment, and it has the rights of the default branch',
  issues: 'anybody can open an issue, and it has the rights of the default branch',
  discussion: 'anybody can open a discussion, and it has the rights of the default branch',
  discussion_comment: 'anybody can comment, and it has the rights of the default branch',
  pull_request_review: 'anybody can review a pull request, and it builds that',
  pull_request_review_comment: 'anybody can review a pull request, and it builds that',
  // A bot sends these for somebody else; the payload often names the commit to build.
  repository_dispatch: 'the sender names what is built, often for a pull request',
  // Anybody can fork or star a repository.
  fork: 'anybody can fork, and it has the rights of the default branch',
  watch: 'anybody can star a repository, and it has the rights of the default branch',
  // Everybody may edit a wiki that is open to the public.
  gollum: 'anybody may be able to edit the wiki',
  // Other systems report these, for any commit.
  status: 'another system reports it, for any commit',
  check_run: 'another system reports it, for any commit',
  check_suite: 'another system reports it, for any commit',
  deployment_status: 'another system reports it, for any commit',
  // A release should use a cache and leave nothing in it.
  release: 'what a release builds is for nobody else',
};

// The code of a new version of a dependency is a stranger's.
const DEPENDABOT = 'dependabot[bot]';

// The branches of Dependabot; a repository chooses the separator. A person who pushes to one, or
// starts a workflow there, runs the dependency's code as well.
const BRANCH_OF_DEPENDABOT = /^dependabot[-_/]/i;
const BRANCH = 'refs/heads/';

// What GitHub restricts where Dependabot has started it, as it does for a fork: no secrets of Actions,
// and a token that only reads. Of other trusted events it says nothing.
const RESTRICTED_EVENT = 'push';

/** Classifies a job: `{ trust, event, why }`. */
export function classify(env = process.env) {
  const event = env.GITHUB_EVENT_NAME ?? '';
  const of = (trust, why) => ({ trust, event, why });
  if (event === 'pull_request') {
    return pullRequest(payload(env), env, of);
  }
  if (Object.hasOwn(TRUSTED_EVENTS, event)) {
    return ofPeople(event, env, of);
  }
  if (Object.hasOwn(EXPOSED_EVENTS, event)) {
    return of(EXPOSED, EXPOSED_EVENTS[event]);
  }
  return of(EXPOSED, 'this action does not know the event');
}

/** An event that is trusted, unless the code is Dependabot's. */
function ofPeople(event, { GITHUB_ACTOR: actor, GITHUB_REF: ref }, of) {
  if (!actor || !ref) {
    return of(EXPOSED, 'the runner does not say who has started it, or what it builds');
  }
  if (actor === DEPENDABOT) {
    const trust = event === RESTRICTED_EVENT ? BOUNDED : EXPOSED;
    return of(trust, 'Dependabot has started it, with code of a dependency');
  }
  if (ref.startsWith(BRANCH) && BRANCH_OF_DEPENDABOT.test(ref.slice(BRANCH.length))) {
    return of(EXPOSED, "it builds a branch of Dependabot with a person's rights");
  }
  return of(TRUSTED, TRUSTED_EVENTS[event]);
}

function pullRequest(event, env, of) {
  const pull = event?.pull_request;
  const base = pull?.base?.repo?.id;
  const head = pull?.head?.repo?.id;
  // By the numbers: a name can be given to another repository. The head's repository is null where
  // the fork was deleted. Without a payload nothing is known, so it counts as a fork.
  if (base === undefined || head !== base) {
    return of(BOUNDED, 'the pull request is from a fork');
  }
  // A person may have pushed to it, and is the actor then. So the author and the branch count as
  // well. Whoever the actor is, the token of GitHub's cache writes for this pull request alone.
  const isOfDependabot =
    [env.GITHUB_ACTOR, pull.user?.login].includes(DEPENDABOT) ||
    BRANCH_OF_DEPENDABOT.test(pull.head.ref);
  if (isOfDependabot) {
    return of(BOUNDED, 'the pull request is from Dependabot, with code of a dependency');
  }
  // Pushing the branch took the right to write. The job has its secrets, so a key that writes the
  // tier is in the hands of all who may push: the policy keeps their honest builds apart from main.
  return of(TRUSTED, 'the pull request is from a branch of this repository');
}

function payload(env) {
  try {
    return JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * What the job may do: `{ readOnly, sharesStore, passToken, passCredentials, warnings }`. The inputs
 * `read-only` and `pass-credentials` are `auto`, `true` or `false`.
 *
 * The workflow's author can widen both, because only the author knows what the workflow builds. That
 * is no hole: in a fork's pull request the workflow itself is the stranger's, and what bounds it is
 * what GitHub gives the job.
 */
export function rights({ trust, event, why }, readOnly, passCredentials) {
  const warnings = [];
  const isTrusted = trust === TRUSTED;
  const isReadOnly = readOnly === 'auto' ? !isTrusted : readOnly === 'true';
  if (!isReadOnly && !isTrusted) {
    warnings.push(
      `\`read-only: false\` lets a job of the event ${event} write the cache: ${why}. ` +
        'Take it out unless this workflow builds only code that you trust',
    );
  }
  // A later step can read each variable that this action exports, whatever the tier's mode is. So
  // `mode=read` alone does not protect a key that can write.
  const isAuto = passCredentials === 'auto';
  const passes = isAuto ? isTrusted : passCredentials === 'true';
  if (passes && !isTrusted) {
    warnings.push(
      `\`pass-credentials: true\` gives the credentials to every later step of a job of the event ` +
        `${event}: ${why}. Use credentials that can only read`,
    );
  }
  return {
    readOnly: isReadOnly,
    // Whoever can run code in a job can write the files of its store, whatever the policy says. So
    // no input widens this, and an author who lets the job write nothing means the store, too.
    sharesStore: isTrusted && readOnly !== 'true',
    // GitHub's own rules bound what the token of a fork's pull request can write.
    passToken: passes || (isAuto && trust === BOUNDED),
    passCredentials: passes,
    warnings,
  };
}
