//! Sessions that share a view and are granted the same at the same moment.

use std::sync::Barrier;
use std::thread;

use super::*;

#[test]
fn a_program_stays_one_when_another_session_is_granted_it_at_the_same_moment() {
    let views = TestViews::new(ViewFiles::Copies);
    let output = views.test.put_object(&[7; 100_000]);
    for round in 0..200 {
        let view = views.view(&round.to_string());
        let paths = DiskPaths::in_view(Arc::clone(&view));
        let both = Barrier::new(2);
        thread::scope(|threads| {
            threads.spawn(|| {
                both.wait();
                views.publish(&view, &output).unwrap();
            });
            both.wait();
            let store = &views.test.store;
            let allowed = paths.make_executable(store, Location::Store, &output);
            allowed.unwrap();
        });
        assert_eq!(mode(&views.path(&view, &output)), 0o555, "round {round}");
    }
}
