//! What a tenant may still do, and what it gets back.

use super::*;
use crate::config::Size;

const SECOND: Duration = Duration::from_secs(1);

fn quota() -> QuotaConfig {
    QuotaConfig::default()
}

#[test]
fn what_a_session_takes_is_given_back_when_it_ends() {
    let usage = Arc::new(Usage::default());
    let quota = QuotaConfig {
        sessions: 2,
        ..quota()
    };
    let first = usage.begin_session(&quota).unwrap();
    let _second = usage.begin_session(&quota).unwrap();
    let error = usage.begin_session(&quota).map(drop).unwrap_err();
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
    usage.begin_session(&quota).unwrap();
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
        let session = usage.begin_session(&quota).unwrap();
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
    let session = usage.begin_session(&quota).unwrap();
    let mut puts = session.kept();
    for (size, may_write) in [(900, true), (900, true), (200, false)] {
        session.receive_object();
        session.received(size);
        puts.take(size);
        assert_eq!(session.may_write(), may_write);
    }
    // For all sessions of the tenant.
    assert!(!usage.begin_session(&quota).unwrap().may_write());
}

/// Each put of a byte leaves a file of a block.
#[test]
fn objects_without_bytes_are_written_and_not_kept_too() {
    let usage = Arc::new(Usage::default());
    let quota = QuotaConfig {
        unkept_bytes: Size(10 * LEAST_BYTES),
        ..quota()
    };
    let session = usage.begin_session(&quota).unwrap();
    for _ in 0..10 {
        assert!(session.may_write());
        session.receive_object();
    }
    assert!(!session.may_write());
}

#[test]
fn policies_that_are_sent_at_once_have_so_many_bytes() {
    let usage = Arc::new(Usage::default());
    let session = usage.begin_session(&quota()).unwrap();
    let other = usage.begin_session(&quota()).unwrap();
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
    let session = usage.begin_session(&quota).unwrap();
    session.policies_used(SECOND / 2);
    assert!(usage.begin_session(&quota).is_ok());
    session.policies_used(SECOND / 2);
    let error = usage.begin_session(&quota).map(drop).unwrap_err();
    assert!(error.contains("policy-time-per-minute"), "{error}");
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
    let session = usage.begin_session(&quota).unwrap();
    let other = usage.begin_session(&quota).unwrap();
    let at_once = (0..10).filter(|_| session.get().is_zero()).count();
    assert_eq!(at_once, 10, "ten seconds of the rate");
    assert_eq!(session.get(), SECOND);
    assert_eq!(other.get(), SECOND * 2, "of the tenant's sessions together");
    let free = Arc::new(Usage::default());
    let free = free.begin_session(&QuotaConfig::default()).unwrap();
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
