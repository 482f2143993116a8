//! Why a store cannot be used. Every one is for a person to mend.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use cachewarden_types::{Code, Problem};

use super::layout::LAYOUT_VERSION;

/// Why a store cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder cannot be made, or its version cannot be read.
    #[error("the store {folder} cannot be used")]
    Unusable {
        /// The folder, or the file in it.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others may write it.
    #[error(
        "others may write {path} (mode {mode:04o}), so the store is not used: they could insert code into your builds. If you trust what is in it: chmod -R go-w '{folder}'; to use it as it is: --allow-shared-store"
    )]
    Writable {
        /// The folder that others may write.
        path: PathBuf,
        /// The store's folder.
        folder: PathBuf,
        /// The permission bits.
        mode: u32,
    },
    /// It belongs to somebody else.
    #[error(
        "{path} belongs to user {owner}, and this is user {user}, so the store is not used: they could insert code into your builds. Name a folder of your own with --dir; to use it as it is: --allow-shared-store"
    )]
    Foreign {
        /// The folder that belongs to somebody else.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who this process is.
        user: u32,
    },
    /// It belongs to somebody else, who lets nobody in.
    #[error(
        "{folder} belongs to user {owner} and is closed to user {user}, so the store is not used. To let others read it, its owner types: chmod -R a+rX '{folder}' (in an image: once it is filled), and a store of anybody but root needs --allow-shared-store; or name a folder of your own with --dir"
    )]
    Closed {
        /// The store's folder.
        folder: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who this process is.
        user: u32,
    },
    /// A daemon uses it.
    #[error(
        "a daemon (`cachewarden serve`) uses the store {folder}, and nothing else may change it meanwhile. Use it through the daemon: GOCACHEPROG=\"cachewarden connect --socket PATH\"; name another folder with --dir; or stop the daemon"
    )]
    Owned {
        /// The store's folder.
        folder: PathBuf,
    },
    /// Another daemon uses it, which this daemon finds.
    #[error(
        "another daemon has the store {folder}: {holder}. Stop it, or name another `directory`"
    )]
    OwnedByAnother {
        /// The store's folder.
        folder: PathBuf,
        /// The other daemon's process, as far as it is known, and what to do.
        holder: String,
    },
    /// Other users can change what is at a path that a daemon gives to jobs.
    #[error(
        "other users can replace {path} or a folder on the path to it, so no views are made there: they could make jobs read their files. Each folder on the path must belong to the daemon's user or to root, and others may not write it: chmod go-w"
    )]
    Replaceable {
        /// The folder of the views.
        path: PathBuf,
    },
    /// On Windows: it is not in the profile of its user.
    #[error(
        "{folder} is not below the profile of this user (as a rule %UserProfile%), so the store is not used: who else may write there is not known, and they could insert code into your builds. Name a folder below %LocalAppData% with --dir"
    )]
    OutsideProfile {
        /// The store's folder.
        folder: PathBuf,
    },
    /// One of the folders in it is a link.
    #[error(
        "{path} is a link, so the store is not used: a trim would remove files from the folder that it points to. Make it a folder; to keep a store elsewhere, link its whole folder or name that with --dir"
    )]
    Linked {
        /// The link.
        path: PathBuf,
    },
    /// The folder holds something else.
    #[error(
        "{folder} holds other files and no store of cachewarden (there is no file VERSION in it); name an empty or a new folder with --dir"
    )]
    NotAStore {
        /// The folder.
        folder: PathBuf,
    },
    /// A newer version of this program made it, or another program did.
    #[error(
        "{file} says layout `{found}`, and this cachewarden knows layout {LAYOUT_VERSION} only; update cachewarden, or name another folder with --dir"
    )]
    OtherLayout {
        /// The file VERSION of the store.
        file: PathBuf,
        /// What it says.
        found: String,
    },
}

impl Problem for StoreError {
    fn code(&self) -> Code {
        match self {
            Self::Unusable { .. } => Code::StoreUnusable,
            Self::Writable { .. } => Code::StoreWritableByOthers,
            Self::Replaceable { .. } | Self::OutsideProfile { .. } => Code::StoreWritableByOthers,
            Self::Owned { .. } | Self::OwnedByAnother { .. } => Code::StoreOfADaemon,
            Self::Foreign { .. } => Code::StoreOfAnother,
            Self::Closed { .. } => Code::StoreClosed,
            Self::Linked { .. } => Code::StoreLinked,
            Self::NotAStore { .. } => Code::NotAStore,
            Self::OtherLayout { .. } => Code::StoreOfAnotherLayout,
        }
    }

    fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Unusable { .. } => {
                Some("name another folder with --dir, or make this one yours and writable")
            }
            // The others' texts end with it.
            _ => None,
        }
    }
}
