//! Looks for inputs that nobody thought of: those that are kept in `tests/corpus/`, and random
//! changes of them.
//!
//! A target is a test whose name begins with `fuzz_`, beside the code that it looks at. It says
//! what must hold for any bytes at all; that nothing panics goes without saying. Each takes a third
//! of a second, or as long as `CACHEWARDEN_FUZZ_SECONDS` says. An input that fails is kept and
//! named; once the fault is mended it belongs into the corpus.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use sha2::{Digest as _, Sha256};

/// In an ordinary run of the tests.
const ORDINARY: Duration = Duration::from_millis(300);

/// Longest input: more shows nothing new and takes longer.
const MAX_INPUT: usize = 32 * 1024;

/// Bytes that mean something to one of the formats.
const MEANINGFUL: &[u8] = b"\0\x01\x7f\x80\xff\n\r \"\\/{}[](),:=-_.!*'0123456789aZ";

/// Checks what must hold for the inputs that are kept for `target`, and for random changes of them.
pub fn fuzz(target: &str, check: impl Fn(&[u8])) {
    let corpus = corpus(target);
    assert!(!corpus.is_empty(), "tests/corpus/{target} is empty");
    for input in &corpus {
        checked(target, input, &check);
    }
    let seconds = std::env::var("CACHEWARDEN_FUZZ_SECONDS").map(|text| {
        let seconds = text.parse().expect("CACHEWARDEN_FUZZ_SECONDS is a number");
        Duration::from_secs_f64(seconds)
    });
    let mut count = corpus.len();
    arbtest(|chance| {
        let input = changed(chance, &corpus)?;
        checked(target, &input, &check);
        count += 1;
        Ok(())
    })
    .budget(seconds.unwrap_or(ORDINARY))
    .run();
    say(&format!("counted: inputs tried for {target} {count}"));
}

/// The inputs that are kept, in order.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/corpus")
        .join(target);
    let files = fs::read_dir(&folder).expect("a folder of tests/corpus/");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    files
        .iter()
        .map(|file| fs::read(file).expect("a file of the corpus"))
        .collect()
}

fn checked(target: &str, input: &[u8], check: impl Fn(&[u8])) {
    let told = ToldOnFailure { target, input };
    check(input);
    std::mem::forget(told);
}

/// An input that ends without being forgotten has failed.
struct ToldOnFailure<'input> {
    target: &'input str,
    input: &'input [u8],
}

impl Drop for ToldOnFailure<'_> {
    fn drop(&mut self) {
        let Self { target, input } = self;
        let hash: String = Sha256::digest(*input)[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let name = format!("cachewarden-{target}-{hash}");
        let file = std::env::temp_dir().join(name);
        let kept = fs::write(&file, input);
        say(&format!(
            "the input that failed: {} ({kept:?}); its place is tests/corpus/{target}/",
            file.display()
        ));
    }
}

/// An input of the corpus with some changes, or now and then bytes without meaning.
fn changed(chance: &mut Unstructured<'_>, corpus: &[Vec<u8>]) -> Result<Vec<u8>> {
    if chance.ratio(1, 32)? {
        let length = chance.int_in_range(0..=200)?;
        return Ok(chance.bytes(length.min(chance.len()))?.to_vec());
    }
    let mut input = chance.choose(corpus)?.clone();
    for _ in 0..chance.int_in_range(1..=6)? {
        let at = chance.int_in_range(0..=input.len())?;
        let end = (at + length(chance)?).min(input.len());
        match chance.int_in_range(0..=7)? {
            0 if at < input.len() => input[at] ^= 1 << chance.int_in_range(0..=7)?,
            1 if at < input.len() => input[at] = *chance.choose(MEANINGFUL)?,
            2 => input.insert(at, *chance.choose(MEANINGFUL)?),
            3 => drop(input.drain(at..end)),
            4 => {
                let copy = input[at..end].to_vec();
                let to = chance.int_in_range(0..=input.len())?;
                input.splice(to..to, copy);
            }
            5 => {
                let other = chance.choose(corpus)?;
                let from = chance.int_in_range(0..=other.len())?;
                let to = (from + length(chance)?).min(other.len());
                input.splice(at..end, other[from..to].iter().copied());
            }
            6 => input.truncate(at),
            _ => {
                let byte = *chance.choose(MEANINGFUL)?;
                input.splice(at..at, std::iter::repeat_n(byte, length(chance)?));
            }
        }
    }
    input.truncate(MAX_INPUT);
    Ok(input)
}

/// Mostly a few bytes, at times very many.
fn length(chance: &mut Unstructured<'_>) -> Result<usize> {
    let most = *chance.choose(&[1, 4, 16, 64, 256, 8192])?;
    chance.int_in_range(0..=most)
}

/// Past the test runner, which shows the output of tests that failed only.
fn say(line: &str) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}
