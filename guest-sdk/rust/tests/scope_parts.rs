//! A label that a test makes has the scope that the host would give it. The host reads the same cases
//! (`host/types/src/label.rs`).

use cachewarden_policy::Label;
use serde_json::Value;

const CASES: &str = include_str!("../../conformance/scope-parts.json");

#[test]
fn a_labels_scope_is_what_the_host_makes_of_its_value() {
    let cases: Vec<Value> = serde_json::from_str(CASES).expect("the cases are JSON");
    assert!(cases.len() > 100, "{} cases", cases.len());
    for case in &cases {
        let value = case["value"].as_str().expect("a value");
        assert_eq!(Label::new("ref", value).scope, case["scope"], "{value:?}");
    }
}
