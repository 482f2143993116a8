//! What counts in a release build.

use super::*;

const ONE_REPOSITORY: &str = r#"{ "repository": null }"#;

fn release(settings: &str, seed: u64) -> Instance<Release> {
    let mut release = Instance::new();
    let session = Session::new()
        .with_label("GITHUB_REPOSITORY", "acme/widget")
        .with_settings(settings)
        .with_seed(seed);
    release.open(&session).unwrap();
    release
}

fn archive(number: u64) -> Candidate {
    Candidate {
        action: Digest::from_words([number, 0, 0, 0]),
        ..Candidate::of(Kind::PACKAGE_ARCHIVE).with_facts(Facts::BUILD_ID_MATCHES)
    }
}

fn from_main(candidate: Candidate) -> Candidate {
    Candidate {
        scope: 1,
        ..candidate
    }
}

#[test]
fn release_is_written_and_read_before_main_of_the_same_repository() {
    let grant = |session: &Session| Instance::<Release>::new().open(session).unwrap();
    let widget = Session::new().with_label("GITHUB_REPOSITORY", "acme/widget");
    assert_eq!(
        grant(&widget),
        Grant::writing("release-acme_2fwidget")
            .reading("release-acme_2fwidget")
            .reading("main-acme_2fwidget")
    );
    assert_eq!(
        grant(&Session::new().with_settings(ONE_REPOSITORY)),
        Grant::writing("release").reading("release").reading("main")
    );
    assert_eq!(grant(&Session::new()), Grant::read_only());
}

#[test]
fn an_archive_that_is_not_proved_neither_counts_nor_is_kept() {
    let mut release = release("{}", 7);
    let unproved = Candidate::of(Kind::PACKAGE_ARCHIVE);
    assert_eq!(release.get(&unproved), Lookup::Skip);
    assert_eq!(release.get(&from_main(unproved)), Lookup::Skip);
    let offer = Offer::of(Kind::PACKAGE_ARCHIVE);
    assert_eq!(release.put(&offer), Reach::Ephemeral);
    let proved = offer.with_facts(Facts::BUILD_ID_MATCHES);
    assert_eq!(release.put(&proved), Reach::Shared);
}

