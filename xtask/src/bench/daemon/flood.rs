//! One session of a tenant, alone and beside another tenant whose sessions take all that they may.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::bench::bench_env::BenchEnv;
use crate::bench::report::{Section, take_turns};
use crate::bench::wire;

use super::crowd::{self, ALONE, BUSY_ROUNDS, Waits, World};
use super::running::FLOODING;
use super::session::Session;

const COLUMNS: [&str; 2] = [ALONE, "beside a flood"];

/// Bytes of each object of the flood: more than most of a build.
const OBJECT: usize = 4096;

/// Measures gets of one session, alone and beside the flood.
pub(super) fn measure(bench: &BenchEnv) -> Result<Section> {
    println!("a flood of another tenant: {BUSY_ROUNDS} rounds");
    let world = World::new(bench, true)?;
    let mut honest = [Session::ready(&world.state.socket())?];
    let socket = world.daemon.flood_socket();
    let waits = take_turns(BUSY_ROUNDS, &[false, true], |is_flooded| match is_flooded {
        false => crowd::busy(&mut honest),
        true => beside_flood(socket, || crowd::busy(&mut honest)),
    })?;
    Ok(Section {
        title: "A session of a daemon beside another tenant",
        note: "\
Gets of one session that asks `slim`, one every 5 ms: alone, and beside 20 sessions of another tenant
that put and get 4 KiB as fast as they are answered, far beyond their quota of puts. The clients of
the flood share the processors with the daemon.
",
        columns: COLUMNS.to_vec(),
        judged: &[],
        rows: crowd::rows_of_waits(&waits, &[]),
    })
}

fn beside_flood(socket: &Path, measure: impl FnOnce() -> Result<Waits>) -> Result<Waits> {
    let is_over = &AtomicBool::new(false);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..FLOODING)
            .map(|number| scope.spawn(move || flood(socket, number, is_over)))
            .collect();
        let waits = measure();
        is_over.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().expect("asking does not panic")?;
        }
        waits
    })
}

fn flood(socket: &Path, number: usize, is_over: &AtomicBool) -> Result<()> {
    let mut session = Session::ready(socket)?;
    let mut bytes = vec![0; OBJECT];
    for index in 1_usize.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        bytes[..16].copy_from_slice(&[number.to_le_bytes(), index.to_le_bytes()].concat());
        let digest = STANDARD.encode(Sha256::digest(&bytes));
        let put = wire::put(
            2 * index,
            &digest,
            &digest,
            &STANDARD.encode(&bytes),
            OBJECT,
        );
        session.ask(&put)?;
        session.ask(&wire::get(2 * index + 1, &digest))?;
    }
    session.finish()
}
