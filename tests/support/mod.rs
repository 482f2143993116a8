//! What every theme needs: a world of its own for each test, a client that speaks the protocol, a
//! Go project, and eyes for the store's files. No knowledge of the program's code: only of what its
//! documents promise.

mod answer;
mod audit;
mod build_id;
pub(crate) mod counting;
mod digest;
mod files;
mod go;
mod hang;
mod heard;
mod helper;
mod page;
mod policies;
mod process;
mod programs;
mod rounds;
mod sandbox;
mod store;
mod terminal;
mod usage;
mod watch;
mod words;

pub(crate) use audit::*;
pub(crate) use build_id::*;
pub(crate) use digest::*;
pub(crate) use files::*;
pub(crate) use go::*;
pub(crate) use hang::*;
pub(crate) use helper::*;
pub(crate) use page::*;
pub(crate) use policies::*;
pub(crate) use process::*;
pub(crate) use programs::*;
pub(crate) use rounds::*;
pub(crate) use sandbox::*;
pub(crate) use store::*;
pub(crate) use terminal::*;
pub(crate) use usage::*;
pub(crate) use watch::*;
