//! What counts in a release build.

use super::*;

fn release(settings: &str, seed: u64) -> Instance<Release> {
    let mut release = Instance::new();
    let session = Session::new().with_settings(settings).with_seed(seed);
    release.open(&session).unwrap();
    release
}

fn archive(number: u64) -> Candidate {
    Candidate {
        action: Digest::from_words([number, 0, 0, 0]),
        ..Candidate::of(Kind::PackageArchive).with_facts(Facts::BOUND)
    }
}

#[test]
fn release_is_written_and_read_before_main() {
    let grant = Instance::<Release>::new().open(&Session::new()).unwrap();
    assert_eq!(
        grant,
        Grant::writing("release").reading("release").reading("main")
    );
}

#[test]
fn an_archive_that_is_not_bound_neither_counts_nor_is_kept() {
    let mut release = release("{}", 7);
    assert_eq!(
        release.get(&Candidate::of(Kind::PackageArchive)),
        Lookup::Skip
    );
    assert_eq!(
        release.put(&Offer::of(Kind::PackageArchive)),
        Reach::Session
    );
    let bound = Offer::of(Kind::PackageArchive).with_facts(Facts::BOUND);
    assert_eq!(release.put(&bound), Reach::Shared);
}

#[test]
fn hits_are_verified() {
    let mut release = release(r#"{ "audit_one_in": 0 }"#, 7);
    for number in 0..1000 {
        assert_eq!(release.get(&archive(number)), Lookup::HitVerified);
    }
    assert_eq!(
        release.get(&Candidate::of(Kind::FileList)),
        Lookup::HitVerified
    );
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
fn only_archives_are_audited_for_nothing_else_is_the_same_twice() {
    let mut release = release(r#"{ "audit_one_in": 1 }"#, 7);
    assert_eq!(
        release.get(&Candidate::of(Kind::TestRecord)),
        Lookup::HitVerified
    );
}

#[test]
fn a_divergent_rebuild_stays_with_the_session() {
    let mut release = release("{}", 7);
    let rebuild = |facts| {
        Offer::of(Kind::PackageArchive).with_facts(Facts {
            bound: true,
            ..facts
        })
    };
    assert_eq!(release.put(&rebuild(Facts::DIVERGED)), Reach::Session);
    assert_eq!(release.put(&rebuild(Facts::AUDITED)), Reach::Shared);
}

#[test]
fn wrong_settings_are_refused_by_name() {
    let session = Session::new().with_settings(r#"{ "audit_one_in": "ten" }"#);
    let refusal = Instance::<Release>::new().open(&session).unwrap_err();
    assert!(
        refusal.to_string().contains("`audit_one_in`: invalid type"),
        "{refusal}"
    );
}
