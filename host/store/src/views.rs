//! Views: the folders through which the jobs of a daemon read objects.
//!
//! The store's folder is the daemon's alone. A job is given paths into a view, which is a folder of
//! its tenant's, user's and scopes' own:
//!
//! ```text
//! <views>/.secret                       what names are derived from; the daemon's alone
//! <views>/<tenant>/<view>/ab/<output>   an object that was granted in this view
//! ```
//!
//! What always holds: every folder here belongs to the daemon, no other user can write or list one,
//! and a view has only objects that were granted in it. A file appears with a rename or a link, so
//! it is whole. A view is as secret as its name, and where the daemon may set the group of a
//! folder, only that group may pass. A job can see how many folders are in one that it may pass, by
//! the folder's links: so each tenant's views are in a folder of their own.
//!
//! What the views of a tenant take may be bounded ([`Views::bound`]). Beyond the bound nothing is
//! granted anew but what a session has put, and a sweep removes what was not granted for hours, the
//! oldest first.
//!
//! An object is published as a copy, or as a hard link where the operator prefers it, see
//! [`ViewFiles`]. The private folder, which objects go to when the disk is full, has views of its
//! own under the same names.

mod key;
mod place;
mod placed;
mod root;
mod sweep;
mod tenant_files;
mod view;

#[cfg(test)]
mod tests;

pub use key::ViewKey;
pub use sweep::ViewSweep;
pub use view::View;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::boot::BootId;
use super::error::StoreError;
use super::objects::Location;

use key::{Secret, TenantName, ViewName};
use root::Root;
use tenant_files::TenantFiles;

/// Views without a session that stay in memory, so that the next session of a tenant makes no
/// system call for what the last one was granted. A view that was used by a build of the standard
/// library takes some 100 KB.
const KEPT: usize = 64;

/// How an object gets into a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewFiles {
    /// As a copy, whose blocks are its own. Where the views are on the store's file system, a job
    /// can still learn from the number of a new file's inode whether the store had the bytes.
    Copies,
    /// As a hard link, which takes no space. All views then have the same inode, so a job can learn
    /// that other tenants have an object that it has, and when they read it: from the number of
    /// links, the times, `inotify` and file locks. For tenants that trust each other.
    Links,
}

/// Where views are, and where clients see them.
#[derive(Clone, Debug)]
pub struct ViewPlace {
    /// The folder, which is made where it is missing. The folder above it must exist, and jobs must
    /// be able to pass it.
    pub folder: PathBuf,
    /// The path by which clients see the folder, where it is mounted elsewhere in their containers.
    pub seen_as: Option<PathBuf>,
}

/// The views of a daemon.
#[derive(Debug)]
pub struct Views {
    roots: Arc<Roots>,
    secret: Secret,
    /// The views in memory: those with a session, and some others.
    in_memory: Mutex<HashMap<ViewName, Arc<View>>>,
    /// What each tenant's views take.
    tenants: Mutex<HashMap<TenantName, Arc<TenantFiles>>>,
}

/// The folders of the views.
#[derive(Debug)]
struct Roots {
    /// Views of the store.
    store: Root,
    /// Views of the private folder.
    private: Root,
    files: ViewFiles,
}

impl Roots {
    fn at(&self, location: Location) -> &Root {
        match location {
            // A daemon's store has no bases.
            Location::Store | Location::Base(_) => &self.store,
            Location::Private => &self.private,
        }
    }
}

impl Views {
    /// Opens the views of a store, and those of its private folder, or makes them.
    ///
    /// Names are kept when the daemon is started again. After a boot they are new, and the old
    /// views are removed by the next sweep: no job outlives a boot, and a file that was copied
    /// before a crash may not have its bytes.
    ///
    /// # Errors
    /// When a folder cannot be made or read, belongs to another user, or other users can change it
    /// or the path to it.
    pub fn open(
        store: ViewPlace,
        private: ViewPlace,
        files: ViewFiles,
    ) -> Result<Self, StoreError> {
        let roots = Roots {
            store: Root::open(store)?,
            private: Root::open(private)?,
            files,
        };
        let secret =
            Secret::of(&roots.store, BootId::current()).map_err(|source| StoreError::Unusable {
                folder: roots.store.folder().to_owned(),
                source,
            })?;
        Ok(Self {
            roots: Arc::new(roots),
            secret,
            in_memory: Mutex::default(),
            tenants: Mutex::default(),
        })
    }

    /// Makes the folder of a tenant's views, and bounds the bytes that they take: each file and
    /// each folder counts at least a block. What is there is counted.
    ///
    /// # Errors
    /// When its folder cannot be made.
    pub fn bound(&self, tenant: &str, most: Option<u64>) -> io::Result<()> {
        let name = self.secret.tenant(tenant);
        for location in [Location::Store, Location::Private] {
            self.roots.at(location).make_tenant(&name)?;
        }
        let files = self.tenant_files(&name);
        files.bound(most.unwrap_or(u64::MAX));
        if most.is_some() {
            self.count(&name);
        }
        Ok(())
    }

    fn tenant_files(&self, name: &TenantName) -> Arc<TenantFiles> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let files = tenants.entry(name.clone());
        Arc::clone(files.or_insert_with(|| Arc::new(TenantFiles::new())))
    }

    /// Counts what is there of a tenant.
    fn count(&self, name: &TenantName) {
        let files = self.tenant_files(name);
        files.begin_count();
        let of_roots = [Location::Store, Location::Private].map(|location| {
            let folder = self.roots.at(location).folder().join(name.as_str());
            tenant_files::bytes_below(&folder)
        });
        files.end_count(of_roots.iter().sum());
    }

    fn all_tenants(&self) -> Vec<(TenantName, Arc<TenantFiles>)> {
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let all = tenants.iter();
        all.map(|(name, files)| (name.clone(), Arc::clone(files)))
            .collect()
    }

    /// The view of a key. Sessions with the same key share it. Its folder is made with the first
    /// object in it.
    pub fn view(&self, key: &ViewKey) -> Arc<View> {
        let name = self.secret.name(key);
        let mut in_memory = self.in_memory();
        let view = match in_memory.get(&name) {
            Some(view) if view.exists() => Arc::clone(view),
            _ => {
                let files = self.tenant_files(name.tenant());
                let view = Arc::new(View::new(&self.roots, name.clone(), key.group(), files));
                in_memory.insert(name, Arc::clone(&view));
                view
            }
        };
        view.mark_used(SystemTime::now());
        forget_unused(&mut in_memory);
        view
    }

    fn in_memory(&self) -> MutexGuard<'_, HashMap<ViewName, Arc<View>>> {
        self.in_memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the views that were unused for longest, where more than [`KEPT`] have no session.
fn forget_unused(in_memory: &mut HashMap<ViewName, Arc<View>>) {
    let mut unused: Vec<_> = in_memory
        .iter()
        .filter(|(_, view)| Arc::strong_count(view) == 1)
        .map(|(name, view)| (view.used(), name.clone()))
        .collect();
    let surplus = unused.len().saturating_sub(KEPT);
    if surplus > 0 {
        unused.sort_unstable();
        for (_, name) in &unused[..surplus] {
            in_memory.remove(name);
        }
    }
}