/// Whatever it is said to be: no program is answered, and none is kept for the next release.
#[test]
fn a_release_links_its_own_programs() {
    let mut release = release(r#"{ "kinds": ["executable"], "audit_one_in": 0 }"#, 7);
    let program = Candidate::of(Kind::EXECUTABLE).with_facts(Facts::BUILD_ID_MATCHES);
    assert_eq!(release.get(&program), Lookup::Skip);
    assert_eq!(release.get(&from_main(program)), Lookup::Skip);
    let offer = Offer::of(Kind::EXECUTABLE).with_facts(Facts::BUILD_ID_MATCHES);
    assert_eq!(release.put(&offer), Reach::Ephemeral);
}

#[test]
fn from_main_only_what_can_be_checked_counts() {
    let mut release = release(r#"{ "audit_one_in": 0 }"#, 7);
    for number in 0..u32::from(u8::MAX) {
        let kind = Kind::from_number(number);
        let candidate = Candidate {
            role: Role::STDOUT,
            ..Candidate::of(kind).with_facts(Facts::BUILD_ID_MATCHES)
        };
        let (main, own) = match kind {
            Kind::EMPTY | Kind::PACKAGE_ARCHIVE => (Lookup::HitVerified, Lookup::HitVerified),
            Kind::EXECUTABLE => (Lookup::Skip, Lookup::Skip),
            _ => (Lookup::Skip, Lookup::HitVerified),
        };
        assert_eq!(release.get(&from_main(candidate)), main, "{kind}");
        assert_eq!(release.get(&candidate), own, "{kind}");
    }
}

/// Vet's facts are empty as a rule: with them from main, and without what it printed there, it would find nothing here.
#[test]
fn no_bytes_count_from_main_where_the_key_says_what_they_are() {
    let mut release = release("{}", 7);
    let empty = Candidate::of(Kind::EMPTY);
    assert_eq!(release.get(&from_main(empty)), Lookup::Skip);
    assert_eq!(release.get(&empty), Lookup::HitVerified);
    let role = Role::LINK_STDOUT;
    let explained = from_main(Candidate { role, ..empty });
    assert_eq!(release.get(&explained), Lookup::HitVerified);
}

#[test]
fn a_setting_widens_what_counts_from_main() {
    let settings = r#"{ "kinds": ["package-archive", "analysis-facts"], "audit_one_in": 0 }"#;
    let mut release = release(settings, 7);
    let facts = from_main(Candidate::of(Kind::ANALYSIS_FACTS));
    assert_eq!(release.get(&facts), Lookup::HitVerified);
    let empty = from_main(Candidate::of(Kind::EMPTY));
    assert_eq!(release.get(&empty), Lookup::Skip);
}

#[test]
fn a_session_draws_its_audits_and_a_replay_draws_the_same() {
    let audited = |settings, seed| -> Vec<u64> {
        let mut release = release(settings, seed);
        (0..1000)
            .filter(|number| release.get(&archive(*number)) == Lookup::Audit)
            .collect()
    };
    let ten = r#"{ "audit_one_in": 10 }"#;
    let drawn = audited(ten, 7);
    assert!((50..200).contains(&drawn.len()), "{} of 1000", drawn.len());
    assert_eq!(drawn, audited(ten, 7));
    assert_ne!(drawn, audited(ten, 8));
    assert_eq!(audited(r#"{ "audit_one_in": 1 }"#, 7).len(), 1000);
}

#[test]
fn other_kinds_are_audited_where_a_setting_names_them() {
    let list = Candidate::of(Kind::FILE_LIST);
    let mut archives = release(r#"{ "audit_one_in": 1 }"#, 7);
    assert_eq!(archives.get(&list), Lookup::HitVerified);
    let mut lists = release(r#"{ "audit_one_in": 1, "audit_kinds": ["file-list"] }"#, 7);
    assert_eq!(lists.get(&list), Lookup::Audit);
    assert_eq!(lists.get(&archive(1)), Lookup::HitVerified);
}

#[test]
fn one_producer_is_not_enough_where_witnesses_are_asked_for() {
    let levels = [
        Facts::NONE,
        Facts::WITNESSES_2,
        Facts::WITNESSES_2 | Facts::WITNESSES_3,
        Facts::WITNESSES_2 | Facts::WITNESSES_3 | Facts::WITNESSES_4,
    ];
    for (asked, count) in (1..=4).flat_map(|asked| (1..=4).map(move |count| (asked, count))) {
        let settings = format!(r#"{{ "witnesses": {asked}, "audit_one_in": 0 }}"#);
        let mut release = release(&settings, 7);
        let facts = Facts::BUILD_ID_MATCHES | levels[count - 1];
        let witnessed = archive(1).with_facts(facts);
        let expected = if count >= asked {
            Lookup::HitVerified
        } else {
            Lookup::Skip
        };
        let told = format!("{count} of {asked}");
        assert_eq!(release.get(&witnessed), expected, "release: {told}");
        assert_eq!(release.get(&from_main(witnessed)), expected, "main: {told}");
    }
}

/// One witness is the default, and asks for nothing more: a build that is not reproducible then costs nothing.
#[test]
fn a_disputed_entry_never_counts_where_witnesses_are_asked_for() {
    let facts = Facts::BUILD_ID_MATCHES | Facts::WITNESSES_2 | Facts::DISPUTED;
    let disputed = archive(1).with_facts(facts);
    for candidate in [disputed, from_main(disputed)] {
        let get = |settings| release(settings, 7).get(&candidate);
        assert_eq!(
            get(r#"{ "witnesses": 2, "audit_one_in": 1 }"#),
            Lookup::Skip
        );
        let one = r#"{ "witnesses": 1, "audit_one_in": 0 }"#;
        assert_eq!(get(one), Lookup::HitVerified);
        assert_eq!(get(r#"{ "audit_one_in": 0 }"#), Lookup::HitVerified);
    }
}

#[test]
fn witnesses_are_asked_for_where_a_build_makes_the_same_bytes_again() {
    let mut release = release(r#"{ "witnesses": 2, "audit_one_in": 0 }"#, 7);
    for number in 0..u32::from(u8::MAX) {
        let kind = Kind::from_number(number);
        let facts = Facts::BUILD_ID_MATCHES | Facts::DISPUTED;
        let alone = Candidate::of(kind).with_facts(facts);
        let expected = match kind {
            Kind::OTHER | Kind::MODULE_INDEX | Kind::TEST_RECORD => Lookup::HitVerified,
            _ => Lookup::Skip,
        };
        assert_eq!(release.get(&alone), expected, "{kind}");
        assert_eq!(release.get(&from_main(alone)), Lookup::Skip, "{kind}");
    }
}

#[test]
fn a_divergent_rebuild_stays_with_the_session() {
    let mut release = release("{}", 7);
    let rebuild =
        |facts| Offer::of(Kind::PACKAGE_ARCHIVE).with_facts(Facts::BUILD_ID_MATCHES | facts);
    let diverged = rebuild(Facts::AUDITED | Facts::DIVERGED);
    assert_eq!(release.put(&diverged), Reach::Ephemeral);
    assert_eq!(release.put(&rebuild(Facts::AUDITED)), Reach::Shared);
}

#[test]
fn wrong_settings_are_refused_by_name() {
    for (settings, reason) in [
        (
            r#"{ "audit_one_in": "ten" }"#,
            "`audit_one_in`: invalid type",
        ),
        (
            r#"{ "kinds": ["archive"] }"#,
            "`kinds[0]`: `archive` is no kind",
        ),
        (
            r#"{ "witnesses": 0 }"#,
            "`witnesses`: 0 is not 1, 2, 3 or 4",
        ),
        (
            r#"{ "witnesses": 5 }"#,
            "`witnesses`: 5 is not 1, 2, 3 or 4",
        ),
        (r#"{ "witnesses": "two" }"#, "`witnesses`: invalid type"),
        (r#"{ "witnesses": -1 }"#, "`witnesses`: invalid value"),
    ] {
        let session = Session::new().with_settings(settings);
        let refusal = Instance::<Release>::new().open(&session).unwrap_err();
        assert!(refusal.to_string().contains(reason), "{refusal}");
    }
}
