// Each export is one test; units.test.mjs calls it, and what it asserts stops it.

import {
  Digest, Facts, Grant, Kind, Label, Patterns, Policy, Offer, Reach, Role, Sample, Session, Settings, kindName, roleName,
} from "../index";
import { parse } from "../assembly/settings";
import { findKind } from "../assembly/words";

export function a_star_is_any_run_of_characters(): void {
  const matching = [
    ["", ""], ["main", "main"], ["*", ""], ["*", "refs/heads/main"], ["**", "a"], ["refs/*", "refs/"],
    ["refs/*/merge", "refs/pull/17/merge"], ["*/main", "refs/heads/main"], ["a*b*c", "a-b-b-c"],
    ["a*bc*c", "abcbcc"], ["*ä*", "bär"], ["*", "*"], ["a*", "a*b"],
  ];
  for (let i = 0; i < matching.length; i++) {
    assert(new Patterns([matching[i][0]]).matches(matching[i][1]), `${matching[i]} should match`);
  }
}

export function everything_else_is_itself_and_the_whole_name_counts(): void {
  const differing = [
    ["", "main"], ["main", ""], ["main", "Main"], ["main", "main2"], ["m?in", "main"], ["refs/*", "ref"],
    ["*/main", "refs/heads/main/fix"], ["ab*bc", "abc"], ["a*b*b", "ab"], ["a", "*"],
  ];
  for (let i = 0; i < differing.length; i++) {
    assert(!new Patterns([differing[i][0]]).matches(differing[i][1]), `${differing[i]} should not match`);
  }
  assert(!new Patterns([]).matches(""), "no pattern should match nothing");
}

export function a_claim_never_stands_before_a_proof(): void {
  const session = new Session();
  session.labels = [new Label("ref", "claimed", "claimed", "", false), new Label("ref", "proved", "proved", "", true)];
  assert(session.label("ref")!.value == "proved");
  assert(session.label("user") === null);
}

export function a_job_cannot_choose_its_default_scope(): void {
  const session = new Session();
  session.labels = [new Label("cachewarden.scope", "main", "main", "", false)];
  assert(session.defaultScope == "default");
  session.labels.push(new Label("cachewarden.scope", "nightly", "nightly", "", true));
  const grant = Grant.defaultFor(session);
  assert(grant.write! == "nightly" && grant.read.join() == "nightly" && grant.lifetime == 0);
}

export function digests_and_facts_have_a_text(): void {
  const digest = new Digest(0x0123456789abcdef, 0, 1, u64.MAX_VALUE);
  assert(digest.toString() == "0123456789abcdef00000000000000000000000000000001ffffffffffffffff");
  assert(digest == new Digest(0x0123456789abcdef, 0, 1, u64.MAX_VALUE));
  assert(digest != new Digest());
  assert(new Facts(0b1001).toString() == "build-id-matches,diverged");
  assert(new Facts().toString() == "");
}

export function what_is_not_known_keeps_its_number(): void {
  assert(kindName(Kind.PackageArchive) == "package-archive");
  assert(kindName(<Kind>4242) == "kind-4242");
  assert(kindName(<Kind>u32.MAX_VALUE) == "kind-4294967295");
  assert(roleName(Role.SourceList) == "source-list");
  assert(roleName(<Role>77) == "role-77");
  const facts = new Facts((1 << 31) | (1 << 9) | 1);
  assert(facts.toString() == "build-id-matches,fact-9,fact-31");
  assert(facts.buildIdMatches && facts.has(9) && !facts.remote && !facts.has(8) && !facts.has(41));
}

export function a_kind_is_found_by_its_name_or_its_number_and_by_nothing_else(): void {
  assert(findKind("package-archive") == 2);
  assert(findKind("kind-2") == 2);
  assert(findKind("kind-4294967295") == u32.MAX_VALUE);
  const others = ["", "archive", "kind-", "kind--1", "kind-4294967296", "role-2", "kind-2 ", "kind-99999999999999999999"];
  for (let i = 0; i < others.length; i++) assert(findKind(others[i]) == -1, others[i]);
}

class Plain extends Policy {}

export function by_default_what_no_other_machine_should_take_stays_here(): void {
  const offer = new Offer();
  const local = [Kind.ModuleIndex, Kind.TestRecord, Kind.Executable, Kind.FixArchive, <Kind>4242];
  for (let i = 0; i < local.length; i++) {
    offer.kind = local[i];
    assert(new Plain().put(offer) == Reach.Local, kindName(offer.kind));
  }
  const shared = [Kind.PackageArchive, Kind.Empty];
  for (let i = 0; i < shared.length; i++) {
    offer.kind = shared[i];
    assert(new Plain().put(offer) == Reach.Shared, kindName(offer.kind));
  }
}

