//! The host's own rules, which no policy widens: which entries a session is never answered, and
//! which objects are never kept, because of what they can do in the job that reads them.
//! docs/threat-model.md says why, kind by kind.

use cachewarden_content::Content;

use cachewarden_store::{Entry, Right};
use cachewarden_types::{Digest, Facts, Kind, Role, Rule, reasons};

use super::Session;
use super::config::Isolation;

impl Session {
    /// Why an entry is not answered, whatever a policy says; `None` where nothing is against it.
    /// Its role is known then. `right` is what the session may do where the entry lies.
    pub(super) fn rule_against_entry(
        &mut self,
        action: &Digest,
        content: &mut Content,
        right: Right,
        is_put_here: bool,
    ) -> Option<&'static str> {
        if self.is_isolated(content.kind, right) {
            return Some(reasons::ISOLATED);
        }
        let is_allowed = match content.kind.rule() {
            Rule::OwnScope => is_put_here,
            // Whatever a grant admits: on another boot, it would count by its build ID alone.
            Rule::Admitted if content.facts.has(Facts::LINKED_HERE) => {
                is_put_here && self.is_linked_here(*content)
            }
            Rule::Admitted => self.is_admitted(*content),
            Rule::Open => true,
        };
        if !is_allowed {
            return Some(reason_of(content.kind));
        }
        // Whatever the entry says of itself: it may have been put by a session that did not name
        // the action, and an archive may name any key.
        let role = self.roles.of(action);
        if role != Role::Unknown {
            content.role = role;
        } else if content.facts.has(Facts::CLIMBS) && right == Right::Read {
            // With `-a` cmd/go asks for a list of source files without naming its action. Whoever
            // writes this scope may have put anything under such a key.
            return Some(reasons::UNSAFE_NAMES);
        }
        (!content.role.allows(content.kind)).then_some(reasons::WRONG_KIND)
    }

    /// Why an object is not kept, whatever a policy says.
    pub(super) fn rule_against_put(
        &self,
        content: Content,
        has_unsafe_names: bool,
    ) -> Option<&'static str> {
        if !content.role.allows(content.kind) {
            return Some(match content.kind {
                Kind::Other if has_unsafe_names => reasons::UNSAFE_NAMES,
                _ => reasons::WRONG_KIND,
            });
        }
        if self.isolation.own_session.contains(&content.kind) {
            return Some(reasons::ISOLATED);
        }
        match content.kind.rule() {
            Rule::Admitted if !self.is_admitted(content) => Some(reason_of(content.kind)),
            Rule::Admitted | Rule::OwnScope | Rule::Open => None,
        }
    }

    /// Whether the operator keeps a kind of objects apart, so that this session does not get it from
    /// a scope that it may use with this right.
    fn is_isolated(&self, kind: Kind, right: Right) -> bool {
        let Isolation {
            own_session,
            own_scope,
        } = &self.isolation;
        own_session.contains(&kind) || (right == Right::Read && own_scope.contains(&kind))
    }

    /// Whether an entry was put by this user, on this boot, into the scope that the session writes.
    /// `right` is what the session may do where the entry lies.
    pub(super) fn is_put_here(&self, entry: &Entry, right: Right) -> bool {
        right == Right::Write && self.store.is_put_here(entry, self.user)
    }

    /// Whether the grant names the kind, and the object's build ID the action.
    fn is_admitted(&self, content: Content) -> bool {
        self.access.admits(content.kind) && content.facts.has(Facts::BUILD_ID_MATCHES)
    }
}

fn reason_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Executable => reasons::EXECUTABLE,
        Kind::ModuleIndex => reasons::MODULE_INDEX,
        _ => reasons::UNKNOWN_KIND,
    }
}
