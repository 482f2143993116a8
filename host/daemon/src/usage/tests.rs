//! What a tenant may still do, and what it gets back.

use std::num::NonZeroUsize;

use cachewarden_policy_host::Account;

use super::policies::MAX_POLICIES_SENT;
use super::*;
use crate::config::Size;

const SECOND: Duration = Duration::from_secs(1);

const USER: &str = "a user";

fn quota() -> QuotaConfig {
    QuotaConfig::default()
}

#[test]
fn what_a_session_takes_is_given_back_when_it_ends() {
    let usage = Arc::new(Usage::default());
    let quota = QuotaConfig {
        sessions: 2,
        sessions_per_user: NonZeroUsize::new(2),
        ..quota()
    };
    let first = usage.begin_session(&quota, USER).unwrap();
    let _second = usage.begin_session(&quota, USER).unwrap();
    let error = usage.begin_session(&quota, USER).map(drop).unwrap_err();
    assert!(
        error.contains("2 sessions at once") && error.contains("quota.sessions"),
        "{error}"
    );
    // A session that panics ends, too.
    let thread = std::thread::spawn(move || {
        let _held = first;
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(thread.join().is_err());
    assert_eq!(usage.snapshot().sessions, 1);
    usage.begin_session(&quota, USER).unwrap();
}

#[test]
fn puts_are_kept_up_to_a_number_and_to_bytes() {
    for (quota, sizes, kept) in [
        (
            QuotaConfig {
                bytes: Some(Size(5_100)),
                ..quota()
            },
            &[2_000, 2_000, 2_000, 500][..],
            3,
        ),
        // A small one counts as a block.
        (
            QuotaConfig {
                bytes: Some(Size(3 * LEAST_BYTES)),
                ..quota()
            },
            &[1; 9],
            3,
        ),
        (
            QuotaConfig {
                entries: Some(2),
                ..quota()
            },
            &[1; 9],
            2,
        ),
        (
            QuotaConfig {
                puts_per_second: Some(1),
                ..quota()
            },
            &[1; 30],
            10,
        ),
        (
            QuotaConfig {
                bytes_per_second: Some(Size(100)),
                ..quota()
            },
            &[400; 9],
            2,
        ),
        // Larger than a burst, and nothing else is there.
        (
            QuotaConfig {
                bytes_per_second: Some(Size(100)),
                ..quota()
            },
            &[5_000, 1],
            1,
        ),
        (quota(), &[1 << 40; 9], 9),
    ] {
        let usage = Arc::new(Usage::default());
        let session = usage.begin_session(&quota, USER).unwrap();
        let mut puts = session.kept();
        let refusals: Vec<_> = sizes.iter().filter_map(|size| puts.take(*size)).collect();
        assert_eq!(
            refusals,
            vec![reasons::QUOTA; sizes.len() - kept],
            "{quota:?}"
        );
    }
}

#[test]
fn what_is_written_and_not_kept_is_bounded() {
    let usage = Arc::new(Usage::default());
    let quota = QuotaConfig {
        unkept_bytes: Size(3_000),
        entries: Some(1),
        ..quota()
    };
    let session = usage.begin_session(&quota, USER).unwrap();
    let mut puts = session.kept();
    for (size, may_write) in [(900, true), (900, true), (200, false)] {
        session.receive_object();
        session.received(size);
        puts.take(size);
        assert_eq!(session.may_write(), may_write);
    }
    // For all sessions of the tenant.
    assert!(!usage.begin_session(&quota, USER).unwrap().may_write());
}

/// All puts are kept, each in the place of the one before, whose object stays until a trim.
#[test]
fn objects_whose_entry_was_replaced_are_not_kept_any_more() {
    let usage = Arc::new(Usage::default());
    let quota = QuotaConfig {
        unkept_bytes: Size(5 * LEAST_BYTES),
        ..quota()
    };
    let session = usage.begin_session(&quota, USER).unwrap();
    let mut puts = session.kept();
    for may_write in [true, true, false] {
        session.receive_object();
        session.received(LEAST_BYTES);
        assert_eq!(puts.take(LEAST_BYTES), None);
        puts.replaced(LEAST_BYTES);
        assert_eq!(session.may_write(), may_write);
    }
}

/// Each put of a byte leaves a file of a block.
#[test]
fn objects_without_bytes_are_written_and_not_kept_too() {
    let usage = Arc::new(Usage::default());
    let quota = QuotaConfig {
        unkept_bytes: Size(10 * LEAST_BYTES),
        ..quota()
    };
    let session = usage.begin_session(&quota, USER).unwrap();
    for _ in 0..10 {
        assert!(session.may_write());
        session.receive_object();
    }
    assert!(!session.may_write());
}

#[test]
fn policies_that_are_sent_at_once_have_so_many_bytes() {
    let usage = Arc::new(Usage::default());
    let session = usage.begin_session(&quota(), USER).unwrap();
    let other = usage.begin_session(&quota(), USER).unwrap();
    let room = session.room_for_policy(MAX_POLICIES_SENT - 1).unwrap();
    let last = other.room_for_policy(1).unwrap();
    for size in [1, u64::MAX] {
        let refused = other.room_for_policy(size).unwrap_err();
        assert!(refused.contains("connect --policy"), "{refused}");
    }
    drop((room, last));
    session.room_for_policy(MAX_POLICIES_SENT).unwrap();
}

#[test]
fn policies_have_so_much_cpu_time_a_minute() {
    let usage = Arc::new(Usage::default());
    let quota = QuotaConfig {
        policy_time_per_minute: SECOND,
        ..quota()
    };
    let session = usage.begin_session(&quota, USER).unwrap();
    // It counts while sessions run.
    let other = usage.begin_session(&quota, USER).unwrap();
    session.use_time(SECOND / 2).unwrap();
    other.use_time(SECOND / 4).unwrap();
    assert!(usage.begin_session(&quota, USER).is_ok());
    for session in [&session, &other] {
        let error = session.use_time(SECOND / 4).unwrap_err();
        assert!(error.contains("policy-time-per-minute"), "{error}");
    }
    let error = usage.begin_session(&quota, USER).map(drop).unwrap_err();
    assert!(error.contains("policy-time-per-minute"), "{error}");
}

#[test]
fn one_user_leaves_sessions_for_the_others_of_a_tenant() {
    for (sessions, of_a_user, expected) in [
        (20, None, 10),
        (3, None, 2),
        (1, None, 1),
        (20, Some(20), 20),
        (20, Some(3), 3),
    ] {
        let usage = Arc::new(Usage::default());
        let quota = QuotaConfig {
            sessions,
            sessions_per_user: of_a_user.and_then(NonZeroUsize::new),
            ..quota()
        };
        let held: Vec<_> = (0..sessions)
            .map_while(|_| usage.begin_session(&quota, USER).ok())
            .collect();
        assert_eq!(held.len(), expected, "{sessions} {of_a_user:?}");
        if expected < sessions {
            let error = usage.begin_session(&quota, USER).map(drop).unwrap_err();
            assert!(error.contains("quota.sessions-per-user"), "{error}");
            usage.begin_session(&quota, "another").unwrap();
        }
        drop(held);
        usage.begin_session(&quota, USER).unwrap();
    }
    // A user for each pull request leaves nothing behind.
    let usage = Arc::new(Usage::default());
    usage.begin_session(&quota(), USER).unwrap();
    assert!(usage.lock().users.is_empty());
}

#[test]
fn policies_of_a_tenant_have_so_much_memory_and_give_it_back() {
    let usage = Arc::new(Usage::default());
    let quota = QuotaConfig {
        policy_memory: Some(Size(1000)),
        ..quota()
    };
    let session = usage.begin_session(&quota, USER).unwrap();
    let other = usage.begin_session(&quota, USER).unwrap();
    session.take_memory(600).unwrap();
    let code = other.room_for_code(400).unwrap();
    for bytes in [1, u64::MAX] {
        let error = other.take_memory(bytes).unwrap_err();
        assert!(error.contains("quota.policy-memory"), "{error}");
        assert!(session.room_for_code(bytes).is_err());
    }
    drop(code);
    other.take_memory(400).unwrap();
    session.give_back_memory(600);
    session.take_memory(600).unwrap();
}

#[test]
fn policies_that_jobs_bring_have_so_much_time_to_compile() {
    let usage = Arc::new(Usage::default());
    let quota = QuotaConfig {
        compile_time_per_minute: SECOND,
        ..quota()
    };
    let session = usage.begin_session(&quota, USER).unwrap();
    session.may_compile().unwrap();
    session.compiled(SECOND / 2);
    let other = usage.begin_session(&quota, USER).unwrap();
    other.may_compile().unwrap();
    other.compiled(SECOND / 2);
    for session in [&session, &other] {
        let error = session.may_compile().unwrap_err();
        assert!(error.contains("quota.compile-time-per-minute"), "{error}");
    }
    usage.begin_session(&quota, USER).unwrap();
}

#[test]
fn a_rate_and_a_window_forget_with_time() {
    let start = Instant::now();
    let mut rate = Rate::default();
    assert!(rate.has_room(10, 1, start));
    rate.add(10);
    assert!(!rate.has_room(1, 1, start + SECOND / 2));
    // Looks that come faster than the rate runs out do not hold it up.
    let looks = (0..30).map(|tenths| rate.has_room(3, 1, start + SECOND / 10 * tenths));
    assert!(!looks.last().unwrap());
    assert!(rate.has_room(3, 1, start + SECOND * 3));
    let mut window = Window::new(SECOND * 10);
    window.add(7, start);
    assert_eq!(window.sum(start + SECOND * 4), 7);
    assert_eq!(window.sum(start + SECOND * 6), 7, "the half before");
    assert_eq!(window.sum(start + SECOND * 12), 0);
    window.add(1, start + SECOND * 13);
    assert_eq!(window.sum(start + SECOND * 40), 0);
}

#[test]
fn who_asks_more_often_than_the_tenant_may_waits_for_what_is_beyond() {
    let usage = Arc::new(Usage::default());
    let quota = QuotaConfig {
        gets_per_second: std::num::NonZeroU32::new(1),
        ..quota()
    };
    let session = usage.begin_session(&quota, USER).unwrap();
    let other = usage.begin_session(&quota, USER).unwrap();
    let at_once = (0..10).filter(|_| session.get().is_zero()).count();
    assert_eq!(at_once, 10, "ten seconds of the rate");
    assert_eq!(session.get(), SECOND);
    assert_eq!(other.get(), SECOND * 2, "of the tenant's sessions together");
    let free = Arc::new(Usage::default());
    let free = free.begin_session(&QuotaConfig::default(), USER).unwrap();
    assert!((0..100_000).all(|_| free.get().is_zero()));
}

#[test]
fn what_is_beyond_a_rate_runs_out_with_time() {
    let start = Instant::now();
    let mut rate = Rate::default();
    assert_eq!(rate.excess(5, start), Duration::ZERO);
    rate.add(60);
    assert_eq!(rate.excess(5, start), SECOND * 2);
    // Who has gone leaves no longer wait to others.
    rate.add(1_000_000);
    assert_eq!(rate.excess(5, start), SECOND * 2);
    assert_eq!(rate.excess(5, start + SECOND), SECOND);
    assert_eq!(rate.excess(5, start + SECOND * 3), Duration::ZERO);
}
