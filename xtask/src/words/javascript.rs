//! The words of the SDK: to be written with that SDK.

use super::Block;
use super::table::Words;

pub(super) fn blocks(_: &Words) -> Vec<Block> {
    Vec::new()
}
