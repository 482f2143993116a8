//! The store and its bases, as `doctor` looks at them.

use cachewarden_store::Store;
use cachewarden_types::Problem;

use crate::cli::advice::{advice, advice_on};
use crate::cli::arguments::{HelperOptions, StoreOptions};
use crate::cli::failure::Failure;

use super::Finding;

/// Whether the store can be read and written.
pub(super) fn check_store(options: &StoreOptions) -> Finding {
    let explained = |failure: Failure| {
        let code = failure.code();
        advice_on(failure, format!("cachewarden explain {code}"))
    };
    let folder = options.folder().map_err(explained)?;
    let store = Store::open(&folder, options.sharing()).map_err(|error| explained(error.into()))?;
    let remedy = "name a folder of yours with --dir, or make this one writable";
    store.try_to_write().map_err(|error| {
        advice(
            format!("{} cannot be written: {error}", folder.display()),
            remedy,
        )
    })?;
    Ok(folder.display().to_string().into())
}

/// Whether each base can be read. That it cannot be written is how it should be.
pub(super) fn check_bases(options: &HelperOptions) -> Vec<Finding> {
    let sharing = options.store.sharing();
    let own = options.store.folder().ok();
    let own = own.and_then(|folder| Store::open(&folder, sharing).ok());
    let mut store = own.unwrap_or_else(Store::without_folder);
    let all = options.base.iter().map(|folder| {
        let added = store.add_base(folder, sharing);
        added.map_err(|error| {
            let explain = format!("cachewarden explain {}", error.code());
            advice_on(error, explain)
        })?;
        Ok(format!("{} can be read, and is never written", folder.display()).into())
    });
    all.collect()
}
