//! Compressing the data of blocks.

use std::io;

use zstd::bulk::{Compressor, decompress};

use super::segment::SegmentError;

/// The fastest that is not "negative": spans repeat each other so much that higher ones gain little.
const LEVEL: i32 = 1;

/// No block's data is larger, whatever stored bytes say: a request is at most 16 MiB.
const MAX_BYTES: usize = 32 << 20;

/// Reuses its memory from block to block.
pub(super) struct Packer(Compressor<'static>);

impl Packer {
    pub(super) fn new() -> io::Result<Self> {
        Compressor::new(LEVEL).map(Self)
    }

    pub(super) fn pack(&mut self, data: &[u8]) -> io::Result<Vec<u8>> {
        self.0.compress(data)
    }
}

/// What was packed.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>, SegmentError> {
    // The frame says how large it is.
    let size = zstd::zstd_safe::get_frame_content_size(packed)
        .ok()
        .flatten();
    let size = size
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(MAX_BYTES);
    decompress(packed, size.min(MAX_BYTES)).map_err(SegmentError::Decompress)
}
