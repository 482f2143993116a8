// Finds faults in a pipeline of GitLab CI: keys that its reference does not have
// (https://docs.gitlab.com/ci/yaml/), values that it does not take, and scripts that are no texts.

const words = (text) => text.trim().split(/\s+/);

/** Keys of the whole file. Every other one is the name of a job. */
const GLOBAL = words(`
  after_script before_script cache default image include pages services spec stages variables workflow
`);

const JOB = words(`
  after_script allow_failure artifacts before_script cache coverage dast_configuration dependencies
  environment extends hooks id_tokens identity image inherit inputs interruptible
  manual_confirmation needs pages parallel release resource_group retry rules run script secrets
  services stage tags timeout trigger variables when
`);

const CACHE = words('fallback_keys key paths policy unprotect untracked when');
const POLICIES = words('pull push pull-push');
const WHEN = words('always on_failure on_success');
const WORKFLOW = words('auto_cancel name rules');
const RULE = words('allow_failure auto_cancel changes exists if interruptible needs variables when');
const SCRIPTS = words('after_script before_script script');

/** The faults of a document. A fragment of a job, as a page may have one, is no whole file. */
export function gitlabFaults(document) {
  const faults = [];
  const check = (where, object, known) => {
    const unknown = Object.keys(object ?? {}).filter((key) => !known.includes(key));
    faults.push(...unknown.map((key) => `${where}: \`${key}\` is no key of GitLab`));
  };
  const rules = (where, list) => (list ?? []).forEach((rule) => check(where, rule, RULE));
  const scripts = (where, object) => {
    for (const key of SCRIPTS.filter((name) => object[name] !== undefined)) {
      const lines = [object[key]].flat();
      // A line with `: ` in it is an object, unless it is quoted.
      if (lines.length === 0 || !lines.every((line) => typeof line === 'string')) {
        faults.push(`${where}: \`${key}\` has a line that is no text`);
      }
    }
  };
  const job = (name, object) => {
    check(name, object, JOB);
    scripts(name, object);
    rules(`${name}, rules`, object.rules);
    if (!['script', 'run', 'trigger'].some((key) => Object.hasOwn(object, key))) {
      faults.push(`${name}: there is no \`script\``);
    }
    const { cache = {} } = object;
    check(`${name}, cache`, cache, CACHE);
    const wrong = [
      [cache.policy, POLICIES],
      [cache.when, WHEN],
    ].filter(([value, known]) => value !== undefined && !known.includes(value));
    faults.push(...wrong.map(([value]) => `${name}, cache: GitLab does not take \`${value}\``));
  };
  check('workflow', document.workflow, WORKFLOW);
  rules('workflow, rules', document.workflow?.rules);
  scripts('the file', document);
  const jobs = Object.entries(document).filter(([name]) => !GLOBAL.includes(name));
  jobs.forEach(([name, object]) => job(name, object));
  return faults;
}