export function a_sample_takes_about_one_in_so_many(): void {
  const sample = new Sample(10, 0x5eed);
  let taken = 0;
  for (let word: u64 = 1; word <= 10_000; word++) taken += i32(sample.takes(new Digest(word)));
  assert(taken > 750 && taken < 1250, taken.toString());
  assert(!new Sample(0, 7).takes(new Digest(7)));
}

export function settings_are_read_and_absent_fields_have_their_default(): void {
  const settings = parse(
    ` {"label": "a\\n\\u00e4\\u00E4\\"\\\\", "trusted": ["a*", "b"], "largest": 18446744073709551615, "days": -3, "part": 2.5e-1,
       "audit": true, "none": null, "mode": "on", "limits": {"size": 7}, "kinds": ["probe", "kind-4242"], "empty": [], "rules": [{"scope": "x"}, {"scope": "y"}]} `,
  );
  assert(settings.text("label", "") == "a\nää\"\\");
  assert(settings.text("absent", "default") == "default");
  assert(settings.patterns("trusted", new Patterns([])).matches("abc"));
  assert(settings.number<u64>("largest", 0) == u64.MAX_VALUE);
  assert(settings.number<i8>("days", 0) == -3);
  assert(settings.number<f64>("part", 0) == 0.25);
  assert(settings.flag("audit", false));
  assert(settings.textOrNull("none", "default") === null);
  assert(settings.textOrNull("absent", "default")! == "default");
  const kinds = settings.kinds("kinds", []);
  assert(kinds.length == 2 && kinds[0] == Kind.Probe && kinds[1] == 4242);
  assert(settings.texts("empty", ["default"]).length == 0);
  assert(settings.choice("mode", ["on", "off"], "off") == "on");
  assert(settings.object("limits").number<u32>("size", 0) == 7);
  const rules = settings.objects("rules");
  assert(rules.length == 2 && rules[0].text("scope", "") + rules[1].text("scope", "") == "xy");
  assert(settings.refusal() === null);
}

export function wrong_settings_are_told_by_field_and_expected_type(): void {
  told(`{"label": 3}`, "`label`: expected a text, not a number");
  told(`{"label": null}`, "`label`: expected a text, not null");
  told(`{"trusted": "main"}`, "`trusted`: expected a list, not a text");
  told(`{"trusted": ["a", null]}`, "`trusted[1]`: expected a text, not null");
  told(`{"small": -1}`, "`small`: expected a whole number from 0 to 255, not -1");
  told(`{"small": 256}`, "`small`: expected a whole number from 0 to 255, not 256");
  told(`{"small": 1.5}`, "`small`: expected a whole number from 0 to 255, not 1.5");
  told(`{"small": 99999999999999999999999}`, "`small`: expected a whole number from 0 to 255");
  told(`{"signed": -129}`, "`signed`: expected a whole number from -128 to 127, not -129");
  told(`{"audit": "yes"}`, "`audit`: expected true or false, not a text");
  told(`{"mode": "half"}`, "`mode`: expected one of `on`, `off`, not `half`");
  told(`{"rules": [{}, {"scpe": "x"}]}`, "unknown field `rules[1].scpe`: expected `scope`");
  told(`{"rules": [{"scope": 1}]}`, "`rules[0].scope`: expected a text, not a number");
  told(`{"lable": ""}`, "unknown field `lable`: expected `label`, `trusted`, ");
  told(`{"kinds": ["probe", "archive"]}`, "`kinds[1]`: expected the name of a kind, not `archive`");
  told(`{"kinds": [2]}`, "`kinds[0]`: expected a text, not a number");
  told(`{"small": 300, "own": 1}`, "`small`: "); // the first of several
  told(`{"own": 1}`, "`own`: expected 2 or more");
}

function told(json: string, expected: string): void {
  const settings = parse(json);
  read(settings);
  const refusal = settings.refusal();
  assert(refusal !== null, `${json} should be refused`);
  assert(refusal!.ofSettings);
  assert(refusal!.reason.includes(expected), `${json}: ${refusal!.reason}`);
}

function read(settings: Settings): void {
  settings.text("label", "");
  settings.patterns("trusted", new Patterns([]));
  settings.number<u8>("small", 0);
  settings.number<i8>("signed", 0);
  settings.flag("audit", false);
  settings.kinds("kinds", []);
  settings.choice("mode", ["on", "off"], "on");
  if (settings.number<i32>("own", 2) < 2) settings.refuse("own", "2 or more");
  const rules = settings.objects("rules");
  for (let i = 0; i < rules.length; i++) rules[i].text("scope", "");
}
