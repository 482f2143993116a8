//! Reads the outbox for a tier that has entries in packs.
//!
//! What always holds: a file of the outbox is done only when segments name all that it notes and is
//! still to be sent.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use cachewarden_store::{Asked, OutboxFile};

use crate::layout::Layout;
use crate::service::ServiceError;

use super::packs::Packs;
use super::{UploadError, Uploaded, Uploader, split};

impl Uploader {
    /// Sends what these files name, in packs; those of which all was sent are `done`.
    pub(super) async fn send_in_packs(
        &self,
        mut packs: Packs<'_>,
        files: Vec<(PathBuf, OutboxFile)>,
        done: &mut Vec<(PathBuf, OutboxFile)>,
        uploaded: &mut Uploaded,
        progress: &mut impl FnMut(&Uploaded),
    ) -> Result<(), UploadError> {
        let mut files = files.into_iter().peekable();
        let mut unnamed = Vec::new();
        while let Some((path, mut file)) = files.next() {
            let lost_before = packs.lost;
            let (mut scopes, mut all_asked) = (HashSet::new(), HashMap::<_, Vec<_>>::new());
            while let notes = file.read().map_err(UploadError::Outbox)?
                && !notes.is_empty()
            {
                let (batch, asked) = split(notes);
                scopes.extend(batch.iter().map(|noted| noted.scope.clone()));
                for Asked { scope, actions } in asked {
                    all_asked.entry(scope).or_default().extend(actions);
                }
                let added = packs.add(batch, &self.objects, uploaded, progress).await;
                if let Err(error) = added {
                    // What was written before counts, where the service still takes its name.
                    let _ = packs.name_rows(uploaded).await;
                    return Err(error.into());
                }
                if packs.is_segment_full() {
                    // What an upload that is cut off has to do again is bounded.
                    packs.name_rows(uploaded).await?;
                }
            }
            // A session says in several lines what it has asked for.
            for (scope, actions) in all_asked {
                packs.add_asked(Asked { scope, actions });
            }
            unnamed.push((path, file, scopes, lost_before));
            if packs.is_segment_full() || files.peek().is_none() {
                packs.name_rows(uploaded).await?;
                progress(uploaded);
                let sent = unnamed.drain(..).filter(|(_, _, scopes, lost_before)| {
                    *lost_before == packs.lost && packs.denied.is_disjoint(scopes)
                });
                done.extend(sent.map(|(path, file, ..)| (path, file)));
            }
        }
        uploaded.end_with(packs.failure)
    }

    /// How entries are sent in packs; `None` where the tier has them each by its key.
    pub(super) async fn packs(&self) -> Result<Option<Packs<'_>>, ServiceError> {
        match self.layout {
            Layout::Single => Ok(None),
            Layout::Packs => {
                let gives_up = self.gives_up();
                let (service, store, damaged) = (&self.service, &self.store, &self.damaged);
                let packs = Packs::begin(service, store, self.tier, damaged, gives_up);
                packs.await.map(Some)
            }
        }
    }
}
